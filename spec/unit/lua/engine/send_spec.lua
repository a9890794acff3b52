local worlds = require "spec.support.world"

local patient, world = worlds.patient, worlds.new

describe("sending", function()
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

  it("sends no key with what needs none", function()
    local engine, core = world()
    engine:start("connect", {})
    engine:start("get", {})
    engine:step()
    assert.are.same({ false, "key" }, { core.attempts[1].key, core.attempts[2].key })
  end)

  describe("asks for the key", function()
    --- A key function that is asked `asked.count` times. What it does then is in `asked`.
    local function asking(options)
      local asked = { count = 0 }
      options = options or {}
      function options.api_key()
        asked.count = asked.count + 1
        local count = asked.count
        if asked[count] then
          asked[count]()
        end
        return "key" .. count
      end
      local engine, core, pass = world(options)
      return asked, engine, core, pass
    end

    it("once for all that is sent then", function()
      local asked, engine, core = asking()
      for _ = 1, 3 do
        engine:start("unshare", {})
      end
      engine:step()
      assert.are.same({ 1, 2, "key1", "key1" },
        { asked.count, #core.attempts, core.attempts[1].key, core.attempts[2].key })
      core:answer(1)
      engine:step()
      assert.are.same({ 2, "key2" }, { asked.count, core.attempts[3].key })
    end)

    it("only if something will be sent", function()
      local asked, engine, core, pass = asking { max_attempts = 2 }
      engine:step()
      assert.are.equal(0, asked.count)
      for _ = 1, 3 do
        engine:start("unshare", {})
      end
      engine:step()
      engine:step() -- there is no place for the third
      assert.are.equal(1, asked.count)
      core:answer(1, { status = 503, headers = { ["retry-after"] = "10" } })
      core:answer(2)
      engine:step()
      pass(10999) -- the server wants no request
      engine:step()
      assert.are.equal(1, asked.count)
      pass(1)
      engine:step()
      assert.are.equal(2, asked.count)
    end)

    it("not for calls of a run that is stopped, nor while a probe is out", function()
      local asked, engine = asking()
      local group = patient()
      engine:start("unshare", {}, group)
      group.stopped = { reason = "cancelled", message = "" }
      engine:step()
      assert.are.equal(0, asked.count)
      group.stopped = false
      engine.throttle.budget.circuit_open, engine.throttle.budget.probing = true, true
      engine:step()
      assert.are.equal(0, asked.count)
    end)

    it("anew before it asks the server once more about a key that was refused", function()
      local asked, engine, core = asking()
      engine:start("unshare", {}, patient())
      engine:step()
      core:answer(1, { status = 401 })
      engine:step()
      assert.are.same({ 2, "key2" }, { asked.count, core.attempts[2].key })
    end)

    it("of a function that takes its time: completions go on, and no other step asks", function()
      local asked, engine, core, first
      asked, engine, core = asking()
      first = engine:start("unshare", {})
      engine:step()
      asked[2] = function()
        core:answer(1)
        assert.are.equal(1, engine:step())
        engine:start("unshare", {})
        engine:step()
        asked.saw = { asked.count, first:done(), #core.attempts, core.wake }
      end
      engine:start("unshare", {})
      engine:step()
      assert.are.same({ 2, true, 1, 11000 }, asked.saw) -- the host is not kept busy
      assert.are.same({ 2, 3, "key2" }, { asked.count, #core.attempts, core.attempts[3].key })
    end)

    it("again by another step if it takes 10 s", function()
      local asked, engine, core, pass
      asked, engine, core, pass = asking()
      asked[1] = function()
        pass(9999)
        engine:step()
        asked.early = asked.count
        pass(1)
        engine:step()
      end
      engine:start("unshare", {})
      engine:step()
      assert.are.same({ 1, 2, "key2" }, { asked.early, asked.count, core.attempts[1].key })
      assert.are.equal(1, #core.attempts)
    end)

    it("of one that returns late while another step asks, and lets no third ask", function()
      local asked, engine, core, pass
      asked, engine, core, pass = asking { max_concurrency = 4 }
      local function step()
        engine:step()
      end
      asked[1], asked[2] = coroutine.yield, coroutine.yield
      engine:start("unshare", {})
      local first, second = coroutine.create(step), coroutine.create(step)
      coroutine.resume(first)
      if coroutine.status(first) == "dead" then
        return -- Lua 5.1 cannot yield there, and says so at once
      end
      pass(10000)
      coroutine.resume(second)
      assert.are.equal(2, asked.count)
      coroutine.resume(first)
      assert.are.same({ 2, "key1" }, { asked.count, core.attempts[1].key })
      engine:start("unshare", {})
      engine:step()
      assert.are.same({ 2, 1 }, { asked.count, #core.attempts })
      coroutine.resume(second)
      assert.are.same({ 2, "key2" }, { #core.attempts, core.attempts[2].key })
    end)

    it("of a function that yields and never returns, and can be closed", function()
      local asked, engine, core, pass
      asked, engine, core, pass = asking()
      asked[1] = coroutine.yield
      local call = engine:start("unshare", {})
      local dropped = coroutine.create(function()
        engine:step()
      end)
      coroutine.resume(dropped)
      if coroutine.status(dropped) == "suspended" then -- not so in Lua 5.1
        assert.are.equal("queued", call.state)
        pass(10000)
        engine:step()
        assert.are.same({ "key2", "in_flight" }, { core.attempts[1].key, call.state })
        core:answer(1, { status = 0, curl_code = 42 })
        engine:close()
        assert.is_true(coroutine.resume(dropped))
      end
      assert.is_true(call:done())
      assert.is_true(#core.attempts <= 1)
    end)

    it("of a function that fails, and ends as many calls as there were places", function()
      local asked, engine, core
      asked, engine, core = asking()
      local calls = {}
      asked[1] = function()
        error "no vault"
      end
      asked[2] = asked[1]
      for i = 1, 5 do
        calls[i] = engine:start("unshare", {})
      end
      assert.are.equal(4, engine:step()) -- asked before the completions, and after them
      assert.are.equal("api_key raised an error", select(2, calls[4]:result()).message)
      assert.are.same({ 2, "queued" }, { asked.count, calls[5].state })
      engine:step()
      assert.are.equal("key3", core.attempts[1].key)
    end)

    it("again at once if an error as of memory came while it asked", function()
      local asked, engine, core = asking()
      local get = engine.key.get
      function engine.key.get()
        error("not enough memory", 0)
      end
      local call = engine:start("unshare", {})
      assert.has_error(function()
        engine:step()
      end, "not enough memory")
      assert.are.equal(0, core.wake)
      engine.key.get = get
      engine:step()
      assert.are.same({ 1, "in_flight" }, { asked.count, call.state })
    end)

    it("of a function that starts calls and closes", function()
      local asked, engine, core, late
      asked, engine, core = asking()
      asked[1] = function()
        late = engine:start("unshare", {})
        engine:close()
      end
      local call = engine:start("unshare", {})
      assert.are.equal(2, engine:step())
      assert.are.same({ "closed", "closed", 0 },
        { call.ending.kind, late.ending.kind, #core.attempts })
    end)

    it("and wakes in time for what is due after the sends", function()
      local _, engine, core = asking { deadline_ms = 50 }
      local seen, step = {}, core.step
      function core:step()
        seen[#seen + 1] = self.wake
        return step(self)
      end
      engine:start("unshare", {})
      engine:step(60000)
      assert.are.same({ 1050 }, seen)
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

    it("of a function in whose time the server asks for a pause, and keeps to that", function()
      local asked, engine, core, pass
      asked, engine, core, pass = asking { max_attempts = 2 }
      engine:start("unshare", {})
      engine:step()
      asked[2] = function()
        core:answer(1, { status = 429, headers = { ["retry-after"] = "5" } })
        engine:step()
      end
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

  it("takes the key of the attempt out of its answer, whichever key others have", function()
    local asked = 0
    local engine, core = world {
      max_concurrency = 3,
      api_key = function()
        asked = asked + 1
        return "sk_" .. asked
      end,
    }
    local calls = {}
    for id = 1, 3 do
      calls[id] = engine:start("unshare", {})
      engine:step() -- each has a key of its own
    end
    for _, id in ipairs { 2, 3, 1 } do
      core:answer(id, { status = 403, body = ('{"detail":"of sk_%d"}'):format(id) })
    end
    engine:step()
    for id = 1, 3 do
      assert.are.equal("of [secret]", select(2, calls[id]:result()).message)
    end
  end)

  it("shows no other secret, whether the key is shown or not", function()
    for _, key in ipairs { "sk_1", "pa55word" } do
      local engine, core = world {
        api_key = key,
        mask = require("elevenlabs.workspace.secrets").masker { "pa55word" },
      }
      local plain, other = engine:start("unshare", {}), engine:start("unshare", {})
      engine:step()
      core:answer(1, { body = '{"status":"ok"}', headers = { ["request-id"] = "pa55word" } })
      core:answer(2, { status = 404, body = '{"detail":"sk_1 and pa55word"}' })
      engine:step()
      local receipt = plain:result()
      assert.are.same({ "[secret]", { status = "ok" } }, { receipt.request_id, receipt.body })
      local message = key == "sk_1" and "[secret] and [secret]" or "sk_1 and [secret]"
      assert.are.equal(message, select(2, other:result()).message)
    end
  end)

  it("builds a call's request once for all its attempts", function()
    local engine, core, pass = world { max_attempts = 3 }
    local prepare, built = core.prepare, 0
    function core.prepare(...)
      built = built + 1
      return prepare(...)
    end
    local call = engine:start("unshare", {})
    for id = 1, 2 do
      engine:step()
      core:answer(id, { status = 500 })
      engine:step()
      pass(1000)
    end
    engine:step()
    core:answer(3)
    engine:step()
    assert.are.same({ 3, 1 }, { call:result().attempts, built })
  end)

  it("asks a function that gives an empty key, and ends", function()
    local engine, core = world {
      api_key = function()
        return ""
      end,
    }
    function core.send()
      return nil, { kind = "invalid_argument", field = "api_key", message = "empty" }
    end
    local call = engine:start("unshare", {})
    engine:step()
    assert.are.equal("empty", select(2, call:result()).message)
  end)

  it("takes what backs off before what was never sent", function()
    local engine, core, pass = world { max_attempts = 4, max_concurrency = 1 }
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

  it("takes the soonest first", function()
    local engine, core, pass = world { max_attempts = 4, max_concurrency = 4 }
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

  it("lets no single call wait for a run's probe", function()
    local engine, core, pass = world { max_concurrency = 4, max_attempts = 4 }
    engine.throttle.budget.tokens = 6
    local call = engine:start("unshare", {})
    engine:start("unshare", {}, patient())
    engine:step()
    core:answer(1, { status = 500 })
    engine:step()
    core:answer(2, { status = 500 })
    engine:step() -- the first backs off for 125 ms, the second for a second
    assert.are.equal(engine.now() + 125, core.wake)
    pass(125)
    engine:step()
    core:answer(3)
    engine:step()
    assert.is_true(call:done())
  end)

  it("probes with what was not tried yet", function()
    local engine, core, pass = world()
    local group = patient { max_attempts = 8 }
    engine.throttle.budget.tokens = 1
    engine:start("unshare", { number = 1 }, group)
    engine:step()
    core:answer(1, { status = 500 })
    engine:step()
    engine:start("unshare", { number = 2 }, group)
    pass(1000)
    engine:step()
    assert.are.equal(2, core.attempts[2].args.number)
  end)
end)
