local ledgers = require "elevenlabs.workspace.offboard.ledger"
local lefts = require "elevenlabs.workspace.offboard.left"
local reading = require "elevenlabs.workspace.offboard.reading"

local ITEM = { resource_id = "v", resource_type = "voice" }

--- A record of the one row.
local function of_row(fields)
  fields.resource_id, fields.resource_type = ITEM.resource_id, ITEM.resource_type
  return fields
end

describe("offboard left", function()
  local ledger, number

  --- Begin a command, call a function with its number, and end the command.
  local function command(name, act, is_cut)
    number = number + 1
    ledger:take { began = name, number = number, at = "now" }
    act()
    if not is_cut then
      ledger:take { ended = number, at = "now" }
    end
  end

  --- A round: what apply decided, how the removal ended, and what was read back.
  local function apply(decision, outcome, read_back, why)
    command("apply", function()
      ledger:take(of_row { decision = decision, round = number, roles = { "viewer" }, why = why })
      if outcome then
        ledger:take_result(number, "unshare", ITEM, { outcome = outcome, message = why })
      end
      if read_back then
        ledger:take(of_row { read_back = read_back, round = number })
      end
    end, true)
  end

  local function verify(seen)
    command("verify", function()
      ledger:take(of_row { verify = number, seen = seen })
    end)
  end

  local function undo()
    command("undo", function()
      ledger:take_result(number, "share", ITEM, { outcome = "confirmed", role = "viewer" })
    end)
  end

  --- -> why the row is left, or false; how many had a role, went, and were confirmed since
  local function look()
    local left, seen = lefts.rows(ledger)
    return { left[1] and left[1].why_left or false, seen.count, seen.gone, seen.confirmed }
  end

  before_each(function()
    ledger, number = ledgers.new(), 1
    ledger:take_plan {
      rows = { of_row { roles = { "viewer" }, action = "remove" } },
      header = { number = 1 },
      reading = reading.new { by = "plan", at = "then", number = 1 },
    }
    ledger:take { began = "plan", number = 1, at = "then" }
  end)

  it("is what is planned", function()
    assert.are.same({ "not removed yet", 1, 0, 0 }, look())
  end)

  it("is not what was removed after the last reading", function()
    apply("remove", "confirmed")
    assert.are.same({ false, 1, 1, 1 }, look())
    assert.is_nil(ledger.rows[1].why_left)
    apply("gone")
    assert.are.same({ false, 1, 1, 1 }, look())
    apply "unreadable"
    assert.are.same({ false, 1, 1, 1 }, look())
  end)

  it("is not what a round after the last reading saw to be gone", function()
    for _, decision in ipairs { "gone", "resource_gone" } do
      apply(decision)
      assert.are.same({ false, 1, 1, 0 }, look())
    end
    apply("remove", "unconfirmed", "unreadable", "cut")
    assert.are.same({ "unconfirmed: cut", 1, 0, 0 }, look())
    apply("remove", "unconfirmed", "gone", "cut")
    assert.are.same({ false, 1, 1, 0 }, look())
  end)

  it("is what nobody removed, with the reason", function()
    apply("remove")
    assert.are.same({ "not removed yet", 1, 0, 0 }, look())
    apply("remove", "refused", nil, "no")
    assert.are.same({ "refused: no", 1, 0, 0 }, look())
    verify "still_there"
    assert.are.same({ "the role is still there; refused: no", 1, 0, 0 }, look())
    apply("remove", "unconfirmed", nil, "cut")
    assert.are.same({ "the role is still there; unconfirmed: cut", 1, 0, 0 }, look())
    apply("remove", "confirmed")
    assert.are.same({ false, 1, 1, 1 }, look())
    verify "gone"
    assert.are.same({ false, 0, 0, 0 }, look())
  end)

  it("is what was seen after the server confirmed the removal", function()
    local text = "the role is still there, though the server confirmed the removal"
    apply("remove", "confirmed", "still_there")
    assert.are.same({ text, 1, 0, 0 }, look())
    verify "still_there"
    assert.are.same({ text, 1, 0, 0 }, look())
    apply "unreadable" -- which shows no more than the verify
    assert.are.same({ text, 1, 0, 0 }, look())
  end)

  it("is what came back, for a later round as for a verify", function()
    apply("remove", "confirmed", "gone")
    apply("remove")
    assert.are.same({ "the role came back after the removal", 1, 0, 0 }, look())
    apply("changed")
    assert.are.same({ "the role came back after the removal", 1, 0, 0 }, look())
    verify "came_back"
    assert.are.same({ "the role came back after the removal", 1, 0, 0 }, look())
  end)

  it("is another role, and a role that the plan does not have", function()
    apply "changed"
    verify "changed"
    local failed = "not_sent: the roles changed since the plan"
    assert.are.same({ "another role than was planned; " .. failed, 1, 0, 0 }, look())
    verify "new"
    assert.are.equal("a role that the plan does not have; " .. failed, look()[1])
  end)

  it("is not what undo gave back, which no removal took since", function()
    apply("remove", "confirmed")
    undo()
    assert.are.same({ false, 1, 0, 0 }, look())
  end)
end)
