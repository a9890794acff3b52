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
    assert.matches("csrc/api/request.c includes transport/transport.h, a layer above", out, 1, true)
  end)

  it("fails where a file is in no folder", function()
    local code, out = lint_with("csrc/stray.c", "/* nothing */")
    assert.are.equal(1, code)
    assert.matches("a file of csrc/ is in no folder", out, 1, true)
  end)

  it("fails where an include does not say its layer", function()
    local code, out = lint_with("csrc/transport/poller.c", '#include "poller.h"')
    assert.are.equal(1, code)
    assert.matches("csrc/transport/poller.c includes poller.h, which names no folder", out, 1, true)
  end)

  it("fails where the library calls exit", function()
    local code = lint_with("csrc/base/error.c", "static void f(void) { exit(1); }")
    assert.are.equal(1, code)
  end)
end)
