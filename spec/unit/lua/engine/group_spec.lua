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
      attempts = 0,
      retries = 0,
      stopped = false,
    }, group)
  end)

  it("counts its calls that are not done", function()
    local group = groups.new {}
    group.started, group.finished = 7, 3
    assert.are.equal(4, groups.count_open(group))
  end)
end)
