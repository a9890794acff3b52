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

  it("takes the key of the attempt out of its answer, whichever key others have", function()
    local asked = 0
    local engine, core = world {
      api_key = function()
        asked = asked + 1
        return "sk_" .. asked
      end,
    }
    for id = 1, 6, 2 do
      local calls = { engine:start("unshare", {}), engine:start("unshare", {}) }
      engine:step()
      for i = 0, 1 do
        core:answer(id + i, { status = 403, body = ('{"detail":"of sk_%d"}'):format(id + i) })
      end
      engine:step()
      for i = 1, 2 do
        assert.are.equal("of [secret]", select(2, calls[i]:result()).message)
      end
    end
  end)

  it("shows no other secret, whether the key is shown or not", function()
    for _, key in ipairs { "sk_1", "pa55word" } do
      local engine, core = world {
        api_key = key,
        mask = require("elevenlabs.workspace.secrets").masker { "ok", "pa55word" },
      }
      local plain, other = engine:start("unshare", {}), engine:start("unshare", {})
      engine:step()
      core:answer(1, { body = '{"status":"ok"}', headers = { ["request-id"] = "pa55word" } })
      core:answer(2, { status = 404, body = '{"detail":"sk_1 and pa55word"}' })
      engine:step()
      local receipt = plain:result()
      assert.are.same({ "[secret]", { status = "[secret]" } }, { receipt.request_id, receipt.body })
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
