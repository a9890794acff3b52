local process = require "spec.support.process"
local support = require "spec.support.offboard"

local function show(...)
  return process.run { "elevenlabs-workspace", "offboard", "show", ... }
end

describe("cli.offboard.show", function()
  before_each(support.begin)
  after_each(support.finish)

  it("prints every row of the plan, and the totals of what was done since", function()
    local world = support.world()
    local case = world:plan()
    assert(case:apply(world.client))
    case:close()
    local code, out, err = show(support.path "mia")
    assert.are.same({ 0, "" }, { code, err })
    for _, row in ipairs(case.ledger.rows) do
      assert.matches(("\n  %s %s \""):format(row.resource_type, row.resource_id), out, 1, true)
    end
    assert.matches("\ntotal 9 confirmed 8 refused 1 unconfirmed 0 not_sent 0\n$", out)
  end)

  it("prints nothing, and ends with 2, if one of several folders has no case", function()
    support.world():plan():close()
    local code, out, err = show(support.path "mia", support.path "none")
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("^elevenlabs%-workspace: there is no case in [^\n]*none\n$", err)
  end)

  it("says that a damaged plan is to be made anew", function()
    support.world():plan():close()
    local path = support.path "mia/plan.jsonl"
    support.write(path, (support.read(path):gsub('{"end"[^\n]*\n', "")))
    local code, out, err = show(support.path "mia")
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("has no end: make it anew with plan --again\n", err, 1, true)
  end)

  it("says that another command is at work", function()
    support.world():plan()
    local code, out, err = show(support.path "mia")
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("case.jsonl", err, 1, true)
  end)
end)
