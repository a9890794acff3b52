local world = require("spec.support.world").new

describe("engine", function()
  it("sends nothing before a step", function()
    local engine, core = world()
    engine:start("unshare", {})
    assert.are.equal(0, #core.attempts)
    assert.are.equal(0, core.wake) -- but asks for that step
    engine:step()
    assert.are.equal(1, #core.attempts)
  end)

  it("copies the arguments when a call starts", function()
    local engine, core = world()
    local args = { number = 1 }
    engine:start("unshare", args)
    args.number = 2
    engine:step()
    assert.are.equal(1, core.attempts[1].args.number)
  end)

  it("refuses an invalid call at once, and sends nothing", function()
    local engine, core = world()
    local call, err = engine:start("unshare", { bad = true })
    assert.is_nil(call)
    assert.are.equal("bad", err.field)
    assert.are.equal("not_sent", err.outcome)
    engine:step()
    assert.are.equal(0, #core.attempts)
  end)

  describe("leaves no call behind", function()
    it("when the core raises, and sends it in the next step", function()
      local engine, core = world()
      local send = core.send
      function core.send()
        error "not enough memory"
      end
      local call = engine:start("unshare", {})
      assert.has_error(function()
        engine:step()
      end, "not enough memory")
      assert.are.equal(0, core.wake)
      core.send = send
      engine:step()
      core:answer(1)
      engine:step()
      assert.are.same({ "confirmed", 1 }, { call:result().outcome, #core.attempts })
    end)

    it("when closing raises half-way: it can be closed again", function()
      local engine, core = world { max_concurrency = 1 }
      local flying, waiting = engine:start("unshare", {}), engine:start("unshare", {})
      engine:step()
      local close = core.close
      function core.close()
        error "not enough memory"
      end
      assert.has_error(function()
        engine:close()
      end)
      assert.are.equal("closed", select(2, engine:start("unshare", {})).kind)
      core.close = close
      core:answer(1, { curl_code = 42, status = 0 })
      engine:step()
      assert.are.same({ true, true }, { flying:done(), waiting:done() })
    end)

    it("when events of calls that end take steps", function()
      local engine, calls
      engine = world {
        max_concurrency = 0,
        deadline_ms = 100,
        on_event = function(event)
          if event.name == "done" then
            engine:step()
          end
        end,
      }
      calls = {}
      for i = 1, 5 do
        calls[i] = engine:start("unshare", {})
      end
      engine:close()
      for _, call in ipairs(calls) do
        assert.are.equal("closed", select(2, call:result()).kind)
      end
    end)

    it("when events of calls that are overdue take steps", function()
      local calls, engine = {}, nil
      local core, pass
      engine, core, pass = world {
        max_concurrency = 2,
        deadline_ms = 100,
        on_event = function(event)
          if event.name == "done" then
            engine:step()
          end
        end,
      }
      for i = 1, 5 do
        calls[i] = engine:start("unshare", {})
      end
      engine:step()
      pass(100)
      for _ = 1, 5 do
        engine:step()
      end
      for i, call in ipairs(calls) do
        assert.are.equal("timeout", select(2, call:result()).kind, i)
      end
      assert.are.equal(2, #core.attempts)

      local late = engine:start("unshare", {})
      engine:step()
      assert.are.equal(3, #core.attempts)
      pass(100)
      engine:step()
      engine:step()
      assert.are.equal("timeout", select(2, late:result()).kind)
    end)

    it("of each call in its own time", function()
      local engine, _, pass = world { deadline_ms = 100, max_concurrency = 0 }
      local calls = {}
      for i, deadline_ms in ipairs { 300, 50, 100, 50.5, 300 } do
        calls[i] = engine:start("unshare", {}, nil, { deadline_ms = deadline_ms })
      end
      calls[6] = engine:start("unshare", {}) -- the client's
      local ended = {}
      for at = 1, 300 do
        pass(1)
        engine:step()
        for i, call in ipairs(calls) do
          if call:done() and not ended[i] then
            ended[i] = at
          end
        end
      end
      assert.are.same({ 300, 50, 100, 51, 300, 100 }, ended)
      assert.matches("deadline_ms (50.5) passed", select(2, calls[4]:result()).message, 1, true)
      assert.is_false(engine.deadlines.first)
    end)

    it("which a call that is done has no more", function()
      local engine, core = world()
      engine:start("unshare", {}, nil, { deadline_ms = 100 })
      engine:start("unshare", {}, nil, { deadline_ms = 50 })
      engine:step()
      core:answer(2)
      engine:step()
      assert.are.same({ 100, false },
        { engine.deadlines.first.length_ms, engine.deadlines.first.next })
    end)
  end)

  describe("waits", function()
    it("as its driver does, which may wake the waiter", function()
      local seen = {}
      local engine, core
      engine, core = world {
        wait = function(done, waiter)
          function waiter.wake()
            seen[#seen + 1] = "woken"
          end
          seen[#seen + 1] = done()
          coroutine.yield()
          seen[#seen + 1] = done()
        end,
      }
      local call = engine:start("unshare", {})
      local job = coroutine.wrap(function()
        return call:result()
      end)
      job()
      engine:step()
      core:confirm(1)
      engine:step()
      assert.are.same({ false, "woken" }, seen)
      assert.are.equal("confirmed", job().outcome)
      assert.are.same({ false, "woken", true }, seen)
      assert.is_true(engine.waiters:is_empty())
    end)

    it("not where its driver cannot, and says why", function()
      local engine = world()
      assert.are.equal("this world cannot wait", engine:wait(error))
      assert.is_true(engine.waiters:is_empty())
    end)

    it("by the code that resumes the coroutine, if there is such", function()
      local waiters = require "elevenlabs.workspace.engine.waiters"
      local engine = world()
      local thread = coroutine.create(function()
        return engine:wait(error)
      end)
      waiters.resumed_by[thread] = {
        wait = function(with, done)
          return with == engine and done == error and "by its own code"
        end,
      }
      assert.are.equal("by its own code", select(2, coroutine.resume(thread)))
    end)

    it("again where waking raised: a step is due, and wakes", function()
      local engine, core, wakes
      engine, core, wakes = world {
        wait = function(_, waiter)
          function waiter.wake()
            wakes = wakes + 1
            if wakes == 1 then
              error("not enough memory", 0)
            end
          end
          coroutine.yield()
        end,
      }
      wakes = 0
      local call = engine:start("unshare", {})
      for _ = 1, 2 do
        coroutine.wrap(function()
          call:result()
        end)()
      end
      assert.has_error(function()
        call:cancel()
      end, "not enough memory")
      assert.are.equal(0, core.wake)
      engine:step()
      assert.are.equal(3, wakes) -- each was woken, one at the second attempt
    end)

    it("for nothing in a step once a step of a function's own satisfied it", function()
      local engine, core, timeouts = nil, nil, {}
      engine, core = world {
        max_attempts = 2,
        wait = function(done)
          repeat
            engine:step(8)
          until done()
        end,
        on_event = function(event)
          if event.name == "attempt" and event.call == 2 then
            core:answer(1, { status = 500 })
            engine:step()
            engine:step()
          end
        end,
      }
      local step = core.step
      function core:step(timeout_ms)
        timeouts[#timeouts + 1] = timeout_ms
        return step(self)
      end
      engine:start("unshare", {})
      engine:start("unshare", {})
      engine:wait(function()
        return engine.counts.retries > 0
      end)
      assert.are.same({ 0, 0, 0 }, timeouts)
    end)
  end)

  it("makes a step due where the child of a fork asks for its descriptor", function()
    local engine, core = world()
    function core.pollfd()
      return 3
    end
    local call = engine:start("unshare", {})
    core.forks, core.wake = 1, nil
    assert.are.equal(3, engine:pollfd())
    assert.are.same({ true, 0 }, { call:done(), core.wake })
    assert.are.equal(1, engine:step())
  end)

  describe("starts a call while a finalizer", function()
    --- A call in whose start, after all checks, `interfere` runs once.
    local function start(interfere)
      local engine, core = world()
      local now = engine.now
      function engine.now()
        engine.now = now
        interfere(engine)
        return now()
      end
      return engine:start("unshare", {}), engine, core
    end

    it("takes a step: another step is due", function()
      local call, engine, core = start(function(engine)
        engine.now = world().now
        engine:step()
      end)
      assert.are.same({ 0, 0 }, { core.wake, #core.attempts })
      engine:step()
      assert.are.same({ false, 1 }, { call:done(), #core.attempts })
    end)

    it("closes the client: the call ends", function()
      local call, engine = start(function(engine)
        engine:close()
      end)
      assert.is_true(call:done())
      assert.are.same({ 1, 1 }, { engine.counts.calls, engine.counts.not_sent })
    end)
  end)

  it("ends every call when it is closed", function()
    local engine, core = world { max_concurrency = 1 }
    local flying, waiting = engine:start("unshare", {}), engine:start("unshare", {})
    engine:step()
    core:answer(1, { curl_code = 42, status = 0, message = "closed" })
    engine:close()
    engine:close()
    assert.are.same(
      { "unconfirmed", "closed" },
      { select(2, flying:result()).outcome, select(2, flying:result()).kind }
    )
    assert.are.same(
      { "not_sent", "closed" },
      { select(2, waiting:result()).outcome, select(2, waiting:result()).kind }
    )
    local call, err = engine:start("unshare", {})
    assert.is_nil(call)
    assert.are.equal("closed", err.kind)
  end)
end)
