-- A record of a journal from Lua tables.

local cjson = require "cjson"
local text_of = require("spec.support.records").text

describe("a record", function()
  it("has fields of any length", function()
    for _, length in ipairs { 1000, 1018, 1020, 60000 } do -- where a buffer on the stack ends
      local text = ("x"):rep(length)
      assert.are.equal('{"a":"' .. text .. '"}', text_of({ "a" }, { a = text }))
      local half = math.floor(math.min(length, 16000) / 2)
      local expected = '{"a":"' .. ("\\u0001x"):rep(half) .. '"}'
      assert.are.equal(expected, text_of({ "a" }, { a = ("\1x"):rep(half) }))
    end
  end)

  it("has fields as JSON, in the order of their names", function()
    local names = { "text", "none", "number", "yes", "no", "null", "last" }
    local values =
      { last = "", number = 429, yes = true, no = false, null = cjson.null, other = "x" }
    values.text = 'a"b\\c/\0\1\n\31\127\195\164' .. ("long "):rep(5000)
    local json = text_of(names, values)
    assert.are.same(
      { last = "", number = 429, yes = true, text = values.text },
      cjson.decode(json)
    )
    local text = [[{"text":"a\"b\\c/\u0000\u0001\u000a\u001f]] .. "\127\195\164long "
    assert.are.equal(text, json:sub(1, #text))
    assert.matches('long ","number":429,"yes":true,"last":""}$', json)
    assert.are.equal('{"a":1,"b":"2"}', text_of({ "a" }, { a = 1 }, { "b" }, { b = "2" }))
    local ends = { low = -9007199254740991, zero = 0, high = 9007199254740991 }
    assert.are.equal(
      '{"low":-9007199254740991,"zero":0,"high":9007199254740991}',
      text_of({ "low", "zero", "high" }, ends)
    )
  end)

  it("is read raw, and is never empty", function()
    local trap = setmetatable({ a = 1 }, { __index = error })
    assert.are.equal('{"a":1}', text_of({ "a", "b" }, trap))
    assert.error_matches(function()
      text_of({ "b" }, trap)
    end, "not empty")
  end)

  it("takes names and values in pairs, each a table", function()
    for _, fields in ipairs { { { "a" }, { a = 1 }, { "b" } }, { { "a" } }, {}, { { "a" }, 1 } } do
      assert.has_error(function()
        text_of((table.unpack or unpack)(fields))
      end)
    end
  end)
end)
