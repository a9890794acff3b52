local ledgers = require "elevenlabs.workspace.offboard.ledger"
local reading = require "elevenlabs.workspace.offboard.reading"
local summaries = require "elevenlabs.workspace.offboard.summary"

local MIA = { kind = "user", label = "mia@example.com" }

local function item(number)
  return { resource_id = "v" .. number, resource_type = "voice" }
end

local function covered(read, fields)
  local row = { name = "voice", complete = true, read = read }
  row.forbidden, row.not_found, row.failed = 0, 0, 0
  for name, value in pairs(fields or {}) do
    row[name] = value
  end
  return row
end

--- A ledger whose plan removes from so many resources, of 1204 that were read.
local function planned(count)
  local ledger, rows = ledgers.new(), {}
  for i = 1, count do
    rows[i] = item(i)
    rows[i].roles, rows[i].action = { "viewer" }, "remove"
  end
  local by_plan = reading.new { by = "plan", at = "then", number = 1 }
  by_plan:take { coverage = covered(1204) }
  by_plan:take { complete = true }
  ledger:take_plan { rows = rows, header = {}, reading = by_plan }
  return ledger
end

--- Take the records of a whole verify, which saw this of each row.
local function verify(ledger, seen, records, planned_only)
  ledger:take { began = "verify", number = 9, at = "now", planned_only = planned_only }
  for i, what in ipairs(seen) do
    local record = item(i)
    record.verify, record.seen = 9, what
    ledger:take(record)
  end
  for _, record in ipairs(records or { { coverage = covered(1204) }, { complete = true } }) do
    record.verify = 9
    ledger:take(record)
  end
  ledger:take { ended = 9, at = "now" }
end

--- A round in which each removal ended like this; an outcome of false: no answer.
local function apply(ledger, outcomes, is_cut)
  ledger:take { began = "apply", number = 2, at = "now" }
  for i, outcome in ipairs(outcomes) do
    local record = item(i)
    record.decision, record.round, record.roles = "remove", 2, { "viewer" }
    ledger:take(record)
    if outcome then
      ledger:take_result(2, "unshare", item(i), { outcome = outcome })
    end
  end
  if not is_cut then
    ledger:take { ended = 2, at = "now" }
  end
end

local function headline(ledger, subject)
  return summaries.new(subject or MIA, ledger).headline
end

local function is_done(ledger)
  return summaries.new(MIA, ledger).is_done
end

local LEFT = "1,204 resources that this key can list and read"

