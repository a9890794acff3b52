local keys = require "elevenlabs.workspace.engine.key"
local secrets = require "elevenlabs.workspace.secrets"

local mask = secrets.masker { "proxy_password" }

describe("key", function()
  it("is the user's string, with a mask for it and the other secrets", function()
    local key = keys.new("sk_1", mask)
    local text, mask_key = key.get()
    assert.are.same({ false, "sk_1" }, { key.is_asked, text })
    assert.are.equal("[secret] and [secret]", mask_key "sk_1 and proxy_password")
  end)

  it("may be none", function()
    local key = keys.new(false, mask)
    assert.are.same({ false, mask }, { key.get() })
    key = keys.new(function()
      return false
    end, mask)
    assert.are.same({ false, mask }, { key.get() })
  end)

  it("is asked for anew each time if a function gives it", function()
    local asked = 0
    local key = keys.new(function()
      asked = asked + 1
      return "sk_" .. asked
    end, mask)
    assert.is_true(key.is_asked)
    for i = 1, 2 do
      local text, mask_key = key.get()
      assert.are.equal("sk_" .. i, text)
      assert.are.equal("[secret] and [secret]", mask_key("sk_" .. i .. " and proxy_password"))
    end
  end)

  it("is known if it is a string, or once the function gave it", function()
    assert.are.equal("sk_1", keys.new("sk_1", mask).known())
    local given = "sk_1"
    local key = keys.new(function()
      return given
    end, mask)
    assert.are.same({ false, "sk_1" }, { key.known(), key.mask "sk_1" })
    key.get()
    assert.are.same({ "sk_1", "[secret] sk_2" }, { key.known(), key.mask "sk_1 sk_2" })
    given = "sk_2"
    key.get()
    given = nil
    assert.is_nil((key.get()))
    assert.are.same({ "sk_2", "sk_1 [secret]" }, { key.known(), key.mask "sk_1 sk_2" })
    assert.are.equal("[secret]", key.mask "proxy_password")
  end)

  it("is in no field", function()
    for _, api_key in ipairs {
      "sk_1",
      function()
        return "sk_1"
      end,
    } do
      local key = keys.new(api_key, mask)
      key.get()
      for _, value in pairs(key) do
        assert.are_not.equal("sk_1", value)
      end
    end
  end)

  it("is a failure if the function raises or gives nonsense", function()
    for message, api_key in pairs {
      ["api_key raised an error"] = function()
        error "no vault: sk_1"
      end,
      ["api_key must give a string (or false for none), got nil"] = function() end,
      ["api_key must give a string (or false for none), got number"] = function()
        return 7
      end,
    } do
      local text, failure = keys.new(api_key, mask).get()
      assert.is_nil(text)
      assert.are.same({ kind = "invalid_argument", field = "api_key", message = message }, failure)
    end
  end)
end)
