local cjson = require "cjson"
local text_of = require("spec.support.records").text

describe("json", function()
  it("writes every byte so that a reader gets the same byte", function()
    for byte = 0, 127 do
      local character = string.char(byte)
      for _, text in ipairs { character, "a" .. character, character .. "a" } do
        local json = text_of({ "text" }, { text = text })
        assert.are.equal(text, cjson.decode(json).text, byte)
        assert.is_nil(json:find "[%z\1-\31]", byte)
      end
    end
  end)
end)
