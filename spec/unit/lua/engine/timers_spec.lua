local worlds = require "spec.support.world"

local patient, world = worlds.patient, worlds.new

describe("timers", function()
  describe("ends a step early", function()
    --- An engine whose core tells when a step under way would end by itself.
    local function watched(options)
      local engine, core, pass = world(options)
      local seen = {}
      local step = core.step
      function core:step()
        seen[#seen + 1] = self.wake or "never"
        return step(self)
      end
      return engine, core, pass, seen
    end

    it("by a timer, one for each owner, until a step saw it pass", function()
      local engine, core, pass, seen = watched()
      engine:set_timer("a", 1050)
      engine:set_timer("b", 1040)
      assert.are.equal(1040, core.wake)
      engine:set_timer("b", nil)
      assert.are.equal(1050, core.wake)
      pass(50)
      engine:step()
      engine:step()
      assert.are.same({ 1050, "never" }, seen)
      assert.is_nil(core.wake)
    end)

    it("by a timer that passes as the step begins", function()
      local engine, pass, seen, _
      engine, _, pass, seen = watched {
        api_key = function()
          pass(100)
          return "key"
        end,
      }
      engine:set_timer("a", 1050)
      engine:start("unshare", {})
      engine:step()
      assert.are.same({ 1050 }, seen)
    end)

    it("where an error kept the one before from a completion", function()
      local engine, core = world()
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 500 })
      local evidence, is_poor = core.due[1], true
      evidence.headers = setmetatable({}, {
        __index = function(_, name) -- what a lack of memory would do, anywhere
          assert(name ~= "retry-after" or not is_poor, "not enough memory")
        end,
      })
      assert.has_error(function()
        engine:step()
      end)
      assert.are.equal(0, core.wake)
      engine:set_timer("a", 2000)
      assert.are.equal(0, core.wake) -- still
      is_poor = false
      local longest
      local step = core.step
      function core:step(timeout_ms)
        longest = timeout_ms
        return step(self)
      end
      assert.are.equal(1, engine:step(60000))
      assert.is_true(call:done())
      assert.are.equal(0, longest)
    end)

    it("where somebody may have got what it waits for", function()
      local engine, _, _, seen = watched()
      engine:announce()
      engine:step()
      engine.has_news = true -- as a change inside a step sets it
      engine:step()
      assert.are.same({ "never", 0 }, seen)
    end)

    it("where such a function's own step ended a call", function()
      local engine, core, timeouts = nil, nil, {}
      engine, core = world {
        on_event = function(event)
          if event.name == "attempt" and event.call == 2 then
            core:answer(1)
            assert.are.equal(1, engine:step())
          end
        end,
      }
      local step = core.step
      function core:step(timeout_ms)
        timeouts[#timeouts + 1] = timeout_ms
        return step(self)
      end
      engine:start("unshare", {})
      engine:step(7)
      engine:start("unshare", {})
      assert.are.equal(1, engine:step(8))
      assert.are.equal(0, engine:step(9))
      assert.are.same({ 7, 0, 0, 9 }, timeouts)
    end)

  end)

  describe("wakes the host", function()
    local manual = require "elevenlabs.workspace.driver.manual"

    --- Coroutines that wait for a call each, by the manual driver.
    ---@param condition nil|fun(engine): boolean one more coroutine waits for this
    local function waiting(count, condition)
      local engine, core, client, pass
      engine, core, pass = world {
        max_attempts = 4,
        max_concurrency = count,
        wait = function(done)
          return manual.wait(client, done)
        end,
      }
      client = {
        engine = engine,
        step = function(_, timeout_ms)
          return engine:step(timeout_ms)
        end,
      }
      local jobs, told = {}, {}
      for i = 1, count do
        jobs[i] = coroutine.wrap(function()
          engine:start("unshare", {}):result()
          told[i] = true
          coroutine.yield()
        end)
        jobs[i]()
      end
      local other = condition and coroutine.create(function()
        engine:wait(function()
          return condition(engine)
        end)
      end)
      if other then
        assert(coroutine.resume(other))
      end
      return engine, core, jobs, told, other, pass
    end

    it("until all who wait have looked again, whoever steps before that", function()
      local _, core, jobs, told = waiting(4)
      jobs[1]()
      core:answer(1)
      core:answer(2)
      for i = 2, 4 do
        jobs[i]()
        assert.are.equal(0, core.wake)
      end
      jobs[1]()
      assert.are.same({ true, true }, told)
      for _ = 1, 2 do
        jobs[3]()
        jobs[4]()
      end
      assert.is_nil(core.wake)
    end)

    it("also where a function of the user's took the step", function()
      local engine, core, jobs, told = waiting(3)
      core:answer(1)
      assert.are.equal(1, engine:step())
      assert.are.equal(0, engine:step())
      jobs[2]()
      jobs[3]()
      assert.are.equal(0, core.wake)
      jobs[1]()
      assert.are.same({ true }, told)
    end)

    it("where a call backs off, which makes room for another item of a run", function()
      local engine, core, _, _, run = waiting(2, function(engine)
        return engine.counts.retries > 0
      end)
      core:answer(1, { status = 500 })
      engine:step()
      assert.are.equal(0, core.wake)
      assert(coroutine.resume(run))
      assert.are.equal("dead", coroutine.status(run))
      engine:step()
      assert.are.equal(1125, core.wake)
    end)

    it("where a timer passed, also if its owner sets another meanwhile", function()
      local engine, core, _, _, _, pass = waiting(2, function(engine)
        return engine.now() >= 1050
      end)
      engine:set_timer("run", 1050)
      pass(50)
      engine:step()
      engine:set_timer("another", 2000)
      assert.are.equal(0, core.wake)
    end)

    it("not for ever where they were forgotten", function()
      local engine, core = waiting(2)
      core:answer(1)
      engine:step()
      for _ = 1, 2 * 64 do
        engine:step()
        assert.are.equal(0, core.wake)
      end
      engine:step()
      assert.is_nil(core.wake)
    end)
  end)

  it("does not miss a timer that comes between its owner's look and the step's", function()
    local engine, core, pass = world()
    local wakes, step = {}, core.step
    function core:step()
      wakes[#wakes + 1] = self.wake or "never"
      return step(self)
    end
    engine:set_timer("a", 1050)
    pass(51)
    engine:step(60000)
    engine:step(60000)
    assert.are.same({ 1050, "never" }, wakes)
  end)

  it("keeps no host busy for a call that rests behind one that is stopped", function()
    local engine, core = world { max_concurrency = 4, max_attempts = 4 }
    local groups = require "elevenlabs.workspace.engine.group"
    local group = groups.new { max_attempts = 1, waits_out_outages = true, probes_key = false }
    engine:start("unshare", {}, group)
    group.stopped = { reason = "cancelled", message = "" }
    engine:start("unshare", {})
    engine:step()
    core:answer(1, { status = 500 })
    engine:step()
    engine:step()
    assert.are.equal(1125, core.wake)
  end)

  it("does not keep the host busy for what a stopped run has left to send", function()
    local engine, core, pass = world { max_concurrency = 2 }
    local group = patient()
    group.rules = {
      see = function()
        return { reason = "payment_required", message = "" }
      end,
    }
    for _ = 1, 5 do
      engine:start("unshare", {}, group)
    end
    engine:step()
    core:answer(1, { status = 503 })
    core:answer(2, { status = 402 })
    engine:step()
    pass(1000)
    engine:step()
    assert.are.equal(2, #core.attempts)
    assert.is_true(core.wake == nil or core.wake > engine.now(), core.wake)
  end)
end)
