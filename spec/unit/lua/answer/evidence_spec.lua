-- Evidence that is made in Lua has the fields of the core in C, and is handed over as there.

local cjson = require "cjson"
local core = require "elevenlabs.workspace.core"
local evidences = require "elevenlabs.workspace.answer.evidence"

--- The types of all fields, those that are read through the metatable included.
local function types_of(evidence)
  local types = {}
  for _, fields in ipairs { getmetatable(evidence).__index, evidence } do
    for name, value in pairs(fields) do
      types[name] = type(value)
    end
  end
  return types
end

--- Evidence of the core, of an attempt that was never sent.
local function real_evidence()
  local handle = assert(core.new { base_url = "https://127.0.0.1:1" })
  local args = { resource_id = "x", resource_type = "voice", user_email = "x@example.com" }
  assert(handle:send(assert(handle:prepare("unshare", args)), "key", 1))
  local _, _, others = handle:close()
  return others[1]
end

describe("evidence", function()
  it("has the fields of evidence of the core", function()
    local real = real_evidence()
    local made = evidences.cancelled("unshare", 1)
    assert.are.same(types_of(real), types_of(made))
    assert.are.equal(real.proof, made.proof)
    assert.is_string(real.proof)
  end)

  it("is that of a confirmation if nothing else is said, as in the core", function()
    local usual = getmetatable(real_evidence()).__index
    local made = evidences.new("unshare", {})
    for name, value in pairs(usual) do
      assert.are.same(value, made[name], name)
    end
    assert.are.same({ true, '{"status":"ok"}' }, { made.proof, made.body })
  end)

  it("keeps the fields that are given, and judges the answer", function()
    local headers = { ["request-id"] = "r" }
    local made = evidences.new("share", { status = 503, headers = headers, body = "\1" })
    assert.are.same({ 503, headers, false }, { made.status, made.headers, made.is_text })
    assert.are.equal(core.judge("share", made), made.proof)
    local proof = evidences.new("share", { proof = true, body = "4", whole = false }).proof
    assert.are.equal("nothing proves that the answer arrived whole", proof)
    assert.is_true(evidences.new("get", { body = "[4]", whole = false }).proof)
    assert.is_true(evidences.new("connect", { status = 500 }).proof)
  end)

  describe("shows the key if", function()
    local shown = {
      ["the body holds it"] = { body = '{"a":"sk_1"}' },
      ["a header holds it"] = { headers = { date = "sk_1", ["request-id"] = "r" } },
      ["the message holds it"] = { message = "sk_1?", curl_code = 7 },
      ["the body holds an escape"] = { body = '{"a":"\\u0041"}' },
      ["the body holds an entity"] = { body = "<p>&#65;</p>" },
    }
    for what, fields in pairs(shown) do
      it(what, function()
        assert.is_true(evidences.new("share", fields, "sk_1").shows_key)
        assert.is_nil(rawget(evidences.new("share", fields, nil), "shows_key"))
      end)
    end

    it("but not otherwise", function()
      local made = evidences.new("share", { headers = { date = "sk_" } }, "sk_1")
      assert.is_false(made.shows_key)
    end)
  end)

  describe("is handed over", function()
    local ID, MAXIMUM = "request-id", "maximum-concurrent-requests"

    it("as plain confirmations in an array that is used again, if it is one", function()
      local divide = evidences.divider()
      local plain, count, others = divide {
        evidences.new("unshare", { slot = 3, body = "", elapsed_ms = 5, headers = { [ID] = "r" } }),
        evidences.new("unshare", { slot = 1, body = "{}" }),
        evidences.new("share", { slot = 2 }, "key"),
      }
      assert.are.same({ { 3, "r", 0, 5, 2, false, 2, 0 }, 2 }, { plain, count })
      assert.are.same({ 1, 1 }, { #others, others[1].slot })
      local again, none, nothing = divide {}
      assert.are.equal(plain, again)
      assert.are.same({ 0, {} }, { none, nothing })
      divide { evidences.new("unshare", { slot = 9, body = "null" }) }
      assert.are.same({ 9, false, 1, 0 }, { plain[1], plain[2], plain[3], plain[4] })
    end)

    local others = {
      ["a read"] = { "get", { body = "null" } },
      ["a list"] = { "list", { body = "null" } },
      ["a connection"] = { "connect", { body = "" } },
      ["an empty body that is not whole"] = { "unshare", { body = "", whole = false } },
      ["another status"] = { "unshare", { status = 204, body = "" } },
      ["another body"] = { "unshare", { body = '{"status": "ok"}' } },
      ["one that was sent twice"] = { "unshare", { resent = true } },
      ["one that shows the key"] = { "unshare", {}, "ok" },
      ["one whose request id shows the key"] = { "unshare", { headers = { [ID] = "k" } }, "k" },
    }
    for what, row in pairs(others) do
      it("as evidence if it is " .. what, function()
        local _, count, list = evidences.divider() { evidences.new(row[1], row[2], row[3]) }
        assert.are.same({ 0, 1 }, { count, #list })
      end)
    end

    it("as evidence if the server names a maximum that it did not name last", function()
      local divide, counts = evidences.divider(), {}
      for i, maximum in ipairs { "5", "5", "", "5", "7", "5", "5" } do
        local headers = { [MAXIMUM] = maximum ~= "" and maximum or nil }
        counts[i] = select(2, divide { evidences.new("unshare", { headers = headers }) })
      end
      assert.are.same({ 0, 1, 1, 1, 0, 0, 1 }, counts)
    end)
  end)

  it("gives the body of a plain confirmation, each its own", function()
    assert.is_nil(evidences.body_of(0))
    assert.are.equal(cjson.null, evidences.body_of(1))
    assert.are.same({ status = "ok" }, evidences.body_of(2))
    assert.are_not.equal(evidences.body_of(2), evidences.body_of(2))
  end)
end)
