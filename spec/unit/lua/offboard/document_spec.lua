local documents = require "elevenlabs.workspace.offboard.document"
local json = require "elevenlabs.workspace.json"
local sha256 = require "elevenlabs.workspace.offboard.sha256"
local support = require "spec.support.offboard"

local function find(rows, id)
  for _, row in ipairs(rows) do
    if row.resource_id == id then
      return row
    end
  end
end

describe("offboard document", function()
  local world

  before_each(function()
    support.begin()
    world = support.world()
  end)
  after_each(support.finish)

  local BY = { operator = "root", host = "admin-1", arguments = "offboard apply mia --yes" }

  it("of a plan has who, where, and what is to be removed", function()
    local case = world:plan { note = "Ticket 4711", replace_by = "tom@example.com", by = BY }
    local document = documents.make(case)
    assert.are.same({
      "elevenlabs-workspace report 1",
      case:summary().headline,
      { kind = "user", id = "user_mia", label = "mia@example.com" },
      { id = "user_tom", label = "tom@example.com" },
      "Ticket 4711",
      "https://sandbox.invalid",
      { user_id = "user_ada", seat_type = "workspace_member" },
      "plan",
    }, {
      document.format,
      document.headline,
      document.subject,
      document.replace_by,
      document.note,
      document.server,
      document.owner,
      document.read_by,
    })
    assert.matches("^elevenlabs%-workspace %d", document.tool)
    local row = find(document.rows, "voice_narrator")
    assert.are.same(
      { "voice", "Narrator", "user_ada", "remove", "editor" },
      { row.resource_type, row.name, row.creator, row.action, row.roles_before[1] }
    )
    assert.is_nil(row.outcome)
    assert.are.same({ "keep", "creator" }, {
      find(document.rows, "dub_teaser").action,
      find(document.rows, "dub_teaser").reason,
    })
    assert.is_true(#document.without_list > 20)
    assert.is_true(#document.limits >= 3)
  end)

  it("of a round has each outcome, with the evidence, and who did it", function()
    local case = world:plan()
    assert(case:apply(world.client, { by = BY }))
    local document = documents.make(case)
    local row = find(document.rows, "voice_trailer")
    assert.are.same({ "confirmed", "gone", 200, 1, "gone" }, {
      row.outcome,
      row.read_back,
      row.status,
      row.attempts,
      row.seen,
    })
    assert.matches("^sandbox", row.request_id)
    assert.matches("^%d.*Z$", row.at)
    local refused = find(document.rows, "voice_draft")
    assert.are.same({ "refused", 403 }, { refused.outcome, refused.status })
    assert.matches("You need admin access", refused.why)
    local command = document.commands[2]
    assert.are.same({ "apply", 2, "root", "admin-1", BY.arguments }, {
      command.command,
      command.round,
      command.operator,
      command.host,
      command.arguments,
    })
    assert.is_truthy(command.began_at and command.ended_at)
    assert.are.equal("verify", document.read_by)
    assert.are.equal("voice", document.coverage[1].name)
    local totals = document.totals
    assert.are.equal(
      totals.total,
      totals.confirmed + totals.refused + totals.unconfirmed + totals.not_sent
    )
  end)

  it("has what was granted and what was given back", function()
    local case = world:plan { replace_by = "eve@example.com" }
    assert(case:apply(world.client))
    assert(case:undo(world.client))
    local row = find(documents.make(case).rows, "voice_trailer")
    assert.are.same({ "viewer", "confirmed", "viewer", "confirmed" }, {
      row.granted.role,
      row.granted.outcome,
      row.given_back.role,
      row.given_back.outcome,
    })
  end)

  it("names the resources that are left with their creator alone", function()
    local case = world:plan()
    assert(case:apply(world.client))
    local names = {}
    for i, row in ipairs(documents.make(case).only_creator) do
      names[i] = row.resource_id
    end
    table.sort(names)
    -- Others have a role on the rest, or the removal was refused.
    assert.are.same({ "agent_sales", "doc_faq", "voice_trailer", "voices_2026" }, names)
  end)

  it("does not name those whose successor got the role", function()
    local case = world:plan { replace_by = "eve@example.com" }
    assert(case:apply(world.client))
    assert.are.equal(0, #documents.make(case).only_creator)
  end)

  it("has the checksum of the plan and of the journals, and none of what is not there", function()
    local case = world:plan()
    assert(case:apply(world.client))
    local files = documents.make(case).files
    local names = {}
    for i, file in ipairs(files) do
      names[i] = file.name
      assert.are.equal(sha256.file(case:path(file.name)), file.sha256)
    end
    assert.are.same({ "plan.jsonl", "case.jsonl", "round-2.unshare.jsonl" }, names)
  end)

  it("is JSON in which an empty list is a list", function()
    world.state.resources = {}
    local text = json.encode(documents.make(world:plan()))
    for _, name in ipairs { "rows", "only_creator", "unknown" } do
      assert.is_truthy(text:find(('"%s":[]'):format(name), 1, true), name)
    end
  end)
end)
