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

  it("keeps at most max_concurrency in flight, first come first served", function()
    local engine, core = world()
    for i = 1, 5 do
      engine:start("unshare", { number = i })
    end
    engine:step()
    assert.are.equal(2, #core.attempts)
    core:answer(1)
    engine:step()
    assert.are.equal(3, #core.attempts)
    core:answer(2)
    core:answer(3)
    assert.are.equal(2, engine:step())
    local order = {}
    for i, attempt in ipairs(core.attempts) do
      order[i] = attempt.args.number
    end
    assert.are.same({ 1, 2, 3, 4, 5 }, order)
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

  it("shows no key where the core quotes it", function()
    local engine, core = world()
    function core.validate()
      return nil, { kind = "invalid_argument", message = "what is key?" }
    end
    assert.are.equal("what is [secret]?", select(2, engine:start("unshare", {})).message)
  end)

  it("gives a receipt with attempts and the whole time", function()
    local engine, core, pass = world()
    local call = engine:start("unshare", {})
    pass(5)
    engine:step()
    pass(7)
    core:answer(1, { headers = { ["request-id"] = "r1" }, body = '{"a":1}' })
    assert.is_false(call:done())
    assert.are.equal(1, engine:step())
    assert.is_true(call:done())
    assert.are.same({
      outcome = "confirmed",
      status = 200,
      request_id = "r1",
      attempts = 1,
      elapsed_ms = 12,
      body = { a = 1 },
    }, (call:result()))
    assert.are.equal("confirmed (HTTP 200) [request-id r1]", tostring((call:result())))
    assert.are.equal(0, engine:step())
  end)

  it("gives an error with all that is known", function()
    local engine, core = world()
    local call = engine:start("unshare", {})
    engine:step()
    core:answer(1, { status = 503, body = '{"detail":{"code":"system_busy","message":"busy"}}' })
    engine:step()
    local receipt, err = call:result()
    assert.is_nil(receipt)
    assert.are.same(
      { "unconfirmed", "server", 503, "system_busy", "busy", true, 1 },
      { err.outcome, err.kind, err.status, err.code, err.message, err.retryable, err.attempts }
    )
  end)

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

  describe("asks for the key", function()
    it("once per attempt", function()
      local asked = 0
      local engine, core = world {
        api_key = function()
          asked = asked + 1
          return "key" .. asked
        end,
      }
      engine:start("unshare", {})
      engine:start("unshare", {})
      engine:step()
      assert.are.equal("key1", core.attempts[1].key)
      assert.are.equal("key2", core.attempts[2].key)
    end)

    local nonsense = {
      ["raises"] = function()
        error "no vault"
      end,
      ["gives nothing"] = function() end,
      ["gives a number"] = function()
        return 7
      end,
      ["raises a nil"] = function()
        error()
      end,
    }
    for name, api_key in pairs(nonsense) do
      it("of a function that " .. name .. ", and loses no call", function()
        local engine, core = world { api_key = api_key }
        local call = engine:start("unshare", {})
        assert.are.equal(1, engine:step())
        local _, err = call:result()
        assert.are.same({ "not_sent", "api_key" }, { err.outcome, err.field })
        assert.are.equal(0, #core.attempts)
      end)
    end

    it("of a function that cancels its own call", function()
      local engine, core, call
      engine, core = world {
        api_key = function()
          call:cancel()
          return "key"
        end,
      }
      call = engine:start("unshare", {})
      assert.are.equal(1, engine:step())
      assert.are.equal(0, #core.attempts)
      assert.are.equal("cancelled", select(2, call:result()).kind)
    end)

    it("of a function that takes its time, and keeps no host busy meanwhile", function()
      local engine, core, wake
      engine, core = world {
        api_key = function()
          engine:step()
          wake = core.wake or "never"
          return "key"
        end,
      }
      engine:start("unshare", {})
      engine:step()
      assert.are.equal("never", wake)
      assert.are.equal(1, #core.attempts)
    end)

    it("of a function in whose time the server asks for a pause, and keeps to that", function()
      local asked, core, engine, pass = 0
      engine, core, pass = world {
        max_attempts = 2,
        api_key = function()
          asked = asked + 1
          if asked == 2 then
            core:answer(1, { status = 429, headers = { ["retry-after"] = "5" } })
            engine:step()
          end
          return "key"
        end,
      }
      engine:start("unshare", {})
      engine:start("unshare", {})
      engine:step()
      assert.are.equal(1, #core.attempts)
      pass(5499)
      engine:step()
      assert.are.equal(1, #core.attempts)
      pass(1)
      engine:step()
      assert.are.equal(2, #core.attempts) -- the window is smaller now
      core:answer(2)
      engine:step()
      assert.are.equal(3, #core.attempts)
    end)

    it("and takes it out of whatever the server says", function()
      local engine, core = world {
        api_key = function()
          return "sk_secret"
        end,
      }
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, {
        status = 403,
        headers = { ["request-id"] = "r-sk_secret" },
        body = '{"detail":{"message":"sk_secret and sk_\\u0073ecret",'
          .. '"code":"sk_secret","sk_secret":1}}',
      })
      engine:step()
      local _, err = call:result()
      assert.are.equal("[secret] and [secret]", err.message)
      assert.are.equal("[secret]", err.code)
      assert.are.equal("r-[secret]", err.request_id)
      assert.are.equal(1, err.details["[secret]"])
      assert.is_nil(tostring(err):find("sk_secret", 1, true))
    end)
  end)

  it("asks a function that gives an empty key, and ends", function()
    local engine, core = world {
      api_key = function()
        return ""
      end,
    }
    function core.unshare()
      return nil, { kind = "invalid_argument", field = "api_key", message = "empty" }
    end
    local call = engine:start("unshare", {})
    engine:step()
    assert.are.equal("empty", select(2, call:result()).message)
  end)

  it("loses no call to an error in the middle of a step", function()
    local engine, core = world()
    local first, second = engine:start("unshare", {}), engine:start("unshare", {})
    engine:step()
    core:answer(1, { headers = false }) -- what a lack of memory would do, anywhere
    core:answer(2)
    assert.has_error(function()
      engine:step()
    end)
    assert.is_false(first:done() or second:done())
    engine.arrived[1].headers = {}
    assert.are.equal(2, engine:step())
    assert.are.equal("confirmed", first:result().outcome)
    assert.are.equal("confirmed", second:result().outcome)
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
      assert.are.same({ "resting", 495 }, { call.state, engine.pace.budget.tokens })
      return ok
    end
    local failing = 1
    while not run(failing) do
      failing = failing + 1
    end
    assert.is_true(failing > 1)
  end)

  describe("leaves no call behind", function()
    it("when the core raises, and sends it in the next step", function()
      local engine, core = world()
      local unshare = core.unshare
      function core.unshare()
        error "not enough memory"
      end
      local call = engine:start("unshare", {})
      assert.has_error(function()
        engine:step()
      end, "not enough memory")
      core.unshare = unshare
      engine:step()
      core:answer(1)
      engine:step()
      assert.are.same({ "confirmed", 1 }, { call:result().outcome, #core.attempts })
    end)

    it("when an attempt cannot be written down, which is then taken back", function()
      local engine, core = world()
      local unshare, cancelled = core.unshare, nil
      function core.unshare()
        return 0 / 0 -- no key of a table: writing it down raises
      end
      function core:cancel(id)
        cancelled = id
        self:answer(id, { curl_code = 42, sent = false, status = 0 })
      end
      local call = engine:start("unshare", {})
      assert.has_error(function()
        engine:step()
      end)
      assert.is_true(cancelled ~= cancelled)
      core.unshare = unshare
      engine:step() -- also gets the completion of what was taken back
      assert.is_false(call:done())
      core:answer(1)
      engine:step()
      assert.are.equal("confirmed", call:result().outcome)
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
      local headers = setmetatable({}, {
        __index = function() -- as a finalizer may run at any line that needs memory
          if stepped == 0 then
            stepped = 1
            stepped = stepped + engine:step()
          end
        end,
      })
      core:answer(1, { headers = headers })
      engine:step()
      assert.are.equal(2, stepped)
      assert.are.equal("confirmed", call:result().outcome)
      assert.are.same({ 1, 0 }, { engine.counts.confirmed, engine.flying_count })
    end)

    it("when starting one raises, which then is none", function()
      local engine, core, pass = world { deadline_ms = 100 }
      local row = getmetatable(engine.waiting)
      setmetatable(engine.waiting, {
        __index = row,
        __newindex = function()
          error "not enough memory"
        end,
      })
      assert.has_error(function()
        engine:start("unshare", {})
      end)
      setmetatable(engine.waiting, row)
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

    it("to a fork: in the child a waiting call ends, for the parent will send it", function()
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

  describe("tells of events:", function()
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

  it("is not confused by a key that is one of its own words", function()
    for _, key in ipairs { "confirmed", "refused", "s", "done" } do
      local engine, core = world {
        api_key = function()
          return key
        end,
      }
      local good, bad = engine:start("unshare", {}), engine:start("unshare", {})
      engine:step()
      core:answer(1)
      core:answer(2, { status = 403 })
      assert.are.equal(2, engine:step())
      assert.are.equal("confirmed", good:result().outcome)
      assert.are.equal("permission", select(2, bad:result()).kind)
    end
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

  it("says when nobody can wait for a result", function()
    local engine = world()
    local call = engine:start("unshare", {})
    local receipt, err = call:result()
    assert.is_nil(receipt)
    assert.are.equal("this world cannot wait", err.message)
    assert.are.equal("unconfirmed", err.outcome)
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

    it("what was refused in between as ambiguous, or as unconfirmed where not sent", function()
      for _, row in ipairs {
        { { status = 404 }, "refused", true },
        { { sent = false, status = 0, curl_code = 60 }, "unconfirmed" },
      } do
        local engine, core, pass = flaky()
        local call = engine:start("unshare", {})
        engine:step()
        core:answer(1, { status = 0, curl_code = 56 })
        engine:step()
        pass(125)
        engine:step()
        core:answer(2, row[1])
        engine:step()
        local _, err = call:result()
        assert.are.same({ row[2], row[3] }, { err.outcome, err.ambiguous })
      end
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

    it("nothing that was cancelled meanwhile: unconfirmed if it may have been applied", function()
      for _, row in ipairs { { 500, "unconfirmed" }, { 429, "not_sent" } } do
        local engine, core, pass = flaky()
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

    it("before what was never sent", function()
      local engine, core, pass = flaky { max_concurrency = 1 }
      engine:start("unshare", { number = 1 })
      engine:step()
      engine:start("unshare", { number = 2 })
      engine:start("unshare", { number = 3 })
      core:answer(1, { status = 500 })
      engine:step() -- 2 takes the place
      pass(200)
      core:answer(2)
      engine:step()
      assert.are.equal(1, core.attempts[3].args.number)
    end)

    it("the soonest first", function()
      local engine, core, pass = flaky { max_concurrency = 4 }
      local randoms = { 0.9, 0.1, 0.5 }
      engine.random = function()
        return table.remove(randoms, 1)
      end
      for i = 1, 3 do
        engine:start("unshare", { number = i })
      end
      engine:step()
      for i = 1, 3 do
        core:answer(i, { status = 500 })
      end
      engine:step()
      local order = {}
      for _ = 1, 3 do
        pass(core.wake - engine.now())
        engine:step()
        order[#order + 1] = core.attempts[#core.attempts].args.number
      end
      assert.are.same({ 2, 3, 1 }, order)
    end)

    it("what rests when the client is closed ends", function()
      local engine, core = flaky()
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { status = 500 })
      engine:step()
      engine:close()
      local _, err = call:result()
      assert.are.same({ "unconfirmed", "closed" }, { err.outcome, err.kind })
    end)

    it("and tells of it", function()
      local seen = {}
      local engine, core, pass = flaky {
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

  describe("waits out an outage, for calls whose owner wants that:", function()
    local groups = require "elevenlabs.workspace.engine.group"
    local UNREACHED = { sent = false, status = 0, curl_code = 7 }

    local function patient(fields)
      local policy = { max_attempts = 2, counts_unsent = false, parks = true, confirms = true }
      for name, value in pairs(fields or {}) do
        policy[name] = value
      end
      return groups.new(policy)
    end

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
      local policy = patient { max_attempts = 1 }
      engine.pace.budget.tokens = 1
      local first = engine:start("unshare", {}, policy)
      local second = engine:start("unshare", {}, policy)
      engine:step()
      core:answer(1, { status = 500 })
      core:answer(2, { status = 500 })
      engine:step() -- both had their one attempt; this empties the budget
      assert.are.same({ true, true }, { first:done(), second:done() })
      local third = engine:start("unshare", {}, policy)
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
      local policy, calls, answered = patient(), {}, 0
      engine.pace.budget.tokens = 1
      for i = 1, 20 do
        calls[i] = engine:start("unshare", {}, policy)
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
      assert.are.equal("outage", policy.stopped.reason)
    end)

    it("it probes with what was not tried yet", function()
      local engine, core, pass = world()
      local policy = patient { max_attempts = 8 }
      engine.pace.budget.tokens = 1
      engine:start("unshare", { number = 1 }, policy)
      engine:step()
      core:answer(1, { status = 500 })
      engine:step()
      engine:start("unshare", { number = 2 }, policy)
      pass(1000)
      engine:step()
      assert.are.equal(2, core.attempts[2].args.number)
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
      engine.pace.budget.tokens = 1
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

    it("asks once more where the key was refused, and only once", function()
      local engine, core = world()
      local policy, actions = patient(), {}
      policy.on_verdict = function(verdict)
        actions[#actions + 1] = verdict.action
      end
      local call = engine:start("unshare", {}, policy)
      engine:step()
      core:answer(1, { status = 401 })
      engine:step()
      core:answer(2, { status = 401 })
      engine:step()
      assert.are.same({ "probe", "stop" }, actions)
      assert.are.same({ "authentication", 2 },
        { select(2, call:result()).kind, select(2, call:result()).attempts })
    end)

    it("no other call waits for its probe", function()
      local engine, core, pass = world { max_concurrency = 4, max_attempts = 4 }
      engine.pace.budget.tokens = 6
      local call = engine:start("unshare", {})
      engine:start("unshare", {}, patient())
      engine:step()
      core:answer(1, { status = 500 })
      engine:step()
      core:answer(2, { status = 500 })
      engine:step() -- the first rests for 125 ms, the second is parked for a second
      assert.are.equal(engine.now() + 125, core.wake)
      pass(125)
      engine:step()
      core:answer(3)
      engine:step()
      assert.is_true(call:done())
    end)

    it("does not keep the host busy for what a stopped run has left to send", function()
      local engine, core, pass = world { max_concurrency = 2 }
      local policy = patient()
      policy.on_verdict = function()
        policy.stopped = { reason = "payment_required", message = "" }
      end
      for _ = 1, 5 do
        engine:start("unshare", {}, policy)
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

    it("by an alarm, one for each owner, until a step saw it pass", function()
      local engine, core, pass, seen = watched()
      engine:set_alarm("a", 1050)
      engine:set_alarm("b", 1040)
      assert.are.equal(1040, core.wake)
      engine:set_alarm("b", nil)
      assert.are.equal(1050, core.wake)
      pass(50)
      engine:step()
      engine:step()
      assert.are.same({ 1050, "never" }, seen)
      assert.is_nil(core.wake)
    end)

    it("by an alarm that passes as the step begins", function()
      local engine, pass, seen, _
      engine, _, pass, seen = watched {
        api_key = function()
          pass(100)
          return "key"
        end,
      }
      engine:set_alarm("a", 1050)
      engine:start("unshare", {})
      engine:step()
      assert.are.same({ 1050 }, seen)
    end)

    it("where an error kept the one before from a completion", function()
      local engine, core = world()
      local call = engine:start("unshare", {})
      engine:step()
      core:answer(1, { headers = false }) -- what a lack of memory would do, anywhere
      assert.has_error(function()
        engine:step()
      end)
      engine.arrived[1].headers = {}
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

    it("where a function of the user's asks for that as it begins", function()
      local engine, seen, _
      engine, _, _, seen = watched {
        on_event = function(event)
          if event.name == "attempt" then
            engine:wake()
          end
        end,
      }
      engine:start("unshare", {})
      engine:step()
      engine:step()
      assert.are.same({ 0, "never" }, seen)
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

    it("where such a function's own step left a call to rest", function()
      local engine, core, timeouts = nil, nil, {}
      engine, core = world {
        max_attempts = 2,
        on_event = function(event)
          if event.name == "attempt" and event.call == 2 then
            core:answer(1, { status = 500 })
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
      engine:step(8)
      assert.are.same({ 0, 0 }, timeouts)
    end)

    it("and the host steps once more, for all who wait to see it", function()
      local engine, core, pass = watched()
      engine:set_alarm("a", 1050)
      pass(50)
      engine:step()
      engine:set_alarm("b", 2000) -- by whom the host resumed first
      assert.are.equal(0, core.wake)
      engine:step()
      assert.are.equal(2000, core.wake)
    end)
  end)

  describe("wakes the host", function()
    local manual = require "elevenlabs.workspace.driver.manual"

    --- Coroutines that wait for a call each, by the manual driver.
    local function waiting(count)
      local engine, core, client
      engine, core = world {
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
      return engine, core, jobs, told
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

    it("where a call rests, which makes room for another item of a run", function()
      local engine, core = waiting(2)
      core:answer(1, { status = 500 })
      engine:step()
      engine:step()
      assert.are.equal(0, core.wake)
    end)

    it("not for ever where they were forgotten", function()
      local engine, core = waiting(2)
      core:answer(1)
      for _ = 1, 2 * 64 do
        engine:step()
        assert.are.equal(0, core.wake)
      end
      engine:step()
      assert.is_nil(core.wake)
    end)
  end)

  it("does not miss an alarm that comes between its owner's look and the step's", function()
    local engine, core, pass = world()
    local wakes, step = {}, core.step
    function core:step()
      wakes[#wakes + 1] = self.wake or "never"
      return step(self)
    end
    engine:set_alarm("a", 1050)
    pass(51)
    engine:step(60000)
    engine:step(60000)
    assert.are.same({ 1050, "never" }, wakes)
  end)

  it("keeps no host busy for a call that rests behind one that is stopped", function()
    local engine, core = world { max_concurrency = 4, max_attempts = 4 }
    local groups = require "elevenlabs.workspace.engine.group"
    local policy = groups.new { max_attempts = 1, parks = true, confirms = false }
    engine:start("unshare", {}, policy)
    policy.stopped = { reason = "cancelled", message = "" }
    engine:start("unshare", {})
    engine:step()
    core:answer(1, { status = 500 })
    engine:step()
    engine:step()
    assert.are.equal(1125, core.wake)
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
    assert.is_true(engine.waiting.last - engine.waiting.first < 3)
  end)
end)
