-- `make fuzz` looks for much longer.

local process = require "spec.support.process"
local targets = require "spec.proof.fuzz.targets"

local RUNS = os.getenv "SPEC_SLOW_MACHINE" and 300 or 3000
local CASES = os.getenv "SPEC_SLOW_MACHINE" and 200 or 2000

describe("fuzzing", function()
  for _, name in ipairs(targets.NAMES) do
    it(("finds nothing in %s"):format(name), function()
      local files, seed = targets.corpus(name), tostring(os.time())
      local command = process.join({ "build/replay/" .. name, tostring(RUNS), seed }, files)
      local code, out, err = process.run(command)
      assert.are.equal(0, code, "seed " .. seed .. "\n" .. err)
      assert.are.equal(("replayed %d changed %d\n"):format(#files, RUNS), out)
      assert.is_true(#files > 10)
    end)
  end

  it("finds nothing with hostile tables and journal files", function()
    assert.are.same(
      { crashed = 0, leaked = 0, hung = 0, sent = 0, failures = {} },
      targets.hostile(CASES)
    )
  end)
end)
