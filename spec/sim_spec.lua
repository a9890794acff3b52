-- `make sim` plays thousands of seeds.

local plants = require "spec.sim.plants"
local report = require "spec.sim.report"

local SEEDS = os.getenv "SPEC_SLOW_MACHINE" and 20 or 150

describe("in simulated worlds", function()
  it("every item has one end that is told once, and nothing is falsely confirmed", function()
    assert.are.same(
      { lost = 0, false_confirmed = 0, broken = 0, failed = {} },
      report.run(SEEDS)
    )
  end)

  describe("a planted bug is found:", function()
    for _, plant in ipairs(plants) do
      it(plant.name, function()
        assert.is_number((report.find(plant)))
      end)
    end
  end)
end)
