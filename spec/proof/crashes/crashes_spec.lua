-- `make crashes` does the same 200 times.

local crashes = require "spec.proof.crashes.crashes"

local CRASHES = os.getenv "SPEC_SLOW_MACHINE" and 3 or 20

describe("a bulk run with a journal", function()
  it("that kill -9 ends at any moment, inline or with a thread, loses nothing and confirms nothing "
    .. "falsely", function()
    local seed = os.time()
    local result = crashes.run(CRASHES, seed)
    assert.are.same(
      { crashes = CRASHES, lost = {}, false_confirmed = {} },
      { crashes = result.crashes, lost = result.lost, false_confirmed = result.false_confirmed },
      "seed " .. seed
    )
  end)
end)
