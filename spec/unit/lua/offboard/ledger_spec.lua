local ledgers = require "elevenlabs.workspace.offboard.ledger"
local reading = require "elevenlabs.workspace.offboard.reading"

local A = { resource_id = "a", resource_type = "voice" }

local function with(fields)
  local record = { resource_id = "a", resource_type = "voice" }
  for name, value in pairs(fields) do
    record[name] = value
  end
  return record
end

describe("offboard ledger", function()
  local ledger, row

  before_each(function()
    ledger = ledgers.new()
    ledger:take_plan {
      rows = { with { roles = { "editor", "viewer" }, action = "remove", name = "A" } },
      header = {},
      given = { { resource_id = "song", resource_type = "songs" } },
      reading = reading.new { by = "plan" },
    }
    row = ledger:find(A)
  end)

  local function begin(command, number)
    ledger:take { began = command, number = number, at = "t" .. number, s = 100 * number }
  end

  local function decide(decision, round, fields)
    local record = with(fields or {})
    record.decision, record.round = decision, round
    ledger:take(record)
  end

  --- A round that removed the row's roles.
  local function remove(round, outcome)
    begin("apply", round)
    decide("remove", round, { roles = { "editor", "viewer" } })
    ledger:take_result(round, "unshare", A, { outcome = outcome or "confirmed", at = "then" })
  end

  it("has the rows of the plan, each once, and the resources that the caller named", function()
    assert.are.equal(row, ledger:row(A))
    assert.are.same({ "editor", "viewer" }, { row.roles[1], row.roles[2] })
    assert.are.equal("A", row.name)
    assert.is_nil(ledger:find { resource_id = "a", resource_type = "dubbing" })
    ledger:row { resource_id = "a", resource_type = "dubbing" }
    assert.are.same({
      { resource_id = "a", resource_type = "voice" },
      { resource_id = "a", resource_type = "dubbing" },
      { resource_id = "song", resource_type = "songs" },
    }, ledger:items())
  end)

  it("takes a result with all that the server answered", function()
    begin("apply", 2)
    decide("remove", 2, { roles = { "editor", "viewer" } })
    ledger:take_result(2, "unshare", A, {
      outcome = "confirmed",
      status = 200,
      request_id = "r1",
      attempts = 2,
      at = "then",
    })
    assert.are.same({ "confirmed", 200, "r1", 2, "then" }, {
      row.outcome,
      row.status,
      row.request_id,
      row.attempts,
      row.at,
    })
    assert.are.same({ round = 2, roles = { "editor", "viewer" }, at = "then" }, row.removed)
    assert.is_true(ledgers.is_removed(row))
    assert.are.equal("editor", ledgers.role_to_give_back(row))
  end)

  it("counts no refused removal as removed", function()
    remove(2, "refused")
    assert.are.same({ "refused", false }, { row.outcome, ledgers.is_removed(row) })
  end)

  it("counts an unconfirmed removal as removed, as undo must look at it", function()
    remove(2, "unconfirmed")
    assert.are.same({ true, true }, { ledgers.is_doubtful(row), ledgers.is_removed(row) })
  end)

  it("says why a row was not removed, and keeps what an earlier round did", function()
    decide("changed", 2)
    assert.are.same(
      { "not_sent", "the roles changed since the plan" },
      { row.outcome, row.why }
    )
    decide("withheld", 3, { why = "no grant" })
    assert.are.equal("no grant", row.why)
    remove(4)
    decide("gone", 5)
    assert.are.equal("confirmed", row.outcome)
  end)

  it("takes each removal of a killed round without an answer for unconfirmed", function()
    local other = { resource_id = "b", resource_type = "voice" }
    ledger:row(other)
    remove(2)
    decide("remove", 2, { resource_id = "b", roles = { "viewer" } })
    ledger:take_unanswered(2, "the command was killed before the answer came")
    assert.are.equal("confirmed", row.outcome)
    local lost = ledger:find(other)
    assert.are.same({ "unconfirmed", true, true }, {
      lost.outcome,
      ledgers.is_doubtful(lost),
      ledgers.is_removed(lost),
    })
    assert.matches("killed before the answer came", lost.why)
  end)

  it("knows what undo gave back, until a later round removes it again", function()
    remove(2)
    begin("undo", 3)
    ledger:take_result(3, "share", A, { outcome = "confirmed", role = "editor", at = "then" })
    assert.are.same({ true, false }, { ledgers.is_given_back(row), ledgers.is_removed(row) })
    assert.are.equal("editor", row.given_back.role)
    assert.is_nil(row.granted)
    remove(4)
    assert.are.same({ false, true }, { ledgers.is_given_back(row), ledgers.is_removed(row) })
  end)

  it("takes a share of apply for the successor's", function()
    begin("apply", 2)
    ledger:take_result(2, "share", A, { outcome = "refused", role = "editor", message = "no" })
    assert.are.same({ role = "editor", outcome = "refused", why = "no" }, row.granted)
    assert.is_nil(row.given_back)
  end)

  it("says why undo gave nothing back", function()
    remove(2)
    begin("undo", 3)
    ledger:take(with { undo = true, role = "editor", round = 3, why = "a role again" })
    assert.are.same({ "not_sent", "a role again" }, { row.given_back.outcome, row.given_back.why })
    assert.is_true(ledgers.is_removed(row))
  end)

  it("has the reading of the last verify that ended", function()
    begin("verify", 2)
    ledger:take(with { verify = 2, seen = "still_there", roles = { "editor" } })
    ledger:take { verify = 2, complete = true }
    assert.are.same({ "plan" }, { ledger.reading.by, row.seen })
    ledger:take { ended = 2, at = "then" }
    assert.are.same({ "verify", "t2", true, "still_there" }, {
      ledger.reading.by,
      ledger.reading.at,
      ledger.reading.is_complete,
      row.seen,
    })
    begin("verify", 3) -- saw nothing of the row
    ledger:take { ended = 3, at = "then" }
    assert.are.same({ false }, { ledger.reading.is_complete, row.seen })
  end)

  it("after a new plan has the plan's reading, and the removal is yet to be made", function()
    remove(2)
    begin("verify", 3)
    ledger:take(with { verify = 3, seen = "gone" })
    ledger:take { ended = 3, at = "then" }
    begin("plan", 4)
    ledger:take { ended = 4, at = "then" }
    assert.are.equal("verify", ledger.reading.by) -- the plan at hand is an older one
    ledger.plan.header.number = 5
    begin("plan", 5)
    ledger:take { ended = 5, at = "then" }
    assert.are.same({ "plan" }, { ledger.reading.by, row.seen, row.outcome })
    assert.is_true(ledgers.is_removed(row))
    decide("changed", 6)
    assert.are.equal("not_sent", row.outcome)
  end)

  it("knows who ran which command, and which did not end", function()
    ledger:take { began = "apply", number = 2, at = "t", s = 7, operator = "root", host = "h" }
    begin("verify", 3)
    ledger:take { ended = 3, at = "u" }
    assert.are.same({
      { command = "apply", number = 2, began_at = "t", began_s = 7, operator = "root", host = "h" },
      { command = "verify", number = 3, began_at = "t3", began_s = 300, ended_at = "u" },
    }, ledger.commands)
  end)
end)
