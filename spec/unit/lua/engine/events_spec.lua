local events_of_engine = require "elevenlabs.workspace.engine.events"
local world = require("spec.support.world").new

--- What the user's function is told of one event.
local function emitted(name, facts)
  local engine, told = { counts = { event_errors = 0 } }, nil
  function engine.on_event(event)
    told = event
  end
  events_of_engine.emit(engine, {
    op = "unshare",
    number = 3,
    attempts = 2,
    args = { resource_id = "id1", resource_type = "voice", user_email = "mia@example.com" },
  }, name, facts)
  return told
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
    }, emitted("attempt", {}))
  end)

  it("say what became of an attempt, a message on one line if it is no confirmation", function()
    local told = emitted("done", { result = REFUSED, elapsed_ms = 12 })
    assert.are.same({ "refused", "permission", 403, "no_access", "no admin", 12 },
      { told.outcome, told.kind, told.status, told.code, told.message, told.elapsed_ms })
    local confirmed = { outcome = "confirmed", status = 200, request_id = "q", message = "x" }
    told = emitted("done", { result = confirmed })
    assert.are.same({ "confirmed", "q" }, { told.outcome, told.request_id, told.message })
  end)

  it("read as one line", function()
    for _, row in ipairs {
      { "attempt", {}, "attempt 2" },
      { "response", { result = REFUSED, elapsed_ms = 12.4 },
        "response after 12 ms: refused (permission, HTTP 403, no_access): no admin" },
      { "throttle", { delay_ms = 5, window = 1 }, "throttle, 5 ms to wait: 1 requests at once" },
      { "done", { result = { outcome = "not_sent", kind = "tls" } }, "done: not_sent (tls)" },
    } do
      local text = tostring(emitted(row[1], row[2]))
      assert.are.equal("call 3, unshare voice id1: " .. row[3], text)
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

    it("with the key masked", function()
      local events, on_event = log()
      local engine, core = world { on_event = on_event }
      engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 403, body = '{"detail":{"message":"not for key","code":"key"}}' })
      engine:step()
      assert.are.same({ "not for [secret]", "[secret]" }, { events[2].message, events[2].code })
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
      assert.are.equal(3, engine.counts.event_errors)
    end)

    it("to a function that starts, steps, cancels and closes", function()
      local engine, core, calls
      engine, core = world {
        max_concurrency = 4,
        on_event = function(event)
          if event.name == "response" and event.call == 1 then
            calls[4] = engine:start("unshare", {})
            calls[2]:cancel()
            engine:step()
          elseif event.name == "done" and event.call == 2 then
            engine:close()
          end
        end,
      }
      calls = { engine:start("unshare", {}), engine:start("unshare", {}) }
      calls[3] = engine:start("unshare", {})
      engine:step()
      function core:close()
        self:answer(3, { curl_code = 42, status = 0 })
        self:answer(4, { curl_code = 42, status = 0, sent = false })
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
