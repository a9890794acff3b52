local support = require "spec.support.offboard"

local row = support.row

describe("offboard verify", function()
  local world, case

  before_each(function()
    support.begin()
    world = support.world(function(state)
      for _, resource in ipairs(state.resources) do
        resource.roles.user_ada = "admin"
      end
    end)
    case = world:plan {
      protect = { { resource_id = "doc_faq", resource_type = "convai_knowledge_base_documents" } },
    }
  end)
  after_each(support.finish)

  local function verify(options)
    world.requests = {}
    return assert(case:verify(world.client, options))
  end

  --- What the last verify saw of each resource that is named.
  local function seen(...)
    local list = {}
    for i, id in ipairs { ... } do
      list[i] = row(case, id) and row(case, id).seen or "nothing"
    end
    return list
  end

  it("changes nothing, and sees what is still there and what is kept", function()
    local summary = verify()
    assert.are.same({}, world:changes())
    assert.are.same(
      { "still_there", "kept", "kept" },
      seen("voice_narrator", "dub_teaser", "doc_faq")
    )
    assert.are.equal(8, #summary.left)
    assert.matches("^Access remains: a role of their own on 8 resources; ", summary.headline)
  end)

  it("sees what is gone, what came back, and what is new since the plan", function()
    assert(case:apply(world.client))
    world:resource("voice_trailer").roles.user_mia = "admin"
    world:resource("agent_sales").roles.user_mia = "editor"
    world:remove_resource "voices_2026"
    table.insert(world.state.resources, {
      id = "voice_new",
      type = "voice",
      name = "New",
      creator = "user_ada",
      roles = { user_ada = "admin", user_mia = "viewer" },
    })
    local summary = verify()
    assert.are.same(
      { "gone", "came_back", "came_back", "resource_gone", "new" },
      seen("voice_narrator", "voice_trailer", "agent_sales", "voices_2026", "voice_new")
    )
    assert.are.equal(3, #summary.left)
    assert.are.same({ "admin" }, { row(case, "voice_trailer").roles_now[1] })
    assert.are.same({ "New", "user_ada" }, {
      row(case, "voice_new").name,
      row(case, "voice_new").creator,
    })
    case:close()
    case = support.open()
    assert.are.same(
      { "gone", "came_back", "came_back", "resource_gone", "new" },
      seen("voice_narrator", "voice_trailer", "agent_sales", "voices_2026", "voice_new")
    )
    assert.are.equal(summary.headline, case:summary().headline)
    assert.are.same(summary.totals, case:summary().totals)
  end)

  it("takes what cannot be read for unreadable, and never for gone", function()
    assert(case:apply(world.client))
    world:refuse "/resources/voice_narrator"
    local summary = verify()
    assert.are.same({ "unreadable", "gone" }, seen("voice_narrator", "voice_trailer"))
    assert.are.same({ 1, false }, { summary.unreadable, summary.is_complete })
    assert.matches("Not all could be read: 1 resource%.$", summary.headline)
  end)

  it("reads the resources of the case also if their list is refused, and says so", function()
    assert(case:apply(world.client))
    world:connect { forbid_list = { "voice" } }
    local summary = verify()
    assert.are.same({ "gone", "gone" }, seen("voice_narrator", "agent_sales"))
    assert.is_false(summary.is_complete)
    assert.matches("Not all could be read: 1 list of resources%.$", summary.headline)
  end)

  it("reads the planned resources alone if it is told to, and says so", function()
    verify { planned_only = true }
    for _, request in ipairs(world.requests) do
      assert.is_nil(request.path:find("/v2/voices", 1, true))
    end
    assert.are.equal(14, #world.requests) -- four lists of principals, ten resources
    assert.are.same({ "still_there", "kept" }, seen("voice_narrator", "dub_teaser"))
    assert(case:apply(world.client))
    local summary = verify { planned_only = true }
    assert.matches("on the 10 resources of the case, which alone were read%.", summary.headline)
    assert.is_true(case.ledger.reading.planned_only)
    assert.are.equal(10, case.ledger.reading.coverage[1].listed)
  end)

  it("looks for one who left by id", function()
    assert(case:apply(world.client))
    for i, user in ipairs(world.state.users) do
      if user.id == "user_mia" then
        table.remove(world.state.users, i)
        break
      end
    end
    local summary = verify()
    assert.are.same({ "gone", "kept" }, seen("voice_narrator", "dub_teaser"))
    assert.matches("No other role of their own is left", summary.headline)
  end)

  it("that did not end leaves the earlier reading", function()
    assert(case:apply(world.client))
    local headline = case:summary().headline
    world:resource("voice_narrator").roles.user_mia = "editor"
    world:kill_at(20, true)
    assert.has_error(function()
      case:verify(world.client)
    end, "killed")
    case = world:restart(case)
    assert.are.equal(headline, case:summary().headline)
    assert.is_nil(case.ledger.commands[#case.ledger.commands].ended_at)
  end)

  it("stops early if the key is refused, and says so", function()
    world.state.api_keys.sk_sandbox_ada = nil
    local summary, err = case:verify(world.client)
    assert.is_nil(summary)
    assert.is_truthy(err.message)
    assert.are.equal("plan", case.ledger.reading.by)
  end)
end)
