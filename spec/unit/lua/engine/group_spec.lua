local groups = require "elevenlabs.workspace.engine.group"

describe("call group", function()
  it("begins without calls, and is not stopped", function()
    local fields = { max_attempts = 4 }
    local group = groups.new(fields)
    assert.are.equal(fields, group)
    assert.are.same({
      max_attempts = 4,
      started = 0,
      finished = 0,
      backing_off = 0,
      retries = 0,
      stopped = false,
    }, group)
  end)

  it("counts its calls that back off", function()
    local group = groups.new {}
    local first, second = { group = group }, { group = group }
    groups.start_backoff(first)
    groups.start_backoff(second)
    assert.are.same({ "backing_off", 2 }, { first.state, group.backing_off })
    groups.end_backoff(first)
    assert.are.equal(1, group.backing_off)
  end)

  it("links its calls that are done, in order", function()
    local ended, a, b, c = { first = false, last = false }, {}, {}, {}
    for _, call in ipairs { a, b, c } do
      groups.put_ended(ended, call)
    end
    assert.are.same({ true, true, true, true },
      { ended.first == a, a.next_ended == b, b.next_ended == c, ended.last == c })
    assert.is_nil(c.next_ended)
  end)
end)
