-- Loading the C module, and the functions that need no core object.

local core = require "elevenlabs.workspace.core"
local process = require "spec.support.process"

describe("module", function()
  it("cannot be loaded where libcurl is too old or lacks what it needs", function()
    for other, message in pairs {
      old = "libcurl 7.87 or newer is needed; an older one was loaded",
      TLS = "the libcurl that was loaded cannot do TLS",
      threads = "the libcurl that was loaded cannot be initialised thread-safely",
    } do
      local code, out, err = process.run({
        os.getenv "SPEC_LUA",
        "-e",
        [[ print(select(2, pcall(require, "elevenlabs.workspace.core"))) ]],
      }, {
        env = {
          LD_PRELOAD = os.getenv "SPEC_PRELOAD" .. "/other_libcurl.so",
          OTHER_LIBCURL = other,
        },
      })
      assert.are.same({ 0, "" }, { code, err })
      assert.matches("elevenlabs.workspace: " .. message, out, 1, true)
    end
  end)

  it("names the version of the libcurl that was loaded", function()
    assert.matches("^%d+%.%d+%.%d+", core.LIBCURL_VERSION)
  end)

  it("tells whether its caller may yield, where Lua knows", function()
    local seen = {}
    coroutine.wrap(function()
      seen[1] = core.is_yieldable()
      table.sort({ 1, 2 }, function(a, b)
        seen[2] = core.is_yieldable()
        return a < b
      end)
    end)()
    local knows = not (_VERSION == "Lua 5.1" and not rawget(_G, "jit")) and _VERSION ~= "Lua 5.2"
    assert.are.same(knows and { true, false } or {}, seen)
  end)
end)
