local engines = require "elevenlabs.workspace.engine"

--- A core that answers when the spec says so, and a clock that moves when it says so.
local function world(options)
  local now, core = 1000, { attempts = {}, due = {} }
  function core.validate(_, _, args)
    if args.bad then
      return nil, { kind = "invalid_argument", field = "bad", message = "bad" }
    end
    return true
  end
  local function start(op)
    return function(self, args, key)
      local id = #self.attempts + 1
      self.attempts[id] = { op = op, args = args, key = key }
      return id
    end
  end
  core.unshare, core.share, core.get = start "unshare", start "share", start "get"
  function core:answer(id, changes)
    local evidence = {
      id = id,
      sent = true,
      curl_code = 0,
      status = 200,
      head_ended = true,
      whole = true,
      is_text = true,
      body = "{}",
      headers = {},
      message = "",
    }
    for name, value in pairs(changes or {}) do
      evidence[name] = value
    end
    table.insert(self.due, evidence)
  end
  function core:step()
    local due = self.due
    self.due = {}
    return due
  end
  function core:cancel(id)
    self:answer(id, { curl_code = 42, status = 0, sent = self.attempts[id].left or false })
  end
  function core:wake_at(at)
    self.wake = at
  end
  function core:close()
    return self:step()
  end
  local parts = {
    core = core,
    now = function()
      return now
    end,
    wait = function()
      return "this world cannot wait"
    end,
    api_key = function()
      return "key"
    end,
    mask = engines.masker { "key" },
    max_concurrency = 2,
  }
  for name, value in pairs(options or {}) do
    parts[name] = value
  end
  return engines.new(parts), core, function(ms)
    now = now + ms
  end
end

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
    end)

    it("of the oldest unfinished call, not of one that is done", function()
      local engine, core, pass = world { deadline_ms = 100 }
      engine:start("unshare", {})
      pass(10)
      engine:start("unshare", {})
      engine:step()
      core:answer(1)
      engine:step()
      engine:step()
      assert.are.equal(1110, core.wake)
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
end)
