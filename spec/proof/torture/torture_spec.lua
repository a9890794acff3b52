-- `make torture` lets memory run out at every point, and this at some.

local process = require "spec.support.process"

local LIMIT_MS = 120000 -- a bound, never a delay

--- -> its last line, and all of it
local function torture(every, operation)
  local child = process.start {
    os.getenv "SPEC_LUA",
    "spec/proof/torture/report.lua",
    tostring(every),
    operation,
  }
  local _, out, err = child:wait(LIMIT_MS)
  return out:match "([^\n]*)\n$", out .. err
end

describe("memory that runs out", function()
  it("leaves the truth, a client that works, and nothing else", function()
    local last, all = torture(os.getenv "SPEC_SLOW_MACHINE" and 97 or 17)
    assert.matches("^OOM (%d+)/%1 poisoned 0 leaks 0$", last or "", nil, all)
  end)

  it("is what a client that cannot be made says, at every point", function()
    local last, all = torture(1, "new")
    assert.matches("^OOM (%d+)/%1 poisoned 0 leaks 0$", last or "", nil, all)
  end)
end)
