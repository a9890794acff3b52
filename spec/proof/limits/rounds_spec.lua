-- `make limits` plays 200 rounds.

local rounds = require "spec.proof.limits.rounds"

local ROUNDS = os.getenv "SPEC_SLOW_MACHINE" and 4 or 14

describe("scripts that share a limit in Redis", function()
  it("never have more in flight, lose no place, and have turns, whatever befalls them", function()
    assert.are.same({ over_limit = 0, lost = 0, starved = 0, texts = {} }, rounds.run(ROUNDS))
  end)
end)
