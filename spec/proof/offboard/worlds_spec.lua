-- `make offboard` plays thousands of worlds.

local plants = require "spec.proof.offboard.plants"
local process = require "spec.support.process"
local report = require "spec.proof.offboard.report"

local WORLDS = os.getenv "SPEC_SLOW_MACHINE" and 20 or 80
local WITH_A_KILL = "1"

--- As `make offboard SEED=n`, in a process of its own: there tables have another order.
local function replay(seed)
  local main = [[require("spec.proof.offboard.report").main()]]
  local code, out = process.run({ os.getenv "SPEC_LUA", "-e", main }, { env = { SEED = seed } })
  assert.are.equal(0, code, out)
  return out
end

describe("in worlds of many kinds", function()
  it("a case misses nothing, and neither claims, takes nor gives too much", function()
    assert.are.same(
      { missed = 0, claimed = 0, taken = 0, undone = 0, broken = 0, failed = {} },
      report.run(WORLDS)
    )
  end)

  it("a world is the same again, request by request", function()
    local log = replay(WITH_A_KILL)
    assert.matches("killed", log, 1, true)
    assert.matches("\nworld 1 holds\n$", log)
    assert.are.equal(log, replay(WITH_A_KILL))
  end)

  describe("a planted bug is found:", function()
    for _, plant in ipairs(plants) do
      it(plant.name, function()
        assert.is_number((report.find(plant)))
      end)
    end
  end)
end)
