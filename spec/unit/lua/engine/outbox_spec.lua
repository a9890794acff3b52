local outboxes = require "elevenlabs.workspace.engine.outbox"

describe("outbox", function()
  local told, outbox

  before_each(function()
    told = {}
    outbox = outboxes.new(function(event)
      told[#told + 1] = event
    end)
  end)

  local function change(...)
    outbox:put(...)
    outbox:commit()
  end

  it("tells in order, and each event once", function()
    change("a", nil, "b")
    change "c"
    assert.is_false(outbox:is_empty())
    assert.are.same({}, told)
    outbox:deliver()
    outbox:deliver()
    assert.are.same({ "a", "b", "c" }, told)
    assert.is_true(outbox:is_empty())
  end)

  it("tells nothing of a change that was not made", function()
    outbox:put("a", "b", "c")
    outbox:deliver()
    change "d"
    outbox:put "e"
    outbox:deliver()
    assert.are.same({ "d" }, told)
    change()
    assert.is_true(outbox:is_empty())
  end)

  it("has taken an event out before its function is called", function()
    function outbox.on_event(event)
      told[#told + 1] = event
      outbox:deliver() -- as a step of the function's own
      if event == "a" then
        change "d"
      end
    end
    change("a", "b", "c")
    outbox:deliver()
    assert.are.same({ "a", "b", "c", "d" }, told)
    assert.are.same({}, { outbox[1], outbox[2], outbox[3], outbox[4] })
  end)

  it("counts a function that raises, and goes on", function()
    function outbox.on_event(event)
      told[#told + 1] = event
      error(event)
    end
    change("a", "b")
    outbox:deliver()
    assert.are.same({ "a", "b" }, told)
    assert.are.equal(2, outbox.errors)
  end)

  it("leaves the rest to the next if a function never returns", function()
    function outbox.on_event(event)
      told[#told + 1] = event
      if event == "a" then
        coroutine.yield()
      end
    end
    change("a", "b")
    coroutine.resume(coroutine.create(function()
      outbox:deliver()
    end))
    outbox:deliver()
    assert.are.same({ "a", "b" }, told)
  end)
end)
