local cjson = require "cjson"
local json = require "elevenlabs.workspace.json"

describe("json", function()
  local cases = {
    { { b = 1, a = "x" }, '{"a":"x","b":1}' },
    { { 1, { 2 }, "three" }, '[1,[2],"three"]' },
    { { status = 429.0, ms = 0.25 }, '{"ms":0.25,"status":429}' },
    { { url = "https://x/y", back = "\\" }, '{"back":"\\\\","url":"https://x/y"}' },
    { { role_to_group_ids = { admin = {}, role_x = { "a" } } },
      '{"role_to_group_ids":{"admin":[],"role_x":["a"]}}' },
    { { share_options = {}, other = {} }, '{"other":{},"share_options":[]}' },
    { { rows = json.list {}, one = json.list { 1 } }, '{"one":[1],"rows":[]}' },
    { { none = cjson.null, yes = true }, '{"none":null,"yes":true}' },
    { { 0.1, 1 / 3, 2.688, 1e300, 1 / 0, 0 / 0 },
      "[0.1,0.33333333333333331,2.688,1e+300,null,null]" },
    { "a\n\"", '"a\\n\\""' },
  }
  for _, case in ipairs(cases) do
    it("writes " .. case[2], function()
      assert.are.equal(case[2], json.encode(case[1]))
      assert.is_truthy(cjson.decode("[" .. json.encode(case[1]) .. "]"))
    end)
  end
end)
