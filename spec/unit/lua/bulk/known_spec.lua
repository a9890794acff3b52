local bulk = require "elevenlabs.workspace.bulk"
local support = require "spec.support.bulk"
local world = require "spec.support.world"

local URL = support.URL
local always, item_of, only = support.always, support.item_of, support.only

describe("what is known of items", function()
  local journal

  before_each(function()
    journal = support.journal()
  end)

  after_each(function()
    journal:remove()
  end)

  it("lets the next run send only what is not confirmed", function()
    journal:run({ "x", "y", "z" }, only("y", { status = 404 }))
    local report, told, core = journal:run({ "x", "y", "z", "new" })
    assert.are.same({ 4, 4, 2, true }, {
      report.total,
      report.confirmed,
      report.already_confirmed,
      report.journal.resumed,
    })
    assert.are.equal(2, #core.attempts)
    assert.are.equal("confirmed by an earlier run", tostring(told.x))
    assert.are.equal("confirmed (HTTP 200)", tostring(told.y))
  end)

  it("finds an item that comes twice: sent once, counted once", function()
    local report, _, core = journal:run({ "x", "y", "x", "x" })
    assert.are.same({ 2, 2, 2, 2 },
      { report.total, report.confirmed, report.duplicates, #core.attempts })
  end)

  it("tells items apart by type, target and kind of target", function()
    local list = { item_of "x", item_of "x", item_of "x", item_of "x" }
    list[2].resource_type = "project"
    list[3].user_email = "b@example.com"
    list[4].user_email, list[4].group_id = nil, "a@example.com"
    local report = journal:run(list)
    assert.are.same({ 4, 0 }, { report.confirmed, report.duplicates })
  end)

  describe("after a run that was killed", function()
    it("calls each refusal ambiguous, as any item may have been on its way", function()
      journal:run({ "x" })
      journal:kill()
      local _, told = journal:run({ "x", "y" }, only("y", { status = 404 }))
      assert.are.same({ "refused", true }, { told.y.outcome, told.y.ambiguous })
    end)

    it("also in the run after the next", function()
      journal:run({ "x" })
      journal:kill()
      journal:run({ "x" })
      local _, told = journal:run({ "y" }, only("y", { status = 404 }))
      assert.is_true(told.y.ambiguous)
    end)

    it("but not after one that ended", function()
      journal:run({ "x", "y" }, only("y", { status = 404 }))
      local _, told = journal:run({ "y" }, only("y", { status = 404 }))
      assert.is_nil(told.y.ambiguous)
    end)

    it("calls what cannot be sent again unconfirmed", function()
      journal:run({ "x" })
      journal:kill()
      local _, told = journal:run({ "y" }, only("y", { sent = false, status = 0, curl_code = 60 }))
      assert.are.equal("unconfirmed", told.y.outcome)
    end)
  end)

  it("remembers what may have been applied, over a run that ended", function()
    journal:run({ "x" }, only("x", { status = 302 }))
    local _, told = journal:run({ "x" }, only("x", { status = 404 }))
    assert.is_true(told.x.ambiguous)
    _, told = journal:run({ "x" }, only("x", { status = 404 }))
    assert.is_true(told.x.ambiguous)
    _, told = journal:run({ "x" })
    assert.are.equal("confirmed", told.x.outcome)
  end)

  it("remembers it also if the client was closed before the item's turn", function()
    journal:run({ "a" }, only("a", { status = 204 }))
    local engine = world.running(always {})
    local run_ = bulk.start(engine, URL, "unshare", { item_of "a" }, { journal = journal.path })
    engine:close()
    local report = run_:result()
    assert.are.same({ "closed", 1, 0 }, { report.stopped, report.unconfirmed, report.not_sent })
    local _, told = journal:run({ "a" }, only("a", { status = 404 }))
    assert.is_true(told.a.ambiguous)
  end)

  describe("of shares", function()
    it("sends none again whose intent stands without an answer", function()
      journal:run({ "x", "y" }, function(attempt)
        if attempt.args.resource_id == "y" then
          return {}
        end
        return { status = 0, curl_code = 56 }
      end, "share")
      local report, told, core = journal:run({ "x", "y" }, nil, "share")
      assert.are.same({ 1, 1, 0 }, { report.unconfirmed, report.already_confirmed, #core.attempts })
      assert.are.same({ "unconfirmed", "journal" }, { told.x.outcome, told.x.kind })
    end)

    it("sends none again that was on its way when its run was killed", function()
      journal:run({ "x" }, nil, "share")
      journal:write((journal:read():gsub('("intent":true[^\n]*\n).*$', "%1")))
      local report, told, core = journal:run({ "x" }, nil, "share")
      assert.are.same({ 1, 0 }, { report.unconfirmed, #core.attempts })
      assert.are.equal("journal", told.x.kind)
    end)

    it("sends again what was refused or never left", function()
      journal:run({ "x" }, only("x", { status = 404 }), "share")
      local report = journal:run({ "x" }, nil, "share")
      assert.are.equal(1, report.confirmed)
    end)

    it("refuses two roles for one target in one list", function()
      local failure
      local report = journal:run({ item_of("x", "viewer"), item_of("x", "editor") }, nil, "share", {
        on_result = function(_, _, err)
          failure = failure or err
        end,
      })
      assert.are.same({ 1, 1, 1 }, { report.confirmed, report.not_sent, report.invalid })
      assert.are.same({ "invalid_argument", "role" }, { failure.kind, failure.field })
    end)

    it("forgets no doubt of one role when another is asked for", function()
      journal:run({ item_of("x", "admin") }, only("x", { status = 0, curl_code = 56 }), "share")
      journal:run({ item_of("x", "viewer") }, only("x", { status = 404 }), "share")
      local report, told, core = journal:run({ item_of("x", "admin") }, nil, "share")
      assert.are.same({ 1, 0 }, { report.unconfirmed, #core.attempts })
      assert.are.equal("journal", told.x.kind)
    end)

    it("gives another role in another run", function()
      journal:run({ item_of("x", "viewer") }, nil, "share")
      local report, _, core = journal:run({ item_of("x", "editor") }, nil, "share")
      assert.are.same({ 1, 0, 1 }, { report.confirmed, report.already_confirmed, #core.attempts })
    end)
  end)
end)