describe("offboard summary", function()
  it("of a plan says how much is to be removed", function()
    local summary = summaries.new(MIA, planned(3))
    assert.are.equal("mia@example.com has a role of their own on 3 of the " .. LEFT .. ".",
      summary.headline)
    assert.are.same({ "planned", 3 }, { summary.state, #summary.left })
    assert.are.equal(
      summary.headline .. "\ntotal 3 confirmed 0 refused 0 unconfirmed 0 not_sent 3",
      tostring(summary)
    )
  end)

  it("of a plan with nothing to remove says so", function()
    assert.are.equal("No role of their own is left on the " .. LEFT .. ".", headline(planned(0)))
  end)

  it("says its own of a group and of a service account", function()
    for _, kind in ipairs { "group", "service_account" } do
      assert.matches("^No role of its own is left", headline(planned(0), { kind = kind }))
    end
  end)

  it("says that nothing is left, when all was seen", function()
    local ledger = planned(2)
    apply(ledger, { "confirmed", "confirmed" })
    verify(ledger, { "gone", "resource_gone" })
    assert.are.equal("No role of their own is left on the " .. LEFT .. ".", headline(ledger))
    assert.is_true(summaries.new(MIA, ledger).is_complete)
  end)

  it("says first what is left: still there, changed or new", function()
    local ledger = planned(2)
    verify(ledger, { "still_there", "changed", "new" })
    assert.are.equal("Access remains: a role of their own on 3 resources.", headline(ledger))
  end)

  it("says which access no removal ends", function()
    local ledger = planned(1)
    local residuals = {
      { coverage = covered(1204) },
      { residual = { kind = "admin_seat", is_access = true, text = "workspace admin" } },
      { residual = { kind = "creator", is_access = true, text = "creator of 2 resources" } },
      { residual = { kind = "api_keys", is_access = false, text = "keys" } },
      { complete = true },
    }
    verify(ledger, { "gone" }, residuals)
    assert.are.equal(
      "Access remains: workspace admin; creator of 2 resources."
        .. " No other role of their own is left on the "
        .. LEFT
        .. ".",
      headline(ledger)
    )
    local of_plan = planned(1)
    of_plan.reading:take(residuals[2])
    assert.matches("%. Access that the plan does not end: workspace admin%.$", headline(of_plan))
  end)

  it("says what undo gave back", function()
    local ledger = planned(1)
    apply(ledger, { "confirmed" })
    verify(ledger, { "gone" })
    ledger:take { began = "undo", number = 10, at = "now" }
    ledger:take_result(10, "share", item(1), { outcome = "confirmed", role = "viewer" })
    ledger:take { ended = 10, at = "now" }
    assert.are.equal(
      "Access remains: roles that undo gave back on 1 resource."
        .. " No other role of their own is left on the "
        .. LEFT
        .. ".",
      headline(ledger)
    )
  end)

  it("says what is protected, until the role is gone", function()
    local ledger = planned(1)
    ledger.rows[1].action, ledger.rows[1].reason = "keep", "protected"
    verify(ledger, { "kept" })
    assert.matches("^Access remains: roles on 1 resource that are protected%.", headline(ledger))
    verify(ledger, { "gone" })
    assert.matches("^No role of their own is left", headline(ledger))
  end)

  it("says what could not be read, and is not complete then", function()
    local ledger = planned(2)
    verify(ledger, { "gone", "unreadable" }, {
      { coverage = covered(1200, { forbidden = 1, not_found = 1, failed = 1 }) },
      { coverage = covered(0, { complete = false, why = "no" }) },
      { coverage = covered(0, { complete = false, by_nature = true, why = "recent alone" }) },
      { unread = { name = "service_accounts", why = "no" } },
      { complete = false },
    })
    assert.are.equal(
      "No role of their own is left on the 1,200 resources that this key can list and read."
        .. " Not all could be read: the service accounts, 1 list of resources, 3 resources.",
      headline(ledger)
    )
    local summary = summaries.new(MIA, ledger)
    assert.are.same({ false, 1 }, { summary.is_complete, summary.unreadable })
  end)

  it("says that the planned resources alone were read", function()
    local ledger = planned(1)
    verify(ledger, { "gone" }, { { coverage = covered(1) }, { complete = true } }, true)
    assert.are.equal(
      "No role of their own is left on the 1 resource of the case, which alone were read.",
      headline(ledger)
    )
  end)

  it("says first that the last round was cut, also after a verify", function()
    local ledger = planned(2)
    apply(ledger, { "confirmed", false }, true)
    ledger:take_unanswered(2, "the command was killed before the answer came")
    assert.matches("^The last apply did not end: run it again%. ", headline(ledger))
    verify(ledger, { "gone", "gone" })
    local summary = summaries.new(MIA, ledger)
    assert.are.equal("cut", summary.state)
    assert.matches("^The last apply did not end: run it again%. ", summary.headline)
  end)

  it("says after a stop what the last reading saw, and what was removed since", function()
    local ledger = planned(3)
    apply(ledger, { "confirmed", false, false }, true)
    local summary = summaries.new(MIA, ledger)
    assert.are.equal(
      "The last apply did not end: run it again. So far 1 of 3 removals are confirmed."
        .. " At the last reading mia@example.com had a role of their own on 3 of the "
        .. LEFT
        .. ". After that reading 1 removal was confirmed.",
      summary.headline
    )
    assert.are.equal(2, #summary.left)
    assert.are.equal("a role of their own on 2 resources", summary.remains[1].text)
    assert.are.equal("run apply again", summary.remains[1].next_step)
  end)

  it("does not say that nothing is left, before all was read again", function()
    local ledger = planned(2)
    verify(ledger, { "still_there", "still_there" })
    ledger:take { began = "apply", number = 10, at = "now" }
    for i = 1, 2 do
      local record = item(i)
      record.decision, record.round, record.roles = "remove", 10, { "viewer" }
      ledger:take(record)
      ledger:take_result(10, "unshare", item(i), { outcome = "confirmed" })
    end
    ledger:take { ended = 10, at = "now" }
    assert.are.equal(
      "At the last reading mia@example.com had a role of their own on 2 of the "
        .. LEFT
        .. ". After that reading 2 removals were confirmed.",
      headline(ledger)
    )
    assert.are.same({}, summaries.new(MIA, ledger).remains)
  end)

  it("has totals that add up, and each removal in one of them", function()
    local ledger = planned(5)
    apply(ledger, { "confirmed", "refused", "unconfirmed", "not_sent" })
    local summary = summaries.new(MIA, ledger)
    assert.are.same({
      total = 5,
      confirmed = 1,
      refused = 1,
      unconfirmed = 1,
      not_sent = 2,
    }, summary.totals)
  end)

  it("counts what was read back, and what was withheld", function()
    local ledger = planned(3)
    apply(ledger, { "confirmed", "confirmed" })
    for i, what in ipairs { "gone", "still_there" } do
      local record = item(i)
      record.round, record.read_back = 2, what
      ledger:take(record)
    end
    local record = item(3)
    record.round, record.decision = 2, "withheld"
    ledger:take(record)
    local summary = summaries.new(MIA, ledger)
    assert.are.same({ gone = 1, still_there = 1, unreadable = 0 }, summary.read_back)
    assert.are.equal(1, summary.withheld)
  end)

  it("joins with text", function()
    local summary = summaries.new(MIA, planned(0))
    assert.are.equal("-> " .. tostring(summary), "-> " .. summary)
  end)

  it("says what to do about each role that is left", function()
    local ledger = planned(3)
    assert.are.same({}, summaries.new(MIA, ledger).remains) -- nothing was done yet
    apply(ledger, { "confirmed", "refused", "refused" })
    verify(ledger, { "gone", "still_there", "came_back" })
    local remains = summaries.new(MIA, ledger).remains
    assert.are.equal(1, #remains)
    assert.are.equal("a role of their own on 2 resources", remains[1].text)
    assert.matches("plan again with %-%-again", remains[1].next_step)
    ledger:row(item(2)).decision = "withheld"
    remains = summaries.new(MIA, ledger).remains
    assert.are.equal("a role that waits for the successor on 1 resource", remains[1].text)
    assert.matches("apply %-%-remove%-anyway", remains[1].next_step)
    assert.are.equal("a role of their own on 1 resource", remains[2].text)
  end)

  describe("says that all is done", function()
    it("if each removal was confirmed, nothing is left, and all was read", function()
      local ledger = planned(2)
      assert.is_false(is_done(ledger))
      apply(ledger, { "confirmed", "confirmed" })
      verify(ledger, { "gone", "gone" })
      assert.is_true(is_done(ledger))
    end)

    for _, row in ipairs {
      { why = "a removal was refused", outcomes = { "confirmed", "refused" } },
      { why = "nobody knows of a removal", outcomes = { "confirmed", "unconfirmed" } },
      { why = "a removal has no answer", outcomes = { "confirmed", false }, is_cut = true },
      { why = "undo gave a role back", gives_back = true },
      { why = "a role is there", seen = { "gone", "still_there" } },
      { why = "a resource could not be read", seen = { "gone", "unreadable" } },
      {
        why = "a list could not be read",
        records = { { coverage = covered(1204, { complete = false }) }, { complete = false } },
      },
    } do
      it("but not if " .. row.why, function()
        local ledger = planned(2)
        apply(ledger, row.outcomes or { "confirmed", "confirmed" }, row.is_cut)
        if row.gives_back then
          local given = item(1)
          ledger:take { began = "undo", number = 3, at = "now" }
          ledger:take_result(3, "share", given, { outcome = "confirmed", role = "viewer" })
          ledger:take { ended = 3, at = "now" }
          row.seen = { "kept", "gone" }
        end
        if not row.is_cut then
          verify(ledger, row.seen or { "gone", "gone" }, row.records)
        end
        assert.is_false(is_done(ledger))
      end)
    end
  end)
end)
