local groups = require "elevenlabs.workspace.offboard.report.groups"

local CONFIRMED, REFUSED = { outcome = "confirmed" }, { outcome = "refused" }

describe("the groups of a report's rows", function()
  for _, case in ipairs {
    { "gone", { action = "remove", outcome = "confirmed", read_back = "gone" } },
    { "gone", { action = "remove", read_back = "gone" } },
    { "planned", { action = "remove" } },
    { "planned", { action = "remove", read_back = "still_there" } },
    { "planned", { action = "remove", read_back = "unreadable" } },
    { "open", { action = "remove", outcome = "confirmed" } },
    { "open", { action = "remove", outcome = "confirmed", read_back = "still_there" } },
    { "open", { action = "remove", outcome = "confirmed", read_back = "unreadable" } },
    { "open", { action = "remove", outcome = "refused", read_back = "gone" } },
    { "open", { action = "remove", outcome = "unconfirmed", read_back = "gone" } },
    { "open", { action = "remove", outcome = "not_sent" } },
    {
      "open",
      { action = "remove", outcome = "confirmed", read_back = "gone", granted = REFUSED },
    },
    {
      "gone",
      { action = "remove", outcome = "confirmed", read_back = "gone", granted = CONFIRMED },
    },
    { "kept", { action = "keep", read_back = "still_there" } },
    {
      "given_back",
      {
        action = "remove",
        outcome = "confirmed",
        read_back = "still_there",
        given_back = CONFIRMED,
      },
    },
    {
      "open",
      { action = "remove", outcome = "confirmed", read_back = "gone", given_back = REFUSED },
    },
  } do
    local row = case[2]
    local outcome, read_back = tostring(row.outcome), tostring(row.read_back)
    it(("put %s, %s, %s into %s"):format(row.action, outcome, read_back, case[1]), function()
      assert.are.equal(case[1], groups.of(row))
    end)
  end

  it("are counted, so that each row counts once", function()
    local counts = groups.count {
      { action = "keep" },
      { action = "remove" },
      { action = "remove" },
    }
    assert.are.same({ open = 0, given_back = 0, planned = 2, gone = 0, kept = 1 }, counts)
  end)
end)
