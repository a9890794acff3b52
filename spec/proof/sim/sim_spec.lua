-- `make sim` plays thousands of seeds.

local plants = require "spec.proof.sim.plants"
local process = require "spec.support.process"
local report = require "spec.proof.sim.report"

local SEEDS = os.getenv "SPEC_SLOW_MACHINE" and 20 or 150
local TWO_JOURNALS = "289" -- a seed that has them, and crashes

--- As `make sim SEED=n`, in a process of its own: there tables have another order.
local function replay(seed)
  local main = [[require("spec.proof.sim.report").main()]]
  local code, out = process.run({ os.getenv "SPEC_LUA", "-e", main }, { env = { SEED = seed } })
  assert.are.equal(0, code, out)
  return out
end

describe("in simulated worlds", function()
  it("every item has one end that is told once, and nothing is falsely confirmed", function()
    assert.are.same(
      { lost = 0, false_confirmed = 0, broken = 0, failed = {} },
      report.run(SEEDS)
    )
  end)

  it("a seed is the same again, event by event", function()
    local log = replay(TWO_JOURNALS)
    assert.matches("\n +[%d.]+  crash: .*\nseed 289 holds\n$", log)
    for _ = 1, 3 do
      assert.are.equal(log, replay(TWO_JOURNALS))
    end
  end)

  describe("a planted bug is found:", function()
    for _, plant in ipairs(plants) do
      it(plant.name, function()
        assert.is_number((report.find(plant)))
      end)
    end
  end)
end)
