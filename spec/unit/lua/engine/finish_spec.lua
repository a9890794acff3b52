local world = require("spec.support.world").new

describe("the end of a call", function()
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
      call = 1,
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
    engine:start("unshare", {}):cancel()
    local call = engine:start("unshare", {})
    engine:step()
    core:answer(1, { status = 503, body = '{"detail":{"code":"system_busy","message":"busy"}}' })
    engine:step()
    local receipt, err = call:result()
    assert.is_nil(receipt)
    assert.are.same(
      { "unconfirmed", 2, "server", 503, "system_busy", "busy", true, 1 },
      { err.outcome, err.call, err.kind, err.status, err.code, err.message, err.retryable,
        err.attempts }
    )
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

  it("is ambiguous or unconfirmed if an earlier attempt may have been applied", function()
    for _, row in ipairs {
      { { status = 404 }, "refused", true },
      { { sent = false, status = 0, curl_code = 60 }, "unconfirmed" },
    } do
      local engine, core, pass = world { max_attempts = 4 }
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

  it("shows no key where the core quotes it", function()
    local engine, core = world()
    function core.validate()
      return nil, { kind = "invalid_argument", message = "what is key?" }
    end
    assert.are.equal("what is [secret]?", select(2, engine:start("unshare", {})).message)
  end)
end)
