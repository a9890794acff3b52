-- A JSON object from Lua tables.

local cjson = require "cjson"
local core = require "elevenlabs.workspace.core"

describe("json_object", function()
  it("writes fields of any length", function()
    for _, length in ipairs { 1000, 1018, 1020, 70000 } do -- where a buffer on the stack ends
      local half = math.floor(length / 2)
      local text = ("\1x"):rep(half)
      local expected = '{"a":"' .. ("\\u0001x"):rep(half) .. '"}'
      assert.are.equal(expected, core.json_object({ "a" }, { a = text }))
      text = ("x"):rep(length)
      assert.are.equal('{"a":"' .. text .. '"}', core.json_object({ "a" }, { a = text }))
    end
  end)

  it("writes fields as JSON, in the order of their names", function()
    local names = { "text", "none", "number", "yes", "no", "null", "last" }
    local values =
      { last = "", number = 429, yes = true, no = false, null = cjson.null, other = "x" }
    values.text = 'a"b\\c/\0\1\n\31\127\195\164' .. ("long "):rep(5000)
    local json = core.json_object(names, values)
    assert.are.same(
      { last = "", number = 429, yes = true, text = values.text },
      cjson.decode(json)
    )
    local text = [[{"text":"a\"b\\c/\u0000\u0001\u000a\u001f]] .. "\127\195\164long "
    assert.are.equal(text, json:sub(1, #text))
    assert.matches('long ","number":429,"yes":true,"last":""}$', json)
    assert.are.equal('{"a":1,"b":"2"}', core.json_object({ "a" }, { a = 1 }, { "b" }, { b = "2" }))
    assert.has_error(function()
      core.json_object({ "a" }, { a = 1 }, { "b" })
    end)
    local trap = setmetatable({}, { __index = error })
    assert.are.equal("{}", core.json_object(names, trap))
    local ends = { low = -9007199254740991, zero = 0, high = 9007199254740991 }
    assert.are.equal(
      '{"low":-9007199254740991,"zero":0,"high":9007199254740991}',
      core.json_object({ "low", "zero", "high" }, ends)
    )
  end)
end)
