-- `make limits` plays more worlds, and finds all planted bugs.

local plants = require "spec.proof.limits.plants"
local report = require "spec.proof.limits.report"

local WORLDS = os.getenv "SPEC_SLOW_MACHINE" and 5 or 40
local SOME = {
  ["a place is given twice when a client joins"] = true,
  ["two cuts for one overload"] = true,
  ["a lease is renewed after its end"] = true,
  ["a place is lost if a reply is lost"] = true,
  ["a pause that one client never hears of"] = true,
}

describe("in simulated worlds", function()
  it("no more is in flight than the window, no place is lost, and nobody starves", function()
    assert.are.same({}, report.run(WORLDS))
  end)

  for _, plant in ipairs(plants) do
    if SOME[plant.name] then
      it("a planted bug is found: " .. plant.name, function()
        assert.is_number((report.find(plant)))
      end)
    end
  end
end)
