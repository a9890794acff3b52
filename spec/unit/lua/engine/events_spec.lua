local events_of_engine = require "elevenlabs.workspace.engine.events"
local world = require("spec.support.world").new

local function event_of(name, result, facts)
  return events_of_engine.new({
    op = "unshare",
    number = 3,
    args = { resource_id = "id1", resource_type = "voice", user_email = "mia@example.com" },
  }, name, 2, result, facts)
end

local REFUSED = {
  outcome = "refused",
  kind = "permission",
  status = 403,
  code = "no_access",
  message = "no\nadmin",
}

describe("events", function()
  it("name the call and its resource, and not its target", function()
    assert.are.same({
      name = "attempt",
      op = "unshare",
      call = 3,
      resource_id = "id1",
      resource_type = "voice",
      attempts = 2,
    }, event_of "attempt")
  end)

  it("say what became of an attempt, a message on one line if it is no confirmation", function()
    local told = event_of("done", REFUSED, { elapsed_ms = 12 })
    assert.are.same({ "refused", "permission", 403, "no_access", "no admin", 12 },
      { told.outcome, told.kind, told.status, told.code, told.message, told.elapsed_ms })
    local confirmed = { outcome = "confirmed", status = 200, request_id = "q", message = "x" }
    told = event_of("done", confirmed)
    assert.are.same({ "confirmed", "q" }, { told.outcome, told.request_id, told.message })
  end)

  it("read as one line", function()
    for _, row in ipairs {
      { "attempt", nil, nil, "attempt 2" },
      { "response", REFUSED, { elapsed_ms = 12.4 },
        "response after 12 ms: refused (permission, HTTP 403, no_access): no admin" },
      { "throttle", nil, { delay_ms = 5, window = 1 },
        "throttle, 5 ms to wait: 1 requests at once" },
      { "done", { outcome = "not_sent", kind = "tls" }, nil, "done: not_sent (tls)" },
    } do
      local text = tostring(event_of(row[1], row[2], row[3]))
      assert.are.equal("call 3, unshare voice id1: " .. row[4], text)
    end
    assert.are.equal("call 7, connect", events_of_engine.describe_call(7, "connect"))
  end)

  describe("are told:", function()
    local function log()
      local events = {}
      return events, function(event)
        events[#events + 1] = event
      end
    end

    local function names(events)
      local list = {}
      for i, event in ipairs(events) do
        list[i] = ("%d %s %s"):format(event.call, event.name, event.outcome or "-")
      end
      return list
    end

    it("attempt, response and done, with durations", function()
      local events, on_event = log()
      local engine, core, pass = world { on_event = on_event }
      engine:start("unshare", { resource_id = "r", resource_type = "voice" })
      pass(5)
      engine:step()
      pass(7)
      core:answer(1, { status = 403, elapsed_ms = 7, headers = { ["request-id"] = "q" } })
      engine:step()
      assert.are.same(
        { "1 attempt -", "1 response refused", "1 done refused" },
        names(events)
      )
      assert.are.same({
        name = "response",
        op = "unshare",
        call = 1,
        resource_id = "r",
        resource_type = "voice",
        attempts = 1,
        elapsed_ms = 7,
        outcome = "refused",
        kind = "permission",
        status = 403,
        request_id = "q",
        message = "the server answered 403",
      }, events[2])
      assert.are.equal(12, events[3].elapsed_ms)
    end)

    it("of a call that was never sent, done alone", function()
      local events, on_event = log()
      local engine = world { on_event = on_event }
      engine:start("unshare", {}):cancel()
      engine:step()
      assert.are.same({ "1 done not_sent" }, names(events))
    end)

    it("of refused arguments, done alone and at once, with the error's number", function()
      local events, on_event = log()
      local engine = world { on_event = on_event }
      engine:start("unshare", {})
      local _, err = engine:start("unshare", {
        bad = true,
        resource_id = "my key",
        resource_type = "sk_another",
        user_email = "mia@example.com",
      })
      assert.are.same({ 2, "not_sent" }, { err.call, err.outcome })
      assert.are.same({ {
        name = "done",
        op = "unshare",
        call = 2,
        resource_id = "my [secret]",
        attempts = 0,
        elapsed_ms = 0,
        outcome = "not_sent",
        kind = "invalid_argument",
        message = "bad",
      } }, events)
      assert.are.same({ 2, 1 }, { engine.counts.calls, engine.counts.not_sent })
      assert.are.equal(3, engine:start("unshare", { resource_id = {} }).number)
    end)

    it("of arguments that are refused inside a step, after that step", function()
      local events, on_event = log()
      local engine, core = world { on_event = on_event }
      local err
      engine:start("unshare", {})
      engine:step()
      local step = core.step
      function core:step() -- as a finalizer there
        err = err or select(2, engine:start("get", { bad = true }))
        return step(self)
      end
      core:answer(1)
      engine:step()
      assert.are.equal(2, err.call)
      assert.are.same({
        "1 attempt -",
        "1 response confirmed",
        "1 done confirmed",
        "2 done not_sent",
      }, names(events))
    end)

    it("with the key masked", function()
      local events, on_event = log()
      local engine, core = world { on_event = on_event }
      engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 403, body = '{"detail":{"message":"not for key","code":"key"}}' })
      engine:step()
      assert.are.same({ "not for [secret]", "[secret]" }, { events[2].message, events[2].code })
    end)

    it("after the step, in order, and each once", function()
      local events, are_done, first, second = {}, {}, nil, nil
      local engine, core = world {
        on_event = function(told)
          events[#events + 1] = told
          are_done[#events] = first:done() and second:done()
        end,
      }
      first, second = engine:start("unshare", {}), engine:start("unshare", {})
      engine:step()
      core:confirm(2)
      core:answer(1)
      engine:step()
      assert.are.same({
        "1 attempt -",
        "2 attempt -",
        "2 response confirmed",
        "2 done confirmed",
        "1 response confirmed",
        "1 done confirmed",
      }, names(events))
      -- All changes of a step are made before the first event is told.
      assert.are.same({ false, false, true, true, true, true }, are_done)
    end)

    it("to a function that raises, and counts that", function()
      local engine, core = world {
        on_event = function()
          error "a bug of the host's"
        end,
      }
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1)
      engine:step()
      assert.are.equal("confirmed", call:result().outcome)
      assert.are.equal(3, engine.outbox.errors)
    end)

    it("to a function that yields and never returns, the others by the next step", function()
      local events, on_event = log()
      local engine, core = world {
        on_event = function(told)
          on_event(told)
          if told.name == "response" and told.call == 1 then
            coroutine.yield()
          end
        end,
      }
      local first, second = engine:start("unshare", {}), engine:start("unshare", {})
      engine:step()
      core:answer(1)
      core:answer(2)
      local dropped = coroutine.create(function()
        engine:step()
      end)
      coroutine.resume(dropped)
      assert.are.same({ true, true }, { first:done(), second:done() })
      if coroutine.status(dropped) == "suspended" then -- not so in Lua 5.1
        assert.are.equal(0, core.wake) -- the host is woken for the rest
        assert.are.equal(3, #events)
        engine:step()
      end
      assert.are.equal(6, #events)
      assert.are.equal("2 done confirmed", names(events)[6])
      assert.is_nil(core.wake)
    end)

    it("also if that function was told outside a step", function()
      local events, on_event = log()
      local engine, core = world {
        on_event = function(told)
          on_event(told)
          coroutine.yield()
        end,
      }
      local group = require("spec.support.world").patient()
      for _ = 1, 2 do
        engine:start("unshare", {}, group)
      end
      local dropped = coroutine.create(function()
        engine:cancel_group(group)
      end)
      coroutine.resume(dropped)
      if coroutine.status(dropped) == "suspended" then
        assert.are.same({ 1, 0 }, { #events, core.wake })
        coroutine.wrap(function()
          engine:step()
        end)()
      end
      assert.are.same({ "1 done not_sent", "2 done not_sent" }, names(events))
    end)

    it("to a function that starts, steps, cancels and closes", function()
      local engine, core, calls
      local events, on_event = log()
      engine, core = world {
        max_concurrency = 4,
        on_event = function(told)
          on_event(told)
          if told.name == "response" and told.call == 1 then
            calls[4] = engine:start("unshare", {})
            calls[2]:cancel()
            assert.are.equal(1, engine:step())
          elseif told.name == "done" and told.call == 2 then
            engine:close()
          end
        end,
      }
      calls = { engine:start("unshare", {}), engine:start("unshare", {}) }
      calls[3] = engine:start("unshare", {})
      engine:step()
      function core:close()
        self:cancel_attempt(3)
        self.attempts[3].left = true
        self.due[#self.due].sent = true
        if self.attempts[4] then
          self:cancel_attempt(4)
        end
        return self:step()
      end
      core:answer(1)
      engine:step()
      local ends = {}
      for i, call in ipairs(calls) do
        assert.is_true(call:done())
        local receipt, err = call:result()
        ends[i] = receipt and "confirmed" or err.outcome .. " " .. err.kind
      end
      assert.are.same({
        "confirmed",
        "not_sent cancelled",
        "unconfirmed closed",
        "not_sent closed",
      }, ends)
      local done = {}
      for _, told in ipairs(events) do
        if told.name == "done" then
          done[told.call] = (done[told.call] or 0) + 1
        end
      end
      assert.are.same({ 1, 1, 1, 1 }, done)
      assert.are.equal(0, engine.outbox.errors)
    end)
  end)

  it("are throttle and retry if a call will be sent again", function()
    local seen = {}
    local engine, core, pass = world { max_attempts = 4,
      on_event = function(event)
        seen[#seen + 1] = { event.name, event.status, event.delay_ms, event.window }
      end,
    }
    engine:start("unshare", {})
    engine:step()
    core:answer(1, { status = 429 })
    engine:step()
    pass(500)
    engine:step()
    core:answer(2)
    engine:step()
    assert.are.same({
      { "attempt" },
      { "response", 429 },
      { "throttle", nil, 500, 1 },
      { "retry", 429, 500 },
      { "attempt" },
      { "response", 200 },
      { "done", 200 },
    }, seen)
  end)
end)
