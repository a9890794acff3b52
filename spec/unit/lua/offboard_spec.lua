local cjson = require "cjson"
local offboard = require "elevenlabs.workspace.offboard"
local support = require "spec.support.offboard"

describe("offboard", function()
  before_each(support.begin)
  after_each(support.finish)

  --- A workspace in which ada may change every resource.
  local function world_of_ada(change)
    return support.world(function(state)
      for _, resource in ipairs(state.resources) do
        resource.roles.user_ada = "admin"
      end
      if change then
        change(state)
      end
    end)
  end

  it("takes a leaver from the plan to the report, and back", function()
    local world = world_of_ada()
    local case = world:plan { note = "Ticket 4711", by = { operator = "root", host = "h" } }
    assert.matches(
      "^mia@example.com has a role of their own on 9 of the 10 resources that this key can"
        .. " list and read%. Access that the plan does not end: creator of 1 resource; ",
      tostring(case:summary())
    )
    local summary = assert(case:apply(world.client))
    assert.matches("\ntotal 9 confirmed 9 refused 0 unconfirmed 0 not_sent 0$", tostring(summary))
    assert.are.equal("Case: " .. summary, "Case: " .. tostring(summary))
    assert.matches("^.*mia: Access remains: ", tostring(case))
    assert(case:verify(world.client, { planned_only = true }))
    assert(case:undo(world.client))
    local paths = assert(case:report())
    for _, format in ipairs { "html", "csv", "json" } do
      assert.are.equal(case:path("report." .. format), paths[format])
      assert.are.equal("600", support.mode(paths[format]))
    end
    local commands = {}
    for i, command in ipairs(case.ledger.commands) do
      commands[i] = command.command
      assert.is_truthy(command.ended_at)
    end
    assert.are.same({ "plan", "apply", "verify", "verify", "undo" }, commands)
  end)

  it("names an unknown option with the nearest that is one, and sends nothing", function()
    local world = support.world()
    local case = world:plan()
    world.requests = {}
    for name, wrong in pairs { apply = "max_removal", undo = "max_age", verify = "planned_onl" } do
      local done, err = case[name](case, world.client, { [wrong] = 1 })
      assert.is_nil(done)
      assert.matches("did you mean", err.message:lower())
    end
    local _, err = world:try_plan { user_mail = "x" }
    assert.matches("did you mean user_email", err.message:lower())
    assert.are.same({}, world.requests)
  end)

  it("knows after it was opened again what was known before", function()
    local world = support.world()
    local case = world:plan()
    local summary = assert(case:apply(world.client))
    local before = {}
    for i, row in ipairs(case.ledger.rows) do
      before[i] = { row.resource_id, row.outcome, row.why, row.status, row.read_back, row.seen }
    end
    case:close()
    case = support.open()
    assert.are.equal(tostring(summary), tostring(case:summary()))
    for i, row in ipairs(case.ledger.rows) do
      assert.are.same(
        before[i],
        { row.resource_id, row.outcome, row.why, row.status, row.read_back, row.seen }
      )
    end
  end)

  it("makes a new plan, keeps the older, and begins its removals anew", function()
    local world = world_of_ada()
    local case = world:plan()
    local older = support.read(case:path "plan.jsonl")
    assert(case:apply(world.client))
    case:close()
    local refused, err = world:try_plan()
    assert.is_nil(refused)
    assert.matches("has a plan: again makes a new one beside it", err.message)
    world:resource("voice_narrator").roles.user_mia = "viewer"
    case = world:plan { again = true }
    assert.are.equal(older, support.read(case:path "plan-4.jsonl"))
    local summary = case:summary()
    assert.are.equal("plan", case.ledger.reading.by)
    assert.matches("^mia@example.com has a role of their own on 1 of ", summary.headline)
    assert.are.equal("not_sent", support.row(case, "voice_narrator").outcome or "not_sent")
    summary = assert(case:apply(world.client))
    assert.are.same({ 0, 9 }, { #summary.left, summary.totals.confirmed })
    assert.is_nil(world:role "voice_narrator")
    -- What the rounds of both plans removed can be given back.
    assert.are.equal(9, assert(case:undo(world.client)).given_back)
    assert.are.same({ "viewer", "viewer" }, {
      world:role "voice_narrator",
      world:role "voice_trailer",
    })
  end)

  it("keeps the older plan, if the new one did not come to its end", function()
    local world = world_of_ada()
    local case = world:plan()
    local older = support.read(case:path "plan.jsonl")
    assert(case:apply(world.client))
    local headline = case:summary().headline
    case:close()
    world:kill_at(30, true)
    assert.has_error(function()
      world:try_plan { again = true }
    end, "killed")
    world:restart()
    case = support.open()
    assert.are.equal(older, support.read(case:path "plan.jsonl"))
    assert.are.equal(headline, case:summary().headline)
  end)

  it("removes again what was given again between two rounds, if it is as planned", function()
    local world = world_of_ada()
    local case = world:plan()
    assert(case:apply(world.client))
    world:resource("voice_narrator").roles.user_mia = "editor"
    world:resource("voice_trailer").roles.user_mia = "admin"
    world.requests = {}
    local summary = assert(case:apply(world.client))
    assert.are.same({ "unshare voice_narrator" }, world:changes())
    assert.are.same({ nil, "admin" }, {
      world:role "voice_narrator",
      world:role "voice_trailer",
    })
    assert.are.same({ "voice_trailer", "changed" }, {
      summary.left[1].resource_id,
      summary.left[1].seen,
    })
  end)

  describe("sends no change", function()
    local world, case

    before_each(function()
      world = world_of_ada()
    end)

    --- Apply and undo are both refused, and the roles are as they were.
    local function expect_refused(field, message, options)
      local before = cjson.encode(world.state.resources)
      world.requests = {}
      for _, name in ipairs { "apply", "undo" } do
        local summary, err = case[name](case, world.client, options)
        assert.is_nil(summary)
        assert.are.same({ "invalid_argument", "not_sent", field }, {
          err.kind,
          err.outcome,
          err.field,
        })
        assert.matches(message, err.message)
      end
      assert.are.same({}, world:changes())
      assert.are.equal(before, cjson.encode(world.state.resources))
    end

    --- A case with a round, so that undo has work too.
    local function case_with_round(plan)
      case = world:plan(plan)
      local protected = case.ledger.rows[1]
      protected.action = "keep"
      assert(case:apply(world.client))
      protected.action = "remove"
    end

    it("with the key of another owner", function()
      case_with_round()
      world:connect { api_key = "sk_sandbox_tom" }
      expect_refused("api_key", "use a key of the first, in the same workspace")
    end)

    it("to another server", function()
      case_with_round()
      world.client.base_url = "https://api.elevenlabs.io"
      expect_refused("base_url", "the plan was made at https://sandbox.invalid")
      assert.are.same({}, world.requests)
    end)

    it("if the address is another person's now", function()
      case_with_round()
      for _, user in ipairs(world.state.users) do
        user.id = user.id == "user_mia" and "user_mia_two" or user.id
      end
      expect_refused("user_email", "belongs to user_mia_two now")
    end)

    it("if the subject left", function()
      case_with_round()
      for _, user in ipairs(world.state.users) do
        user.email = user.id == "user_mia" and "x@example.com" or user.email
      end
      expect_refused("user_email", "no member has the address")
    end)

    it("if the plan is too old", function()
      case_with_round()
      support.age(case, 8 * 86400)
      expect_refused("max_age_s", "is 8 days old, and at most 7 days are allowed")
    end)

    it("if there are more changes than allowed", function()
      case_with_round()
      expect_refused("max_removals", "are to be changed, and at most 7", { max_removals = 7 })
      assert.are.same({}, world.requests)
    end)

    it("if the plan is damaged", function()
      case_with_round()
      case:close()
      local path = support.path "mia/plan.jsonl"
      support.write(path, (support.read(path):gsub('"editor"', '"viewer"', 1)))
      case = support.open()
      expect_refused("folder", "make it anew with plan %-%-again")
    end)

    it("if the plan has lost lines", function()
      case_with_round()
      case:close()
      local path = support.path "mia/plan.jsonl"
      support.write(path, (support.read(path):gsub('{"action"[^\n]*\n', "", 1)))
      case = support.open()
      expect_refused("folder", "has %d+: make it anew with plan %-%-again")
    end)

    it("for a subject that was named by a user's id", function()
      case = world:plan { user_email = false, user_id = "user_mia" }
      expect_refused("user_id", "the API removes by address")
      assert.are.same({}, world.requests)
      assert(case:verify(world.client))
      assert(case:report())
    end)

    it("for a service account without a key, also if the keys were deleted since", function()
      case_with_round { user_email = false, service_account_id = "service_deploy" }
      world.state.service_accounts[1].key_ids = {}
      expect_refused("service_account_id", "service_deploy has no API key")
      case:close()
      case = world:plan {
        user_email = false,
        service_account_id = "service_deploy",
        again = true,
      }
      expect_refused("service_account_id", "service_deploy has no API key")
    end)

    it("if a list of principals cannot be read", function()
      case_with_round()
      world:connect { forbid_list = { "members" } }
      local summary, err = case:apply(world.client)
      assert.is_nil(summary)
      assert.are.same({ "permission", "not_sent" }, { err.kind, err.outcome })
    end)

    it("if the caller does not let it begin, and then no command is in the log", function()
      case = world:plan()
      world.requests = {}
      local count
      local summary, err = case:apply(world.client, {
        may_begin = function(resources)
          count = resources
          return false
        end,
      })
      assert.is_nil(summary)
      assert.are.same({ 9, "cancelled" }, { count, err.kind })
      assert.are.same({}, world:changes())
      assert.are.equal(1, #case.ledger.commands)
    end)
  end)

  describe("after a kill", function()
    --- Plan for three voices, and end a round at this request. -> world, case, was it killed?
    local function cut(number, is_late, command, options)
      local world = world_of_ada()
      local case = world:plan {
        resource_types = { "voice" },
        replace_by = options and options.replace_by,
      }
      if command == "undo" then
        assert(case:apply(world.client))
      end
      world:kill_at(number, is_late)
      local ended, why = pcall(case[command], case, world.client)
      assert(ended or why == "killed", why)
      return world, world:restart(case), not ended
    end

    --- Do something with a case that was cut at the first request, at the second, and so on.
    local function at_each(is_late, command, options, check)
      local number, was_killed = 0, true
      while was_killed do
        number = number + 1
        local world, case
        world, case, was_killed = cut(number, is_late, command, options)
        check(world, case)
        case:close()
        os.execute(("rm -r '%s'"):format(support.path "mia"))
      end
      return number
    end

    for _, is_late in ipairs { false, true } do
      local moment = is_late and "when nobody saw the answer" or "before it is answered"
      it("at any request of apply, " .. moment .. ", the next apply ends it", function()
        local count = at_each(is_late, "apply", nil, function(world, case)
          assert.are.equal(3, case:summary().totals.total)
          for _, row in ipairs(case.ledger.rows) do
            if row.outcome == "confirmed" then
              assert.is_nil(world:role(row.resource_id), row.resource_id)
            end
          end
          local summary = assert(case:apply(world.client))
          assert.are.same({ 3, 3 }, { summary.totals.total, summary.totals.confirmed })
          assert.are.same({}, summary.left)
        end)
        assert.is_true(count > 20)
      end)
    end

    it("says so, and claims nothing of what nobody saw", function()
      local world, case = cut(8, true, "apply") -- after 4 principals and 3 reads: a removal
      local changes = #world:changes()
      assert.is_true(changes > 0)
      local summary = case:summary()
      assert.are.equal("cut", summary.state)
      assert.matches("^The last apply did not end: run it again%. ", summary.headline)
      assert.are.equal(3, summary.totals.unconfirmed)
      assert.matches("killed before the answer came", case.ledger.rows[1].why)
      world.requests = {}
      assert(case:apply(world.client))
      assert.are.equal(3, #world:changes()) -- nobody saw an answer: each is sent again
    end)

    it("at any request of undo, the next undo gives the rest back", function()
      local count = at_each(true, "undo", nil, function(world, case)
        local summary = assert(case:undo(world.client))
        assert.are.same({ "editor", "viewer", "viewer" }, {
          world:role "voice_narrator",
          world:role "voice_trailer",
          world:role "voice_draft",
        })
        assert.are.equal(3, summary.given_back + #summary.not_given_back)
        for _, row in ipairs(summary.not_given_back) do
          assert.matches("^the subject has a role again: ", row.given_back.why)
        end
      end)
      assert.is_true(count > 10)
    end)

    it("at any request with a successor, the successor has each role that is gone", function()
      local with_eve = { replace_by = "eve@example.com" }
      local count = at_each(true, "apply", with_eve, function(world, case)
        local function check()
          for _, id in ipairs { "voice_narrator", "voice_trailer", "voice_draft" } do
            local roles = world:resource(id).roles
            assert.is_truthy(roles.user_mia or roles.user_eve, id)
          end
        end
        check()
        assert.are.equal(3, assert(case:apply(world.client)).totals.confirmed)
        check()
      end)
      assert.is_true(count > 25)
    end)

    it("while it plans, leaves no plan", function()
      local world = world_of_ada()
      world:kill_at(25, true)
      assert.has_error(function()
        world:try_plan()
      end, "killed")
      world:restart()
      assert.is_nil(io.open(support.path "mia/plan.jsonl"))
      assert.is_truthy(io.open(support.path "mia/plan.jsonl.new"))
      local case = world:plan() -- needs no `again`
      assert.are.equal(10, #case.ledger.rows)
    end)
  end)

  it("stops early if a run is cancelled, and goes on later", function()
    local world = world_of_ada()
    local case = world:plan()
    local summary, err = case:apply(world.client, {
      on_run = function(run)
        if run.op == "unshare" then
          run:cancel()
        end
      end,
    })
    assert.is_nil(summary)
    assert.are.equal("cancelled", err.kind)
    assert.matches("^The last apply did not end", case:summary().headline)
    assert.is_truthy(io.open(case:path "report.html"))
    assert.are.equal(9, assert(case:apply(world.client)).totals.confirmed)
  end)

  it("counts what every reading asks for: several people need one reading", function()
    local world = world_of_ada()
    world:plan():close()
    local one = #world.requests
    world.requests = {}
    local cases = assert(offboard.plan_many(world.client, support.path "many", {
      user_emails = { "Mia@example.com", "tom@example.com", "eve@example.com" },
    }))
    assert.are.equal(one, #world.requests)
    local found = {}
    for i, case in ipairs(cases) do
      support.keep(case)
      found[i] = { case.folder:match "[^/]+$", case.plan.header.subject.id, #case.ledger.rows }
    end
    assert.are.same({
      { "mia@example.com", "user_mia", 10 },
      { "tom@example.com", "user_tom", 2 },
      { "eve@example.com", "user_eve", 0 },
    }, found)
  end)
end)
