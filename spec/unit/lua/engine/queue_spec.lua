local queue = require "elevenlabs.workspace.engine.queue"

describe("fifo", function()
  it("is first in, first out", function()
    local fifo = queue.new_fifo()
    fifo:push "a"
    fifo:push "b"
    fifo:drop "b" -- not at the front
    assert.are.equal("a", fifo:peek())
    fifo:drop "a"
    assert.are.equal("b", fifo:peek())
    fifo:drop "b"
    assert.is_nil(fifo:peek())
    assert.is_nil(fifo[1])
  end)
end)

describe("delay_queue", function()
  local function order(delay_queue)
    local names = {}
    while delay_queue:soonest() do
      names[#names + 1] = delay_queue:soonest().name
      delay_queue:drop_soonest()
    end
    return table.concat(names)
  end

  it("gives the soonest first, and of one time the first put", function()
    local delay_queue = queue.new_delay_queue()
    for i, due in ipairs { 3, 1, 2, 1, 3, 0 } do
      delay_queue:put({ name = ("abcdef"):sub(i, i) }, due)
    end
    assert.are.equal("fbdcae", order(delay_queue))
  end)

  it("does not hold a value of which the time could not be set for lack of memory", function()
    local delay_queue = queue.new_delay_queue()
    delay_queue:put({ name = "a" }, 1)
    local poor = setmetatable({ name = "b" }, {
      __newindex = function()
        error "not enough memory"
      end,
    })
    assert.has_error(function()
      delay_queue:put(poor, 0)
    end)
    delay_queue:put({ name = "c" }, 0)
    assert.are.equal("ca", order(delay_queue))
  end)

  it("holds a value once", function()
    local delay_queue, value = queue.new_delay_queue(), { name = "a" }
    delay_queue:put(value, 1)
    delay_queue:put({ name = "b" }, 2)
    delay_queue:put(value, 3)
    assert.are.equal("ba", order(delay_queue))
  end)
end)
