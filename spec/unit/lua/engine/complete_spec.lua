local cjson = require "elevenlabs.workspace.cjson"
local groups = require "elevenlabs.workspace.engine.group"
local lists = require "elevenlabs.workspace.engine.list"
local worlds = require "spec.support.world"

local patient, world = worlds.patient, worlds.new

local UNREACHED = { sent = false, status = 0, curl_code = 7 }

describe("the end of an attempt", function()
  it("loses no call to an error in the middle of a step", function()
    local engine, core = world()
    local first, second = engine:start("unshare", {}), engine:start("unshare", {})
    engine:step()
    local memory_ends = true -- as it may anywhere
    local headers = setmetatable({}, {
      __index = function(_, name)
        assert(name ~= "retry-after" or not memory_ends, "not enough memory")
      end,
    })
    core:answer(1, { status = 500, headers = headers })
    core:answer(2)
    assert.has_error(function()
      engine:step()
    end)
    assert.is_false(first:done() or second:done())
    memory_ends = false
    assert.are.equal(2, engine:step())
    assert.are.equal("unconfirmed", select(2, first:result()).outcome)
    assert.are.equal("confirmed", second:result().outcome)
  end)

  describe("that is a plain confirmation", function()
    it("gives a receipt of what the core named by number", function()
      local engine, core = world { max_concurrency = 3 }
      local calls = {}
      for i = 1, 3 do
        calls[i] = engine:start("unshare", {})
      end
      engine:step()
      core:confirm(2, "r2", "")
      core:confirm(3, "r3", "null")
      core:confirm(1)
      assert.are.equal(3, engine:step())
      local receipts = {}
      for i, call in ipairs(calls) do
        receipts[i] = call:result()
      end
      assert.are.same({ { status = "ok" }, nil, cjson.null },
        { receipts[1].body, receipts[2].body, receipts[3].body })
      assert.are.same({ nil, "r2", "r3" },
        { receipts[1].request_id, receipts[2].request_id, receipts[3].request_id })
      assert.are.same({ "confirmed", 200, 1 },
        { receipts[1].outcome, receipts[1].status, receipts[1].attempts })
    end)

    --- Rules that count confirmations.
    local function counting()
      local rules = { confirmed = 0 }
      function rules:confirm()
        self.confirmed = self.confirmed + 1
      end
      return rules
    end

    it("is told to the throttle, to the rules of its run and to on_event", function()
      local told, rules = {}, counting()
      local engine, core = world {
        on_event = function(event)
          told[#told + 1] = tostring(event)
        end,
      }
      engine.throttle.budget.tokens = 7
      engine:start("unshare", {}, patient { rules = rules })
      engine:step()
      core:confirm(1)
      engine:step()
      assert.are.equal(1, rules.confirmed)
      assert.are.equal(8, engine.throttle.budget.tokens)
      assert.matches("response after 5 ms: confirmed %(HTTP 200%)", told[2])
    end)

    --- A call of a group whose owner looks at no receipt, after its confirmation.
    local function only_counted(options, keeps)
      local engine, core = world(options)
      local group = patient {
        keeps = keeps or "counts",
        ended = lists.new(),
        rules = counting(),
      }
      engine.throttle.budget.tokens = 7
      local call = engine:start("unshare", {}, group)
      engine:step()
      core:confirm(1, "r1")
      assert.are.equal(1, engine:step())
      assert.are.same({ 1, 1, 1, 8 }, { group.finished, engine.counts.confirmed,
        group.rules.confirmed, engine.throttle.budget.tokens })
      return call, group
    end

    it("is only counted if nobody looks at its receipt", function()
      local call, group = only_counted()
      assert.are.same({ groups.CONFIRMED, 1, false }, { call.ending, group.unlisted,
        group.ended.first })
    end)

    it("is listed with its request id if its owner wants no more", function()
      local call, group = only_counted({
        mask = function(value)
          return (value:gsub("r", "[secret]"))
        end,
      }, "calls")
      assert.are.same({ groups.CONFIRMED, "[secret]1", 0, call }, { call.ending, call.request_id,
        group.unlisted, group.ended.first })
    end)

    it("has a receipt of its own if on_event is told of it", function()
      local events = {}
      local call, group = only_counted {
        on_event = function(event)
          events[#events + 1] = event.name
        end,
      }
      assert.are.same({ "attempt", "response", "done" }, events)
      assert.are.same({ "r1", 0, call }, { call.ending.request_id, group.unlisted,
        group.ended.first })
    end)

    it("ends no other call that gets its place", function()
      local engine, core = world { max_concurrency = 1 }
      local first, second = engine:start("unshare", {}), engine:start("unshare", {})
      engine:step()
      core:confirm(1)
      engine:step()
      engine:step()
      assert.are.same({ "done", "in_flight" }, { first.state, second.state })
      assert.are.equal(core.attempts[1].slot, core.attempts[2].slot)
    end)

    it("comes with others in one step, and all are dealt with", function()
      local engine, core = world { max_concurrency = 4 }
      local calls = {}
      for i = 1, 4 do
        calls[i] = engine:start("unshare", {})
      end
      engine:step()
      core:answer(1, { status = 403 })
      core:confirm(2)
      core:answer(3)
      core:confirm(4)
      assert.are.equal(4, engine:step())
      for i, outcome in ipairs { "refused", "confirmed", "confirmed", "confirmed" } do
        assert.are.equal(outcome, calls[i].ending.outcome, i)
      end
      assert.are.equal(0, engine.slots.count)
    end)
  end)

  it("learns of an attempt's end once, whatever field of it an error comes at", function()
    local function run(failing)
      local engine, core = world { max_attempts = 2 }
      local call, count = engine:start("unshare", {}), 0
      engine:step()
      core:answer(1, { status = 500 })
      setmetatable(core.due[1], {
        __index = getmetatable(core.due[1]).__index,
        __newindex = function(evidence, name, value)
          count = count + 1
          if count == failing then
            error "not enough memory"
          end
          rawset(evidence, name, value)
        end,
      })
      local ok = pcall(engine.step, engine)
      engine:step()
      assert.are.same({ "backing_off", 495 }, { call.state, engine.throttle.budget.tokens })
      return ok
    end
    local failing = 1
    while not run(failing) do
      failing = failing + 1
    end
    assert.is_true(failing > 1)
  end)

  describe("sends again", function()
    local function flaky(options)
      options = options or {}
      options.max_attempts = options.max_attempts or 4
      return world(options)
    end

    it("after a failure, once the backoff has passed", function()
      local engine, core, pass = flaky()
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 500 })
      assert.are.equal(0, engine:step())
      assert.are.equal(1125, core.wake) -- half of 250 ms
      pass(124)
      engine:step()
      assert.are.equal(1, #core.attempts)
      pass(1)
      engine:step()
      assert.are.equal(2, #core.attempts)
      core:answer(2)
      engine:step()
      assert.are.same({ "confirmed", 2 }, { call:result().outcome, call:result().attempts })
      assert.are.equal(1, engine.counts.retries)
    end)

    it("at most max_attempts times, waiting longer each time", function()
      local engine, core, pass = flaky()
      local call = engine:start("unshare", {})
      local waits = {}
      for i = 1, 4 do
        engine:step()
        core:answer(i, { status = 500, body = '{"detail":"try %d"}' })
        engine:step()
        waits[i] = core.wake and core.wake - engine.now()
        pass(waits[i] or 0)
      end
      assert.are.same({ 125, 250, 500 }, waits)
      local _, err = call:result()
      assert.are.same({ "unconfirmed", "server", 4, true },
        { err.outcome, err.kind, err.attempts, err.retryable })
    end)

    it("nothing of which a refusal is doubtful after a refusal", function()
      local engine, core, pass = flaky()
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 429 })
      engine:step()
      pass(500)
      engine:step()
      core:answer(2, { status = 404 })
      engine:step()
      assert.is_nil(select(2, call:result()).ambiguous)
    end)

    it("no share that may have been applied", function()
      local engine, core = flaky()
      local call = engine:start("share", {})
      engine:step()
      core:answer(1, { status = 0, curl_code = 56 })
      assert.are.equal(1, engine:step())
      assert.are.equal("unconfirmed", select(2, call:result()).outcome)
    end)

    it("no share that libcurl sent twice by itself, though it was refused then", function()
      local engine, core = world { max_attempts = 4 }
      local call = engine:start("share", {})
      engine:step()
      core:answer(1, { status = 429, resent = true })
      engine:step()
      assert.are.equal("refused", call.ending.outcome)
      assert.is_true(call.ending.ambiguous)
    end)

    it("and knows where it was not sent again that libcurl had sent it twice", function()
      local engine, core = world { max_attempts = 4 }
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 429, resent = true })
      engine:step()
      call:cancel()
      engine:step()
      assert.are.equal("unconfirmed", select(2, call:result()).outcome)
    end)

    it("at most the call's own max_attempts times, if it has such a limit", function()
      local engine, core, pass = world { max_attempts = 3 }
      local call = engine:start("unshare", {}, nil, { max_attempts = 2 })
      for attempt = 1, 2 do
        engine:step()
        core:answer(attempt, { status = 500 })
        engine:step()
        pass(60000)
      end
      assert.are.same({ true, 2 }, { call:done(), select(2, call:result()).attempts })
    end)

    it("nothing whose deadline would pass before", function()
      local engine, core = flaky { deadline_ms = 100 }
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 500 })
      engine:step()
      assert.are.same({ true, "server" }, { call:done(), select(2, call:result()).kind })
      local message = "the server answered 500; "
        .. "deadline_ms (100) leaves no time for another attempt"
      assert.are.equal(message, select(2, call:result()).message) -- case 37
    end)
  end)

  describe("holds the whole client back", function()
    it("where the server asks for it, and up to a fifth longer", function()
      local engine, core, pass = world { max_attempts = 2 }
      engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 503, headers = { ["retry-after"] = "10" } })
      engine:step()
      engine:start("unshare", {})
      engine:step()
      assert.are.equal(1000 + 11000, core.wake)
      pass(10999)
      engine:step()
      assert.are.equal(1, #core.attempts)
      pass(1)
      engine:step()
      assert.are.equal(2, #core.attempts)
    end)

    it("where of two answers at once the second asks for it, and the first is told of", function()
      local engine, core
      engine, core = world {
        on_event = function(event)
          if event.name == "done" then
            engine:step()
          end
        end,
      }
      for _ = 1, 3 do
        engine:start("unshare", {})
      end
      engine:step()
      core:answer(1)
      core:answer(2, { status = 429, headers = { ["retry-after"] = "5" } })
      engine:step()
      assert.are.equal(2, #core.attempts)
    end)

    it("but waits for no server that asks for more than 300 s", function()
      local engine, core = world { max_attempts = 2 }
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 429, headers = { ["retry-after"] = "301" } })
      engine:step()
      assert.are.same({ "refused", true }, {
        select(2, call:result()).outcome,
        select(2, call:result()).retryable,
      })
    end)

    it("not for too many at once: there the window shrinks", function()
      local engine, core = world { max_concurrency = 4, max_attempts = 2 }
      for _ = 1, 5 do
        engine:start("unshare", {})
      end
      engine:step()
      assert.are.equal(4, #core.attempts)
      for i = 1, 2 do
        core:answer(i, { status = 429, body = '{"detail":{"code":"concurrent_limit_exceeded"}}' })
      end
      engine:step()
      assert.are.equal(4, #core.attempts) -- 2 in flight, and 2 is the window now
      core:answer(3)
      engine:step()
      assert.are.equal(5, #core.attempts)
    end)

    it("to as many as the server says that it takes", function()
      local engine, core = world { max_concurrency = 8 }
      for _ = 1, 8 do
        engine:start("unshare", {})
      end
      engine:step()
      core:answer(1, { headers = { ["maximum-concurrent-requests"] = "2" } })
      core:answer(2)
      core:answer(3)
      engine:step()
      assert.are.equal(5, #core.attempts) -- one was in flight, one more may be
    end)
  end)

  it("asks once more where the key was refused, and only once", function()
    local engine, core = world()
    local group, actions = patient(), {}
    group.rules = {
      see = function(_, verdict)
        actions[#actions + 1] = verdict.action
      end,
    }
    local call = engine:start("unshare", {}, group)
    engine:step()
    core:answer(1, { status = 401 })
    engine:step()
    core:answer(2, { status = 401 })
    engine:step()
    assert.are.same({ "probe", "stop" }, actions)
    assert.are.same({ "authentication", 2 },
      { select(2, call:result()).kind, select(2, call:result()).attempts })
  end)

  it("counts what reached nobody as no attempt", function()
    local engine, core, pass = world()
    local call = engine:start("unshare", {}, patient { max_attempts = 1 })
    engine:step()
    for id = 1, 5 do
      core:answer(id, UNREACHED)
      engine:step()
      pass(core.wake - engine.now())
      engine:step()
    end
    assert.is_false(call:done())
    core:answer(6, { status = 500 })
    engine:step()
    assert.is_true(call:done())
  end)
end)
