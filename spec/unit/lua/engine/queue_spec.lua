local queue = require "elevenlabs.workspace.engine.queue"

describe("fifo", function()
  it("is first in, first out", function()
    local fifo = queue.new_fifo()
    fifo:drop() -- nothing is there
    fifo:push "a"
    fifo:push "b"
    assert.are.equal("a", fifo:peek())
    fifo:drop()
    fifo:push "c"
    assert.are.same({ "b", 2 }, { fifo:peek(), fifo:count() })
    fifo:drop()
    assert.are.equal("c", fifo:peek())
    fifo:drop()
    fifo:drop()
    assert.is_nil(fifo:peek())
    assert.are.equal(0, fifo:count())
    fifo:push "d"
    assert.are.equal("d", fifo:peek())
  end)

  it("keeps nothing of what was dropped", function()
    local fifo = queue.new_fifo()
    for i = 1, 3 do
      fifo:push(i)
      fifo:drop()
    end
    assert.are.same({}, { fifo[1], fifo[2], fifo[3] })
  end)

  it("is as before if a push raises for lack of memory", function()
    local fifo = queue.new_fifo()
    fifo:push "a"
    local meta = getmetatable(fifo)
    setmetatable(fifo, {
      __index = meta,
      __newindex = function()
        error "not enough memory"
      end,
    })
    assert.has_error(function()
      fifo:push "b"
    end)
    setmetatable(fifo, meta)
    fifo:push "c"
    fifo:drop()
    assert.are.equal("c", fifo:peek())
  end)
end)
