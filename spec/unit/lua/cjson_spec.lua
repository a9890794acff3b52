-- lua-cjson in a program that holds another copy of it.

local process = require "spec.support.process"

--- Run code in such a program.
local function run(code)
  return process.run({ os.getenv "SPEC_LUA", "-e", code }, {
    env = { LD_PRELOAD = os.getenv "SPEC_PRELOAD" .. "/other_cjson.so" },
  })
end

describe("cjson", function()
  if not os.getenv("SPEC_LUA"):find "san/" then -- the sanitizers let no library be loaded apart
    it("calls its own functions and not those of the program's copy", function()
      local code, out, err = run [[
        local json = require "elevenlabs.workspace.json"
        local text, written = ("/\n\195\164"):rep(3000), ("/\\n\195\164"):rep(3000)
        print(json.encode { text } == '["' .. written .. '"]')
        print(#require "cjson".decode('["' .. ("\\n"):rep(3000) .. '"]')[1])
      ]]
      assert.are.same({ 0, "true\n3000\n", "" }, { code, out, err })
    end)
  end

  it("that writes garbage, as it was loaded before, is an error that says so", function()
    local code, out, err = run [[
      require "cjson"
      print(select(2, pcall(require, "elevenlabs.workspace.json")))
    ]]
    assert.are.same({ 0, "" }, { code, err })
    assert.matches("elevenlabs.workspace: lua-cjson reads and writes garbage", out, 1, true)
  end)
end)
