-- The layers are enforced, not only drawn.

local process = require "spec.support.process"

local function lint_with(file, line)
  local folder = os.tmpname()
  os.remove(folder)
  local code, out = process.run {
    "sh",
    "-c",
    [[
      set -e
      mkdir "$1" && cp -r .ci .clang-format .luacheckrc csrc lua spec examples "$1"
      cd "$1" && touch "$2" && printf '%s\n' "$3" | cat - "$2" >changed && mv changed "$2"
      LINT_ONLY=layers sh .ci/lint
    ]],
    "lint",
    folder,
    file,
    line,
  }
  os.execute(("rm -rf '%s'"):format(folder))
  return code, out
end

describe("lint", function()
  it("passes the tree as it is", function()
    local code, out = lint_with("csrc/base/buffer.c", "/* nothing */")
    assert.are.same({ 0, "" }, { code, out })
  end)

  it("fails where a file outside the transport includes curl", function()
    local code, out = lint_with("csrc/api/response.c", "#include <curl/curl.h>")
    assert.are.equal(1, code)
    assert.matches("csrc/api/response.c includes curl", out, 1, true)
  end)

  it("fails where a file outside the binding includes Lua", function()
    local code, out = lint_with("csrc/transport/transport.c", "#include <lua.h>")
    assert.are.equal(1, code)
    assert.matches("csrc/transport/transport.c includes Lua", out, 1, true)
  end)

  it("fails where a layer includes a higher one", function()
    local code, out = lint_with("csrc/api/request.c", '#include "transport/transport.h"')
    assert.are.equal(1, code)
    assert.matches("csrc/api/request.c uses transport/transport.h, a layer above", out, 1, true)
  end)

  it("fails where a file is in no folder", function()
    local code, out = lint_with("csrc/stray.c", '#include "base/error.h"')
    assert.are.equal(1, code)
    assert.matches("csrc/stray.c is in stray.c, which is no layer", out, 1, true)
  end)

  it("fails where an include does not say its layer", function()
    local code, out = lint_with("csrc/transport/poller.c", '#include "poller.h"')
    assert.are.equal(1, code)
    assert.matches("csrc/transport/poller.c uses poller.h, which is in no layer", out, 1, true)
  end)

  it("fails where a module requires one of a higher layer", function()
    local line = 'local bulk = require "elevenlabs.workspace.bulk"'
    local code, out = lint_with("lua/elevenlabs/workspace/items/csv.lua", line)
    assert.are.equal(1, code)
    assert.matches("items/csv.lua uses elevenlabs.workspace.bulk, a layer above", out, 1, true)
  end)

  it("fails where a module requires one of a folder that is no layer", function()
    local line = 'require "elevenlabs.workspace.odd.one"'
    local code, out = lint_with("lua/elevenlabs/workspace/cli.lua", line)
    assert.are.equal(1, code)
    assert.matches("cli.lua uses elevenlabs.workspace.odd.one, which is in no layer", out, 1, true)
  end)

  it("fails where the library calls exit", function()
    local code = lint_with("csrc/base/error.c", "static void f(void) { exit(1); }")
    assert.are.equal(1, code)
  end)
end)
