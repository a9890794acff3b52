local groups = require "elevenlabs.workspace.offboard.report.groups"

local CONFIRMED, REFUSED = { outcome = "confirmed" }, { outcome = "refused" }

describe("the groups of a report's rows", function()
  for _, case in ipairs {
    { "gone", { action = "remove", outcome = "confirmed", read_back = "gone" } },
    { "gone", { action = "remove", read_back = "gone" } },
    { "planned", { action = "remove" } },
    { "planned", { action = "remove", read_back = "still_there" } },
    { "gone", { action = "remove", outcome = "not_sent", seen = "gone" } },
    {
      "gone",
      { action = "remove", outcome = "confirmed", read_back = "still_there", seen = "gone" },
    },
    { "gone", { action = "remove", outcome = "not_sent", seen = "resource_gone" } },
    {
      "open",
      { action = "remove", outcome = "confirmed", read_back = "gone", seen = "still_there" },
    },
    { "open", { action = "remove", outcome = "confirmed", read_back = "gone", seen = "changed" } },
    {
      "open",
      { action = "remove", outcome = "confirmed", read_back = "gone", seen = "unreadable" },
    },
    { "open", { seen = "new" } },
    { "gone", { outcome = "confirmed", seen = "gone" } },
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
    local outcome, seen = tostring(row.outcome), tostring(row.seen or row.read_back)
    it(("put %s, %s, %s into %s"):format(tostring(row.action), outcome, seen, case[1]), function()
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
