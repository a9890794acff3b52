local worlds = require "spec.support.world"

local patient, world = worlds.patient, worlds.new

describe("stopping calls", function()
  describe("cancels", function()
    it("a waiting call, which is then not sent", function()
      local engine, core = world()
      local call = engine:start("unshare", {})
      call:cancel()
      assert.is_true(call:done())
      assert.are.equal(1, engine:step())
      assert.are.equal(0, #core.attempts)
      local _, err = call:result()
      assert.are.same({ "not_sent", "cancelled", 0 }, { err.outcome, err.kind, err.attempts })
    end)

    it("a call in flight, which is unconfirmed once it was sent", function()
      local engine, core = world()
      local call = engine:start("unshare", {})
      engine:step()
      core.attempts[1].left = true
      call:cancel()
      engine:step()
      local _, err = call:result()
      assert.are.same({ "unconfirmed", "cancelled", 1 }, { err.outcome, err.kind, err.attempts })
    end)

    it("without denying an answer that came first", function()
      local engine, core = world()
      local call = engine:start("unshare", {})
      engine:step()
      core.cancel = function() end -- too late: the answer is on its way up
      core:answer(1)
      call:cancel()
      engine:step()
      assert.are.equal("confirmed", call:result().outcome)
    end)

    it("the calls of a group, or those alone that are not in flight", function()
      for _, only_unsent in ipairs { true, false } do
        local engine, core = world()
        local group, states = patient(), {}
        local calls = { engine:start("unshare", {}) }
        for i = 2, 4 do
          calls[i] = engine:start("unshare", {}, group)
        end
        engine:step()
        engine:cancel_group(group, only_unsent)
        for i, call in ipairs(calls) do
          states[i] = call.state
        end
        assert.are.same({ "in_flight", "in_flight", "done", "done" }, states)
        engine:step()
        assert.are.same({ false, not only_unsent }, { calls[1]:done(), calls[2]:done() })
        assert.are.equal(only_unsent and 2 or 1, engine.slots.count)
        assert.are.equal(2, #core.attempts)
      end
    end)

    it("twice, or a call that is done, without effect", function()
      local engine, core = world()
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1)
      engine:step()
      call:cancel()
      call:cancel()
      assert.are.equal("confirmed", call:result().outcome)
      assert.are.equal(0, engine:step())
    end)
  end)

  describe("keeps the deadline", function()
    it("of a waiting call", function()
      local engine, _, pass = world { deadline_ms = 100, max_concurrency = 0 }
      local call = engine:start("unshare", {})
      pass(99)
      engine:step()
      assert.is_false(call:done())
      pass(1)
      assert.are.equal(1, engine:step())
      local _, err = call:result()
      assert.are.same({ "not_sent", "timeout" }, { err.outcome, err.kind })
      assert.are.equal("deadline_ms (100) passed before it was sent", err.message) -- case 37
    end)

    it("of a call in flight", function()
      local engine, core, pass = world { deadline_ms = 100 }
      local call = engine:start("unshare", {})
      engine:step()
      core.attempts[1].left = true
      assert.are.equal(1100, core.wake)
      pass(100)
      engine:step()
      local _, err = call:result()
      assert.are.same({ "unconfirmed", "timeout" }, { err.outcome, err.kind })
      assert.are.equal("deadline_ms (100) passed", err.message) -- case 37
    end)

    it("of a call that rests: case 37", function()
      local engine, core, pass = world { deadline_ms = 2000.5, max_attempts = 4 }
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 500 })
      engine:step()
      pass(2001)
      engine:step()
      local message = "deadline_ms (2000.5) passed before it was sent again; the last answer: "
        .. "the server answered 500"
      assert.are.equal(message, select(2, call:result()).message)
    end)

    it("of the oldest unfinished call, not of one that is done", function()
      local engine, core, pass = world { deadline_ms = 100 }
      engine:start("unshare", {})
      pass(10)
      engine:start("unshare", {})
      engine:step()
      core:answer(1)
      engine:step()
      assert.are.equal(1110, core.wake)
    end)

    it("of the next call, also where the time of one that is done has just passed", function()
      local engine, core, pass = world { deadline_ms = 100 }
      engine:start("unshare", {})
      pass(50)
      engine:start("unshare", {})
      engine:step()
      core:answer(1)
      engine:step()
      local step = core.step
      core.step = function(self)
        pass(60) -- the first call's deadline passes inside the core
        self.wake = nil -- which has woken for it, and is armed no more
        return step(self)
      end
      engine:step()
      assert.are.equal(1150, core.wake)
    end)
  end)

  describe("waits out an outage, for calls whose owner wants that:", function()
    local UNREACHED = { sent = false, status = 0, curl_code = 7 }

    --- Fail whatever is in flight until nothing is sent for as long as `ms`.
    local function down(engine, core, pass, ms, how)
      local from, answered = engine.now(), 0
      while engine.now() - from < ms do
        for id = answered + 1, #core.attempts do
          core:answer(id, how)
        end
        answered = #core.attempts
        engine:step()
        if #core.attempts == answered then
          pass(math.max(1, core.wake - engine.now()))
          engine:step()
        end
      end
      return answered
    end

    it("after a minute nothing has failed, and little was tried", function()
      local engine, core, pass = world { max_concurrency = 4 }
      for _ = 1, 20 do
        engine:start("unshare", {}, patient())
      end
      engine:step()
      local answered = down(engine, core, pass, 60000, UNREACHED)
      assert.is_true(answered < 30, answered)
      while engine.counts.confirmed < 20 do
        for id = answered + 1, #core.attempts do
          core:answer(id)
        end
        answered = #core.attempts
        engine:step()
        if #core.attempts == answered and engine.counts.confirmed < 20 then
          pass(core.wake - engine.now())
        end
        engine:step()
      end
      assert.are.equal(20, engine.counts.calls)
    end)

    it("one probe at a time, 1 to 30 s apart", function()
      local engine, core, pass = world { max_concurrency = 32 }
      for _ = 1, 40 do
        engine:start("unshare", {}, patient())
      end
      engine:step()
      local times = {}
      local answered = 0
      while engine.now() < 100000 do
        if #core.attempts > answered then
          if #core.attempts - answered == 1 then
            times[#times + 1] = engine.now()
          end
          for id = answered + 1, #core.attempts do
            core:answer(id, UNREACHED)
          end
          answered = #core.attempts
        else
          pass(core.wake - engine.now())
        end
        engine:step()
      end
      local gaps = {}
      for i = #times - 5, #times - 1 do
        gaps[#gaps + 1] = times[i] - times[i - 1]
      end
      assert.are.same({ 2000, 4000, 8000, 16000, 30000 }, gaps)
    end)

    it("a probe that nobody answered fails no call", function()
      local engine, core, pass = world()
      local group = patient { max_attempts = 1 }
      engine.throttle.budget.tokens = 1
      local first = engine:start("unshare", {}, group)
      local second = engine:start("unshare", {}, group)
      engine:step()
      core:answer(1, { status = 500 })
      core:answer(2, { status = 500 })
      engine:step() -- both had their one attempt; this empties the budget
      assert.are.same({ true, true }, { first:done(), second:done() })
      local third = engine:start("unshare", {}, group)
      engine:step()
      for id = 3, 5 do
        pass(core.wake - engine.now())
        engine:step()
        core:answer(id, { status = 0, curl_code = 56 })
        engine:step()
        assert.is_false(third:done())
      end
    end)

    it("without a success for 120 s it gives up, and says so", function()
      local engine, core, pass = world()
      local group, calls, answered = patient(), {}, 0
      engine.throttle.budget.tokens = 1
      for i = 1, 20 do
        calls[i] = engine:start("unshare", {}, group)
      end
      while engine.now() < 121000 do
        engine:step()
        for id = answered + 1, #core.attempts do
          core:answer(id, { status = 500 })
        end
        if answered == #core.attempts then
          pass(core.wake - engine.now())
        end
        answered = #core.attempts
      end
      engine:step()
      assert.are.equal(121000, engine.now())
      assert.are.same({ "unconfirmed", "server" },
        { select(2, calls[1]:result()).outcome, select(2, calls[1]:result()).kind })
      assert.are.same({ "not_sent", "network" },
        { select(2, calls[20]:result()).outcome, select(2, calls[20]:result()).kind })
      assert.are.equal("outage", group.stopped.reason)
    end)

    it("a pause that the server asked for is no outage", function()
      local engine, core, pass = world()
      local call = engine:start("unshare", {}, patient())
      engine:step()
      core:answer(1, { status = 503, headers = { ["retry-after"] = "200" } })
      engine:step()
      pass(220001)
      engine:step()
      assert.are.same({ false, 2 }, { call:done(), #core.attempts })
    end)

    it("others fail at once while the budget is empty", function()
      local engine, core = world { max_attempts = 4 }
      engine.throttle.budget.tokens = 1
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 500 })
      engine:step()
      assert.is_true(call:done())
      local second = engine:start("unshare", {})
      engine:step()
      core:answer(2)
      engine:step()
      assert.are.equal("confirmed", second:result().outcome)
    end)
  end)

  it("sends nothing again that was cancelled: unconfirmed if it may be applied", function()
    for _, row in ipairs { { 500, "unconfirmed" }, { 429, "not_sent" } } do
      local engine, core, pass = world { max_attempts = 4 }
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = row[1] })
      engine:step()
      call:cancel()
      pass(1000)
      engine:step()
      local _, err = call:result()
      assert.are.same({ row[2], "cancelled", 1, 1 },
        { err.outcome, err.kind, err.attempts, #core.attempts })
      assert.matches("the last answer: the server answered " .. row[1], err.message)
    end
  end)

  it("ends what backs off when the client is closed", function()
    local engine, core = world { max_attempts = 4 }
    local call = engine:start("unshare", {})
    engine:step()
    core:answer(1, { status = 500 })
    engine:step()
    engine:close()
    local _, err = call:result()
    assert.are.same({ "unconfirmed", "closed" }, { err.outcome, err.kind })
  end)

  it("sends nothing again in the child of a fork that was in flight", function()
    local engine, core = world { max_attempts = 4 }
    local call = engine:start("unshare", {})
    engine:step()
    core.forks = 1
    core:answer(1, { status = 0, curl_code = 42 }) -- as the core ends it there
    engine:step()
    assert.are.same({ "unconfirmed", 1 }, { call.ending.outcome, #core.attempts })
  end)

  it("ends what is queued in the child of a fork: the parent will send it", function()
    local engine, core = world { max_concurrency = 1 }
    engine:start("unshare", {})
    local waiting = engine:start("unshare", {})
    engine:step()
    core.forks = 1
    engine:step()
    assert.are.same(
      { "not_sent", "cancelled" },
      { select(2, waiting:result()).outcome, select(2, waiting:result()).kind }
    )
    engine:start("unshare", {})
    core:answer(1)
    engine:step()
    assert.are.equal(2, #core.attempts) -- the child's own
  end)
end)
