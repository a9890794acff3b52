local cjson = require "cjson"
local probe = require "probe"

local function args(changes)
  local all = { resource_id = "id1", resource_type = "voice", user_email = "a@example.com" }
  for name, value in pairs(changes or {}) do
    all[name] = value ~= "absent" and value or nil
  end
  return all
end

describe("request", function()
  it("builds an unshare", function()
    local method, target, body, repeatable = probe.request("unshare", args())
    assert.are.equal("POST", method)
    assert.are.equal("/v1/workspace/resources/id1/unshare", target)
    assert.are.same({ resource_type = "voice", user_email = "a@example.com" }, cjson.decode(body))
    assert.is_true(repeatable)
  end)

  it("builds a share, which must not be repeated", function()
    local method, target, body, repeatable = probe.request("share", args { role = "editor" })
    assert.are.equal("POST", method)
    assert.are.equal("/v1/workspace/resources/id1/share", target)
    assert.are.same(
      { resource_type = "voice", user_email = "a@example.com", role = "editor" },
      cjson.decode(body)
    )
    assert.is_false(repeatable)
  end)

  it("builds a get, without a body", function()
    local method, target, body = probe.request("get", args { user_email = "absent" })
    assert.are.equal("GET", method)
    assert.are.equal("/v1/workspace/resources/id1?resource_type=voice", target)
    assert.are.equal("", body)
  end)

  for _, target in ipairs { "user_email", "group_id", "workspace_api_key_id" } do
    it("sends " .. target .. " alone", function()
      local _, _, body = probe.request(
        "unshare",
        args { user_email = "absent", [target] = "someone" }
      )
      assert.are.same({ resource_type = "voice", [target] = "someone" }, cjson.decode(body))
    end)
  end

  it("percent-encodes all but the unreserved characters of an id", function()
    local id = "a b?c#d\\e+f&g;h~i_j.k-l\195\164"
    local _, target = probe.request("unshare", args { resource_id = id })
    assert.are.equal(
      "/v1/workspace/resources/a%20b%3Fc%23d%5Ce%2Bf%26g%3Bh~i_j.k-l%C3%A4/unshare",
      target
    )
  end)

  it("leaves no other byte as it is", function()
    for byte = 0x20, 0x7e do
      local char = string.char(byte)
      if not char:find "[/%%]" then -- which no id may hold
        local _, target = probe.request("unshare", args { resource_id = "x" .. char })
        local sent = char:find "[%w._~-]" and char or ("%%%02X"):format(byte)
        assert.are.equal(("/v1/workspace/resources/x%s/unshare"):format(sent), target)
      end
    end
  end)

  it("writes any text as a JSON string that reads back the same", function()
    local text = [[quote " backslash \ slash / äöü 日本 </script>]] .. "\240\159\152\128"
    local _, _, body = probe.request("unshare", args { user_email = text })
    assert.are.equal(text, cjson.decode(body).user_email)
  end)

  it("builds the longest fields that it accepts", function()
    local longest = ('"'):rep(512)
    local _, target, body = probe.request("unshare", {
      resource_id = longest,
      resource_type = "voice",
      user_email = longest,
    })
    assert.are.equal(#"/v1/workspace/resources//unshare" + 3 * 512, #target)
    assert.are.equal(longest, cjson.decode(body).user_email)
  end)

  it("takes JSON's null for an absent field", function()
    local _, _, body = probe.request("unshare", args { group_id = cjson.null })
    assert.are.same({ resource_type = "voice", user_email = "a@example.com" }, cjson.decode(body))
  end)

  it("says what a role is for", function()
    local _, failure = probe.request("unshare", args { role = "viewer" })
    assert.are.equal("role", failure.field)
    assert.matches("unshare removes any role", failure.message)
    _, failure = probe.request("share", args())
    assert.are.equal("role", failure.field)
    _, failure = probe.request("share", args { role = "admim" })
    assert.matches('did you mean "admin"', failure.message)
  end)
end)
