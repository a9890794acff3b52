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
    local code, out = lint_with("csrc/buffer.c", "/* nothing */")
    assert.are.same({ 0, "" }, { code, out })
  end)

  it("fails where a second file includes curl", function()
    local code, out = lint_with("csrc/response.c", "#include <curl/curl.h>")
    assert.are.equal(1, code)
    assert.matches("csrc/response.c includes curl", out, 1, true)
  end)

  it("fails where a file outside the binding includes Lua", function()
    local code, out = lint_with("csrc/transport.c", "#include <lua.h>")
    assert.are.equal(1, code)
    assert.matches("csrc/transport.c includes Lua", out, 1, true)
  end)

  it("fails where a layer includes a higher one", function()
    local code, out = lint_with("csrc/request.c", '#include "transport.h"')
    assert.are.equal(1, code)
    assert.matches("csrc/request.c includes transport.h, a layer above", out, 1, true)
  end)

  it("fails where a file has no layer", function()
    local code, out = lint_with("csrc/stray.c", "/* nothing */")
    assert.are.equal(1, code)
    assert.matches("csrc/stray.c has no layer", out, 1, true)
  end)

  it("fails where the library calls exit", function()
    local code = lint_with("csrc/error.c", "static void f(void) { exit(1); }")
    assert.are.equal(1, code)
  end)
end)
