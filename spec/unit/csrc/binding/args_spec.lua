-- From Lua tables to C structs.

local cjson = require "cjson"
local core = require "elevenlabs.workspace.core"

describe("args", function()
  it("has every type for arguments that name the option", function()
    local _, failure = core.new { base_url = "https://x.example", max_concurrency = "8" }
    assert.are.equal("max_concurrency", failure.field)
    _, failure = core.new {}
    assert.are.equal("base_url", failure.field)
  end)
  local upvalueid = rawget(debug, "upvalueid")
  if upvalueid then -- else Lua has no light userdata to give
    it("takes only JSON's null for no argument", function()
      local handle = assert(core.new { base_url = "https://127.0.0.1:1" })
      local other = upvalueid(function()
        return cjson
      end, 1)
      local args = { resource_id = "x", resource_type = "voice", user_email = cjson.null }
      assert.is_true(handle:validate("get", args))
      args.user_email = other
      local _, failure = handle:validate("get", args)
      assert.are.equal("user_email must be a string, got userdata", failure.message)
      handle:close()
    end)
  end
end)
