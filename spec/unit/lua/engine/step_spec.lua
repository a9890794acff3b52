local world = require("spec.support.world").new

describe("an engine, asked by a finalizer inside a step", function()
  --- Run `f` once inside the next step, as a finalizer may run at any line that needs memory.
  local function inside_next_step(core, f)
    local send = core.send
    function core.send(...)
      core.send = send
      f()
      return send(...)
    end
  end

  it("to step, does nothing and returns 0", function()
    local engine, core = world()
    local stepped
    local call = engine:start("unshare", {})
    engine:step()
    local headers = setmetatable({}, {
      __index = function()
        stepped = stepped or engine:step()
      end,
    })
    core:answer(1, { headers = headers })
    assert.are.equal(1, engine:step())
    assert.are.equal(0, stepped)
    assert.are.equal("confirmed", call:result().outcome)
    assert.are.same({ 1, 0 }, { engine.counts.confirmed, engine.slots.count })
  end)

  it("to wait, says at once that nobody can wait there", function()
    local engine, core = world {
      wait = function()
        error "it waited"
      end,
    }
    local call, receipt, err, why = engine:start("unshare", {}), nil, nil, nil
    inside_next_step(core, function()
      receipt, err = call:result()
      why = engine:wait(error)
    end)
    engine:step()
    assert.is_nil(receipt)
    assert.are.equal("unconfirmed", err.outcome)
    assert.are.equal("a function that runs inside a step cannot wait", err.message)
    assert.are.equal(err.message, why)
    assert.are.equal("in_flight", call.state)
  end)

  it("to start calls, queues them when it ends, and waits for nothing before", function()
    local engine, core = world { deadline_ms = 100 }
    local calls, states, wakes, step = {}, {}, {}, core.step
    function core:step()
      wakes[#wakes + 1] = self.wake
      return step(self)
    end
    engine:start("unshare", {})
    inside_next_step(core, function()
      for i = 1, 2 do
        calls[i] = engine:start("unshare", {})
        states[i] = calls[i].state
      end
    end)
    engine:step(60000)
    assert.are.same({ "new", "new" }, states)
    assert.are.same({ 2, 3, 3 }, { calls[1].number, calls[2].number, engine.counts.calls })
    assert.are.same({ 0 }, wakes)
    engine:step()
    assert.are.equal("in_flight", calls[1].state)
  end)

  it("to cancel, cancels when it ends", function()
    local engine, core = world { max_concurrency = 1 }
    local sent, queued = engine:start("unshare", {}), engine:start("unshare", {})
    inside_next_step(core, function()
      sent:cancel()
      queued:cancel()
      assert.are.same({ "queued", "queued" }, { sent.state, queued.state })
    end)
    assert.are.equal(2, engine:step())
    assert.are.same({ "cancelled", "cancelled", 1 },
      { sent.ending.kind, queued.ending.kind, #core.attempts })
  end)

  it("to close, closes when it ends, and ends what was started after that", function()
    local engine, core = world { max_concurrency = 1 }
    function core:close()
      self:cancel_attempt(1)
      return self:step()
    end
    local sent, queued, late = engine:start("unshare", {}), engine:start("unshare", {}), nil
    inside_next_step(core, function()
      engine:close()
      late = engine:start("unshare", {})
      late:cancel()
    end)
    assert.are.equal(3, engine:step())
    for _, call in ipairs { sent, queued, late } do
      assert.are.equal("closed", call.ending.kind)
    end
    assert.are.same({ 3, 3, 0 }, { engine.counts.calls, engine.counts.not_sent, late.attempts })
    assert.are.equal("closed", select(2, engine:start("unshare", {})).kind)
  end)

  it("does it in the next step if an error cuts the step short", function()
    local engine, core, pass = world { deadline_ms = 100 }
    local first, late = engine:start("unshare", {}), nil
    inside_next_step(core, function()
      late = engine:start("unshare", {})
      first:cancel()
      error "not enough memory"
    end)
    assert.has_error(function()
      engine:step()
    end)
    engine:set_timer("a", 5000)
    assert.are.equal(0, core.wake)
    assert.are.same({ "queued", "new" }, { first.state, late.state })
    pass(200) -- their deadlines
    assert.are.equal(2, engine:step())
    assert.are.same({ "timeout", 2, 2, 0 },
      { late.ending.kind, engine.counts.calls, engine.counts.not_sent, #core.attempts })
  end)

  it("makes a step due for it if an error cuts the step short", function()
    local engine, core = world()
    local step = core.step
    function core.step()
      core.step = step
      engine:start("unshare", {})
      error "not enough memory"
    end
    assert.has_error(function()
      engine:step()
    end)
    engine:set_timer("a", 5000)
    assert.are.equal(0, core.wake)
    engine:step()
    assert.are.equal(1, engine.counts.calls)
  end)

  it("to announce, tells who waits when it ends", function()
    local engine, core = world { wait = coroutine.yield }
    local announced, looked = false, 0
    local wait = coroutine.wrap(function()
      engine:wait(function()
        looked = looked + 1
        return announced
      end)
    end)
    wait()
    engine:start("unshare", {})
    inside_next_step(core, function()
      announced = true
      engine:announce()
      assert.are.same({ 0, 0 }, { looked, core.wake })
    end)
    engine:step()
    assert.is_true(looked > 0)
    assert.are.equal(0, core.wake)
  end)

  it("to resume a coroutine whose own step waits for a function, goes no further there", function()
    local engine, core
    engine, core = world {
      on_event = function(told)
        if told.name == "attempt" and told.call == 1 then
          coroutine.yield()
        end
      end,
    }
    local first = engine:start("unshare", {})
    local thread = coroutine.create(function()
      return engine:step()
    end)
    coroutine.resume(thread)
    if coroutine.status(thread) == "dead" then
      return -- Lua 5.1 cannot yield there
    end
    local second, was_stepping = engine:start("unshare", {}), nil
    inside_next_step(core, function()
      core:answer(1)
      assert(coroutine.resume(thread))
      was_stepping = engine.stepping
    end)
    engine:step()
    assert.are.same({ "dead", true }, { coroutine.status(thread), was_stepping })
    assert.are.same({ "done", "in_flight" }, { first.state, second.state })
    assert.are.equal(1, engine.slots.count)
  end)
end)
