local keys = require "elevenlabs.workspace.engine.key"
local offboard = require "elevenlabs.workspace.offboard"
local support = require "spec.support.offboard"

describe("offboard planning", function()
  local world

  before_each(function()
    support.begin()
    world = support.world()
  end)
  after_each(support.finish)

  local function rows(case)
    local actions = {}
    for _, row in ipairs(case.ledger.rows) do
      actions[row.resource_id] = row.reason or row.action
    end
    return actions
  end

  local function refuse(options, field, message)
    local case, err = world:try_plan(options)
    assert.is_nil(case)
    assert.are.same({ "invalid_argument", field }, { err.kind, err.field })
    assert.matches(message, err.message)
    return err
  end

  it("finds every resource with a role of the subject's own, and what it created", function()
    local case = world:plan()
    assert.are.same({
      agent_sales = "remove",
      agent_support = "remove",
      dict_names = "remove",
      doc_faq = "remove",
      dub_teaser = "creator",
      project_launch = "remove",
      voice_draft = "remove",
      voice_narrator = "remove",
      voice_trailer = "remove",
      voices_2026 = "remove",
    }, rows(case))
    assert.are.same({}, world:changes())
  end)

  it("says what and who it is for", function()
    local header = world:plan({ note = "Ticket", replace_by = "TOM@example.com" }).plan.header
    assert.are.same(
      { "https://sandbox.invalid", "user_ada", "user_mia", "Ticket" },
      { header.server, header.owner.user_id, header.subject.id, header.note }
    )
    assert.are.same({ id = "user_tom", email = "tom@example.com" }, header.successor)
  end)

  it("refuses a note, an id and a server that hold the key, and makes no folder", function()
    local key = "sk_sandbox_ada"
    refuse({ note = "ticket " .. key }, "note", "^note holds the secret API key$")
    local list = { { resource_id = "x" .. key, resource_type = "voice" } }
    refuse({ ids = list }, "ids", "ids, resource 1: resource_id holds the secret API key")
    refuse({ protect = list }, "protect", "resource 1: resource_id holds the secret API key")
    refuse({ user_email = key .. "@x" }, "user_email", "^no member has the address %[secret%]@x")
    refuse({ replace_by = key .. "@x" }, "replace_by", "^no member has the address %[secret%]@x")
    world.client.engine.key = keys.new(function() -- is asked before the first request
      return key
    end, tostring)
    refuse({ note = key }, "note", "^note holds the secret API key$")
    assert.is_nil(io.open(support.path "mia"))
  end)

  it("of a subject that is nobody makes no folder", function()
    refuse({ user_email = "nobody@example.com" }, "user_email", "no member has the address nobody")
    refuse({ group_id = "group_studio" }, "group_id", "do not go together")
    refuse({ user_email = "ada@example.com" }, "user_email", "is the owner of this API key")
    assert.is_nil(io.open(support.path "mia"))
  end)

  it("stops before the lists of resources, if the subject is nobody", function()
    refuse({ user_email = "nobody@example.com" }, "user_email", "no member")
    assert.are.equal(4, #world.requests)
  end)

  it("has one kind of resource, if that is asked for", function()
    local case = world:plan { resource_types = { "voice" } }
    assert.are.same({
      voice_draft = "remove",
      voice_narrator = "remove",
      voice_trailer = "remove",
    }, rows(case))
    assert.matches("of the types voice that this key can list and read", case:summary().headline)
    refuse({ resource_types = { "avatars" }, again = true }, "resource_types", "no list names")
  end)

  it("reads what the lists cannot name, from an array or a file, each once", function()
    table.insert(world.state.resources, {
      id = "song_1",
      type = "songs",
      name = "Song",
      creator = "user_ada",
      roles = { user_ada = "admin", user_mia = "viewer" },
    })
    local path = support.write(
      support.path "ids.csv",
      "resource_id,resource_type,role\nsong_1,songs,viewer\nvoice_trailer,voice,viewer\n"
    )
    local given = { path, {
      { resource_id = "song_1", resource_type = "songs" },
      { resource_id = "voice_trailer", resource_type = "voice" },
    } }
    for i, ids in ipairs(given) do
      world.requests = {}
      local case = world:plan { ids = ids, again = i > 1 }
      assert.are.equal("remove", rows(case).song_1)
      local coverage = case.plan.reading.coverage
      assert.are.same({ "in no list", 1, 1 }, {
        coverage[#coverage].name,
        coverage[#coverage].listed,
        coverage[#coverage].read,
      })
      local reads = 0
      for _, request in ipairs(world.requests) do
        reads = reads + (request.path:find("voice_trailer", 1, true) and 1 or 0)
      end
      assert.are.equal(1, reads)
      case:close()
    end
  end)

  it("is incomplete if a resource that was named is not there", function()
    local case = world:plan { ids = { { resource_id = "x", resource_type = "songs" } } }
    assert.is_false(case:summary().is_complete)
  end)

  it("protects what is named, from a file too", function()
    local path = support.write(
      support.path "protect.jsonl",
      '{"resource_id":"voice_trailer","resource_type":"voice"}\n'
    )
    assert.are.equal("protected", rows(world:plan { protect = path }).voice_trailer)
  end)

  it("refuses a list of resources that is wrong, before any request", function()
    local path = support.write(support.path "wrong.csv", "resource_id,resource_type\na\n")
    for _, option in ipairs { "ids", "protect" } do
      refuse({ [option] = 7 }, option, "must be a path or an array of resources")
      refuse(
        { [option] = { { resource_id = "a", resource_type = "voice" }, { resource_id = "b" } } },
        option,
        "resource 2: "
      )
      refuse({ [option] = { "a" } }, option, "resource 1: ")
      local case, err = world:try_plan { [option] = support.path "none.csv" }
      assert.is_nil(case)
      assert.are.equal("invalid_argument", err.kind)
      case, err = world:try_plan { [option] = path }
      assert.is_nil(case)
      assert.are.equal("invalid_argument", err.kind)
    end
    assert.are.same({}, world.requests)
  end)

  it("refuses a successor who is nobody, or the subject", function()
    refuse({ replace_by = "zoe@example.com" }, "replace_by", "no member has the address zoe")
    refuse({ replace_by = "MIA@example.com" }, "replace_by", "mia@example.com leaves too")
  end)

  it("says that the members could not be read, and not that the successor is none", function()
    world:connect { forbid_list = { "members" } }
    local case, err = world:try_plan {
      user_email = false,
      group_id = "group_studio",
      replace_by = "tom@example.com",
    }
    assert.is_nil(case)
    assert.are.equal("permission", err.kind)
    assert.matches("the list of members could not be read", err.message)
  end)

  it("goes on without a list of principals that it does not need, and says so", function()
    world:connect { forbid_list = { "service-accounts", "groups" } }
    local summary = world:plan():summary()
    assert.is_false(summary.is_complete)
    assert.matches(
      "Not all could be read: the groups, the service accounts%.$",
      summary.headline
    )
  end)

  it("goes on without a list of resources, and says so", function()
    world:connect { forbid_list = { "voice" } }
    local case = world:plan()
    assert.is_nil(rows(case).voice_trailer)
    assert.matches("Not all could be read: 1 list of resources%.$", case:summary().headline)
  end)

  it("writes no plan if the reading stopped early", function()
    local case, err = world:try_plan {
      on_run = function(run)
        run:cancel()
      end,
    }
    assert.is_nil(case)
    assert.are.equal("cancelled", err.kind)
    assert.is_nil(io.open(support.path "mia/plan.jsonl"))
    assert.is_nil(io.open(support.path "mia/plan.jsonl.new"))
    world:plan()
  end)

  it("refuses a folder that is not the caller's alone", function()
    os.execute(("mkdir -m 777 '%s'"):format(support.path "mia"))
    local case, err = world:try_plan()
    assert.is_nil(case)
    assert.matches("can be written by others: chmod 700 it", err.message)
    assert.are.equal(4, #world.requests)
  end)

  it("of a server that is down says that the same call may succeed later", function()
    function world.after(request)
      return request.path:find "/members" and { status = 503, headers = {}, body = "" } or nil
    end
    local case, err = world:try_plan()
    assert.is_nil(case)
    assert.are.same({ "server", true }, { err.kind, err.retryable })
  end)

  describe("of several people", function()
    local function plan_many(emails, options)
      options = options or {}
      options.user_emails = emails
      local cases, err = offboard.plan_many(world.client, support.path "many", options)
      for _, case in ipairs(cases or {}) do
        support.keep(case)
      end
      return cases, err
    end

    it("makes a case for each, all from one reading", function()
      local cases = assert(plan_many({ "mia@example.com", "Tom@Example.com" }, {
        replace_by = "eve@example.com",
      }))
      assert.are.equal(support.path "many/tom@example.com", cases[2].folder)
      assert.are.same({ 10, 2 }, { #cases[1].ledger.rows, #cases[2].ledger.rows })
      assert.are.equal("user_eve", cases[2].plan.header.successor.id)
      assert.are.equal("700", support.mode(support.path "many"))
      assert(cases[2]:apply(world.client))
      assert.is_nil(world:resource("voice_narrator").roles.user_tom)
    end)

    it("makes none if one of them is nobody, named twice or the successor", function()
      for _, emails in ipairs {
        { "mia@example.com", "zoe@example.com" },
        { "mia@example.com", "MIA@example.com" },
        { "mia@example.com", "tom@example.com" },
        {},
        { 7 },
      } do
        local cases, err = plan_many(emails, { replace_by = "tom@example.com" })
        assert.is_nil(cases)
        assert.are.equal("invalid_argument", err.kind)
      end
      assert.is_nil(io.open(support.path "many"))
      local _, err = plan_many { "sk_sandbox_ada", "sk_sandbox_ada" }
      assert.are.equal("[secret] is named twice", err.message)
    end)

    it("plans with `resume` for those alone who have no case that goes on", function()
      local cases = assert(plan_many { "tom@example.com" })
      cases[1]:close()
      cases = assert(plan_many({ "mia@example.com", "tom@example.com" }, { resume = true }))
      assert.are.same(
        { "user_mia", "user_tom" },
        { cases[1].plan.header.subject.id, cases[2].plan.header.subject.id }
      )
      cases[1]:close()
      cases[2]:close()
      world.requests = {}
      cases = assert(plan_many({ "tom@example.com", "mia@example.com" }, { resume = true }))
      assert.are.equal("user_mia", cases[2].plan.header.subject.id)
      assert.are.equal(4, #world.requests) -- who is who
    end)

    it("closes the cases that go on, if another cannot be planned", function()
      assert(plan_many { "tom@example.com" })[1]:close()
      for _, wrong in ipairs {
        { emails = { "tom@example.com", "zoe@example.com" } },
        { emails = { "tom@example.com", "mia@example.com" }, replace_by = "TOM@example.com" },
      } do
        local cases, err = plan_many(wrong.emails, { resume = true, replace_by = wrong.replace_by })
        assert.is_nil(cases)
        assert.are.equal("invalid_argument", err.kind)
        support.open("many/tom@example.com"):close()
      end
    end)

    it("stays within the folder, whatever an address holds", function()
      world.state.users[2].email = "../../Mia/x@example.com"
      local cases = assert(plan_many { "../../mia/x@example.com" })
      assert.are.equal(support.path "many/_._.._mia_x@example.com", cases[1].folder)
    end)
  end)
end)
