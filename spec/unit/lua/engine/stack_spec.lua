local reserve = require "elevenlabs.workspace.engine.stack"

describe("stack", function()
  it("is reserved by calls that nest so deep", function()
    local deepest, level = 0, 0
    debug.sethook(function(what)
      if debug.getinfo(2, "f").func == reserve then
        level = level + (what == "return" and -1 or 1)
        deepest = math.max(deepest, level)
      end
    end, "cr")
    reserve(5)
    debug.sethook()
    assert.are.same({ 5, 0 }, { deepest, level })
  end)
end)
