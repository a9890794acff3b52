local cjson = require "cjson"
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
      core.send = send
      engine:step()
      core:answer(1)
      engine:step()
      assert.are.same({ "confirmed", 1 }, { call:result().outcome, #core.attempts })
    end)

    it("when its slot cannot be written down, in which case nothing is sent", function()
      local engine, core = world()
      local keep_key = engine.keep_key
      function engine.keep_key()
        error "not enough memory"
      end
      local call = engine:start("unshare", {})
      assert.has_error(function()
        engine:step()
      end)
      assert.are.equal(0, #core.attempts)
      engine.keep_key = keep_key
      engine:step()
      assert.is_false(call:done())
      core:answer(1)
      engine:step()
      assert.are.same({ "confirmed", 1 }, { call:result().outcome, #core.attempts })
    end)

    it("when the core refuses it: its slot is free again", function()
      local engine, core = world { max_concurrency = 1 }
      local send = core.send
      function core.send()
        return nil, { kind = "out_of_memory", message = "out of memory" }
      end
      local call = engine:start("unshare", {})
      engine:step()
      assert.are.equal("out_of_memory", select(2, call:result()).kind)
      core.send = send
      for id = 1, 3 do
        call = engine:start("unshare", {})
        engine:step()
        core:answer(id)
        engine:step()
        assert.are.equal("confirmed", call:result().outcome)
      end
    end)

    it("when memory runs out among plain confirmations", function()
      local engine, core = world { max_concurrency = 4 }
      local calls = {}
      for i = 1, 4 do
        calls[i] = engine:start("unshare", {})
      end
      engine:step()
      for i = 1, 3 do
        core:answer(i, { body = i == 1 and "" or i == 2 and "null" or '{"status":"ok"}' })
      end
      core:answer(4, { status = 404 })
      local mask_of, count = engine.mask_of, 0
      function engine.mask_of(...)
        count = count + 1
        if count == 2 then
          error("not enough memory", 0)
        end
        return mask_of(...)
      end
      assert.has_error(function()
        engine:step()
      end, "not enough memory")
      assert.are.equal(0, engine.finished)
      assert.are.equal(4, engine:step())
      local bodies = {}
      for i = 1, 3 do
        assert.are.equal("confirmed", calls[i]:result().outcome)
        bodies[i] = calls[i]:result().body
      end
      assert.are.same({ nil, cjson.null, { status = "ok" } }, bodies)
      assert.are.equal("not_found", select(2, calls[4]:result()).kind)
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

    it("when its key function yields and nobody comes back", function()
      local engine, core = world {
        api_key = function()
          coroutine.yield()
          return "key"
        end,
      }
      local call = engine:start("unshare", {})
      local dropped = coroutine.create(function()
        engine:step()
      end)
      coroutine.resume(dropped)
      if not call:done() then -- Lua 5.1 cannot yield there, and says so at once
        assert.are.equal("suspended", coroutine.status(dropped))
        engine:close()
        assert.are.equal("closed", select(2, call:result()).kind)
        assert.is_true(coroutine.resume(dropped))
      end
      assert.are.equal("not_sent", select(2, call:result()).outcome)
      assert.are.equal(0, #core.attempts)
    end)

    it("when its key function steps, which sends the others and not itself again", function()
      local engine, core
      local nested = false
      engine, core = world {
        api_key = function()
          if not nested then
            nested = true
            engine:step()
          end
          return "key"
        end,
      }
      engine:start("unshare", { number = 1 })
      engine:start("unshare", { number = 2 })
      engine:step()
      assert.are.same(
        { 2, 1, nil },
        { core.attempts[1].args.number, core.attempts[2].args.number, core.attempts[3] }
      )
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

    it("when a function of the host's yields in an event and nobody comes back", function()
      local engine, core = world {
        on_event = function(event)
          if event.name == "response" and event.call == 1 then
            coroutine.yield()
          end
        end,
      }
      engine:start("unshare", {})
      local second = engine:start("unshare", {})
      engine:step()
      core:answer(1)
      core:answer(2)
      local dropped = coroutine.create(function()
        engine:step()
      end)
      coroutine.resume(dropped)
      if coroutine.status(dropped) == "suspended" then -- not so in Lua 5.1
        assert.are.equal(1100, core.wake) -- the host is woken for the rest
        engine:step()
      end
      assert.is_true(second:done())
    end)

    it("twice where a finalizer steps in the middle of a step", function()
      local engine, core = world()
      local stepped = 0
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1)
      local usual = getmetatable(core.due[1]).__index
      setmetatable(core.due[1], {
        __index = function(_, name) -- as a finalizer may run at any line that needs memory
          if name == "receipt" and stepped == 0 then
            stepped = 1
            stepped = stepped + engine:step()
          end
          return usual[name]
        end,
      })
      engine:step()
      assert.are.equal(2, stepped)
      assert.are.equal("confirmed", call:result().outcome)
      assert.are.same({ 1, 0 }, { engine.counts.confirmed, engine.in_flight_count })
    end)

    it("twice where a finalizer steps among plain confirmations", function()
      local engine, core = world()
      local calls = { engine:start("unshare", {}), engine:start("unshare", {}) }
      engine:step()
      for i = 1, 2 do
        core:answer(i, { body = "null" })
      end
      local mask_of, ended = engine.mask_of, 0
      function engine.mask_of(...)
        engine.mask_of = mask_of -- as a finalizer may run at any line that needs memory
        for i = 3, 4 do
          calls[i] = engine:start("unshare", {})
        end
        ended = engine:step()
        return mask_of(...)
      end
      engine:step()
      assert.are.same({ 2, 2, 2, 4 },
        { ended, engine.counts.confirmed, engine.in_flight_count, #core.attempts })
      for i, call in ipairs(calls) do
        assert.are.equal(i <= 2, call:done())
      end
    end)

    it("when starting one raises, which then is none", function()
      local engine, core, pass = world { deadline_ms = 100 }
      local fifo = getmetatable(engine.queued)
      setmetatable(engine.queued, {
        __index = fifo,
        __newindex = function()
          error "not enough memory"
        end,
      })
      assert.has_error(function()
        engine:start("unshare", {})
      end)
      setmetatable(engine.queued, fifo)
      pass(200)
      assert.are.equal(0, engine:step())
      assert.are.same({ 0, 0, 0 }, { engine.counts.calls, engine.counts.not_sent, #core.attempts })
    end)

    it("of a key function that yields: its place is taken, and given back", function()
      local engine, core
      local yields = true
      engine, core = world {
        max_concurrency = 1,
        api_key = function()
          if yields then
            coroutine.yield()
          end
          return "key"
        end,
      }
      local first = engine:start("unshare", {})
      local second = engine:start("unshare", {})
      coroutine.resume(coroutine.create(function()
        engine:step()
      end))
      yields = false
      if first:done() then -- Lua 5.1 cannot yield there, and says so at once
        assert.are.equal("not_sent", select(2, second:result()).outcome)
        return
      end
      engine:step()
      assert.are.equal(0, #core.attempts)
      first:cancel()
      engine:step()
      assert.are.equal(1, #core.attempts)
      core:answer(1)
      engine:step()
      assert.are.equal("confirmed", second:result().outcome)
    end)
  end)

  it("remembers no more of the past for a call that rests for long", function()
    local engine, core, pass = world { max_attempts = 4 }
    engine:start("unshare", {})
    engine:step()
    core:answer(1, { status = 500 })
    engine:step()
    for id = 2, 20 do
      engine:start("unshare", {})
      engine:step()
      core:answer(id)
      engine:step()
      pass(1)
    end
    assert.is_true(engine.queued.last - engine.queued.first < 3)
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
