local cjson = require "cjson"
local core = require "elevenlabs.workspace.core"

describe("json", function()
  it("writes every byte so that a reader gets the same byte", function()
    for byte = 0, 127 do
      local character = string.char(byte)
      for _, text in ipairs { character, "a" .. character, character .. "a" } do
        local json = core.json_object({ "text" }, { text = text })
        assert.are.equal(text, cjson.decode(json).text, byte)
        assert.is_nil(json:find "[%z\1-\31]", byte)
      end
    end
  end)
end)
