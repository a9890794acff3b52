-- `make parts` does the same with 100,000 items.

local parts = require "spec.proof.parts.parts"

describe("a list in parts", function()
  it("loses no item and does none twice, though a run is killed and begun again", function()
    local result = parts.run(4, 6000, 1)
    assert.are.same({ lost = 0, twice = 0, killed = 1, wrong = {} }, {
      lost = result.lost,
      twice = result.twice,
      killed = result.killed,
      wrong = result.wrong,
    })
    assert.are.equal(0, result.report.code, result.report.said)
    assert.matches("\nNothing is left: all 6000 items of ", result.report.said, 1, true)
    assert.matches("\ntotal 6000 confirmed 6000 ", result.report.said, 1, true)
  end)
end)
