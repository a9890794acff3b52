-- What the worlds found, each as one small case.

local fake = require "elevenlabs.workspace.sandbox.fake"
local folders = require "spec.proof.offboard.folders"
local offboard = require "elevenlabs.workspace.offboard"

local NARRATOR = { resource_id = "voice_narrator", resource_type = "voice" }
local ROUND = { read_back_ms = 0 }

local read, write = folders.read, folders.write

--- The first resource with this id.
local function resource(model, id)
  for _, entry in ipairs(model.state.resources) do
    if entry.id == id then
      return entry
    end
  end
end

describe("a case of offboarding", function()
  local folder, client, model

  before_each(function()
    folder = folders.make()
    client, model = fake.new()
  end)

  after_each(function()
    folders.remove(folder)
  end)

  local function plan(options)
    options.user_email = options.user_email or "mia@example.com"
    return assert(offboard.plan(client, folder .. "/case", options))
  end

  it("is refused if the successor's address belongs to another person", function()
    local case = plan { replace_by = "tom@example.com" }
    for _, user in ipairs(model.state.users) do
      user.id = user.email == "tom@example.com" and "user_other_tom" or user.id
    end
    local summary, err = case:apply(client, ROUND)
    assert.is_nil(summary)
    assert.are.same({ "invalid_argument", "replace_by" }, { err.kind, err.field })
    assert.matches("belongs to user_other_tom now, and the plan is for", err.message, 1, true)
    assert.is_truthy(resource(model, "voice_narrator").roles.user_mia)
    case:close()
  end)

  it("reads the resources that its plan was given again, whatever the plan read of them", function()
    model.state.resources[#model.state.resources + 1] = {
      id = "song",
      type = "songs",
      name = "Song",
      creator = "user_ada",
      roles = { user_ada = "admin" },
    }
    local case = plan { ids = { { resource_id = "song", resource_type = "songs" } } }
    assert.is_nil(case.ledger:find { resource_id = "song", resource_type = "songs" })
    resource(model, "song").roles.user_mia = "editor"
    local summary = assert(case:verify(client))
    assert.are.equal("new", summary.left[#summary.left].seen)
    assert.are.equal("song", summary.left[#summary.left].resource_id)
    case:close()
  end)

  it("names the groups that still list somebody who is no member any more", function()
    local case = plan { user_email = "mia@example.com" }
    table.remove(model.state.users, 2)
    local summary = assert(case:verify(client))
    assert.matches("group Studio (1 resource)", summary.headline, 1, true)
    case:close()
  end)

  --- From now on the answers to changes of this kind are lost.
  local function lose_answers(op)
    local app = client.core.app
    local handle = app.handle
    function app:handle(request, ...)
      local answer = handle(self, request, ...)
      return request.path:find("/" .. op .. "$") and { status = 500, body = "{}" } or answer
    end
    return function()
      app.handle = handle
    end
  end

  --- A client whose changes are sent once.
  local function plan_once(options)
    client, model = fake.new()
    client.engine.max_attempts = 1
    return plan(options)
  end

  it("grants nothing for a role that is gone, though its removal is in doubt", function()
    local case = plan_once { replace_by = "tom@example.com" }
    local find_again = lose_answers "unshare"
    assert(case:apply(client, ROUND))
    find_again()
    assert.are.equal("unconfirmed", case.ledger:find(NARRATOR).outcome)
    resource(model, "voice_narrator").roles.user_tom = nil
    assert(case:apply(client, ROUND))
    assert.are.equal("confirmed", case.ledger:find(NARRATOR).outcome)
    assert.is_nil(resource(model, "voice_narrator").roles.user_tom)
    case:close()
  end)

  it("does not ask again for a removal in doubt, once undo gave the role back", function()
    local case = plan_once {}
    local find_again = lose_answers "unshare"
    assert(case:apply(client, ROUND))
    find_again()
    assert(case:undo(client, ROUND))
    resource(model, "voice_narrator").roles.user_mia = nil
    assert(case:apply(client, ROUND))
    assert.are.equal("gone", case.ledger:find(NARRATOR).decision)
    case:close()
  end)

  it("does not touch a role that changed while the successor's grant was made", function()
    local case = plan { replace_by = "tom@example.com" }
    local answer = client.core.step
    function client.core:step(...)
      local is_share = self.pending[1] and self.pending[1].request.path:find "/share$"
      local plain, count, others = answer(self, ...)
      if is_share then
        resource(model, "voice_narrator").roles.user_mia = "admin"
      end
      return plain, count, others
    end
    assert(case:apply(client, ROUND))
    local row = case.ledger:find(NARRATOR)
    assert.are.same({ "changed", "confirmed" }, { row.decision, row.granted.outcome })
    assert.are.equal("admin", resource(model, "voice_narrator").roles.user_mia)
    case:close()
  end)

  it("says that a role which undo gave back is to go, once a new plan takes it", function()
    local case = plan {}
    assert(case:apply(client, ROUND))
    local summary = assert(case:undo(client, ROUND))
    local given, refused = summary.given_back, summary.totals.refused
    assert.matches("roles that undo gave back on " .. given, summary.headline, 1, true)
    case:close()
    case = plan { again = true }
    local planned = case:summary()
    assert.are.same({ given + refused, 0 }, { #planned.left, planned.given_back })
    summary = assert(case:verify(client))
    assert.are.same({ given + refused, 0 }, { #summary.left, summary.given_back })
    case:close()
  end)

  it("does not say that a role which undo gave back and others took is there", function()
    local case = plan {}
    assert(case:apply(client, ROUND))
    local given = assert(case:undo(client, ROUND)).given_back
    resource(model, "voice_narrator").roles.user_mia = nil
    assert.are.equal(given - 1, assert(case:verify(client)).given_back)
    case:close()
  end)

  it("says that the resources of the case alone were read, also if a role is left", function()
    local case = plan {}
    local summary = assert(case:verify(client, { planned_only = true }))
    assert.is_true(#summary.left > 0)
    assert.matches("resources of the case, which alone were read", summary.headline, 1, true)
    case:close()
  end)

  it("counts a role once that the last reading saw and undo gave back since", function()
    local case = plan {}
    assert(case:apply(client, ROUND))
    resource(model, "voice_narrator").roles.user_mia = "editor"
    local left = #assert(case:verify(client)).left
    resource(model, "voice_narrator").roles.user_mia = nil
    assert.are.equal(left - 1, #assert(case:undo(client, ROUND)).left)
    case:close()
  end)

  it("refuses a plan that misses any line", function()
    local path = folder .. "/case/plan.jsonl"
    plan({}):close()
    local text, at = read(path), 1
    local last = select(2, text:gsub("\n", ""))
    for number = 1, last do
      local ends = text:find("\n", at, true)
      write(path, text:sub(1, at - 1) .. text:sub(ends + 1))
      local case = assert(offboard.open(folder .. "/case"))
      local summary, err = case:apply(client, ROUND)
      assert.is_nil(summary)
      assert.are.equal("invalid_argument", err.kind, ("line %d: %s"):format(number, err.message))
      case:close()
      at = ends + 1
    end
    assert.is_truthy(resource(model, "voice_narrator").roles.user_mia)
  end)

  it("forgets what an older round read back, once a newer round saw the role", function()
    local case = plan {}
    assert(case:apply(client, ROUND))
    assert.are.equal("gone", case.ledger:find(NARRATOR).read_back)
    resource(model, "voice_narrator").roles.user_mia = "admin"
    assert(case:apply(client, ROUND))
    local row = case.ledger:find(NARRATOR)
    assert.are.same({ "changed", "changed" }, { row.decision, row.seen })
    assert.is_nil(row.read_back)
    case:close()
  end)
end)
