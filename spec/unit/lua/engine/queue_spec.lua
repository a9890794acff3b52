local queue = require "elevenlabs.workspace.engine.queue"

describe("row", function()
  it("is first in, first out", function()
    local row = queue.new_row()
    row:push "a"
    row:push "b"
    row:drop "b" -- not at the front
    assert.are.equal("a", row:peek())
    row:drop "a"
    assert.are.equal("b", row:peek())
    row:drop "b"
    assert.is_nil(row:peek())
    assert.is_nil(row[1])
  end)
end)

describe("agenda", function()
  local function order(agenda)
    local names = {}
    while agenda:soonest() do
      names[#names + 1] = agenda:soonest().name
      agenda:drop_soonest()
    end
    return table.concat(names)
  end

  it("gives the soonest first, and of one time the first put", function()
    local agenda = queue.new_agenda()
    for i, due in ipairs { 3, 1, 2, 1, 3, 0 } do
      agenda:put({ name = ("abcdef"):sub(i, i) }, due)
    end
    assert.are.equal("fbdcae", order(agenda))
  end)

  it("holds a value once", function()
    local agenda, value = queue.new_agenda(), { name = "a" }
    agenda:put(value, 1)
    agenda:put({ name = "b" }, 2)
    agenda:put(value, 3)
    assert.are.equal("ba", order(agenda))
  end)
end)
