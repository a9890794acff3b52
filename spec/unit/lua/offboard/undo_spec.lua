local support = require "spec.support.offboard"

local row = support.row

describe("offboard undo", function()
  local world, case

  --- Plan and apply in a workspace in which ada may change everything.
  local function apply(change, plan)
    world = support.world(function(state)
      for _, resource in ipairs(state.resources) do
        resource.roles.user_ada = "admin"
      end
    end)
    if change then
      change()
    end
    case = world:plan(plan)
    assert(case:apply(world.client))
    world.requests = {}
  end

  before_each(support.begin)
  after_each(support.finish)

  local function undo(options)
    return assert(case:undo(world.client, options))
  end

  it("gives back what was removed, and nothing else", function()
    apply()
    local summary = undo()
    assert.are.same({ "editor", "viewer", "commenter", "admin" }, {
      world:role "voice_narrator",
      world:role "voice_trailer",
      world:role "voices_2026",
      world:role "agent_support",
    })
    assert.are.equal(9, #world:changes())
    assert.are.same({ 9, {} }, { summary.given_back, summary.not_given_back })
    assert.matches("roles that undo gave back on 9 resources", summary.headline)
    local back = row(case, "voice_narrator").given_back
    assert.are.same(
      { "editor", "confirmed", "there" },
      { back.role, back.outcome, back.read_back }
    )
  end)

  it("is known after the case was opened again, and verify takes the roles for kept", function()
    apply()
    undo()
    case:close()
    case = support.open()
    assert.are.equal(9, case:summary().given_back)
    local summary = assert(case:verify(world.client))
    assert.are.equal("kept", row(case, "voice_narrator").seen)
    assert.are.equal(0, #summary.left)
  end)

  it("gives back on the resources alone that it is told", function()
    apply()
    local summary = undo { resource_ids = { "voice_trailer" } }
    assert.are.equal("viewer", world:role "voice_trailer")
    assert.are.equal(1, #world:changes())
    assert.are.equal(1, summary.given_back)
    for _, id in ipairs { "voice_trailer", "dub_teaser", "voice_trailr" } do
      local options = { resource_ids = { "voice_narrator", id } }
      local refused, err = case:undo(world.client, options)
      assert.is_nil(refused)
      assert.are.equal("resource_ids", err.field)
      assert.matches("no role was removed on " .. id, err.message, 1, true)
    end
    assert.are.equal(1, #world:changes())
  end)

  it("gives nothing back twice", function()
    apply()
    undo()
    world.requests = {}
    assert.are.equal(9, undo().given_back)
    assert.are.same({}, world:changes())
  end)

  it("gives the highest preset role of several", function()
    apply(function()
      local get = getmetatable(world.client.core.app.model).__index.get
      local removed
      function world.client.core.app.model.get(model, caller, id, args)
        local resource, refusal = get(model, caller, id, args)
        removed = removed or not world:role "voice_narrator"
        if resource and id == "voice_narrator" and not removed then
          table.insert(resource.role_to_group_ids.viewer, "user_mia")
          resource.role_to_group_ids.role_night = { "user_mia" }
        end
        return resource, refusal
      end
    end)
    assert.are.equal(3, #row(case, "voice_narrator").removed.roles)
    undo()
    assert.are.equal("editor", world:role "voice_narrator")
  end)

  it("does not give a role over a newer one", function()
    apply()
    world:resource("voice_narrator").roles.user_mia = "viewer"
    local summary = undo()
    assert.are.equal("viewer", world:role "voice_narrator")
    assert.are.same({ 8, 1 }, { summary.given_back, #summary.not_given_back })
    assert.are.equal(
      "the subject has a role again: viewer",
      row(case, "voice_narrator").given_back.why
    )
  end)

  it("names a role of the workspace's own, which nobody can give", function()
    apply(function()
      world:resource("voice_narrator").roles.user_mia = "role_night_shift"
    end)
    local summary = undo()
    assert.is_nil(world:role "voice_narrator")
    assert.are.equal(1, #summary.not_given_back)
    assert.matches("the custom role role_night_shift", summary.not_given_back[1].given_back.why)
  end)

  it("names a resource that is gone, full, or the subject's own now", function()
    apply()
    world:remove_resource "voice_narrator"
    world:resource("voice_trailer").creator = "user_mia"
    for i = 1, 100 do
      world:resource("agent_sales").roles["user_" .. i] = "viewer"
    end
    local summary = undo()
    local why = {}
    for i, id in ipairs { "voice_narrator", "voice_trailer", "agent_sales" } do
      why[i] = row(case, id).given_back.why
    end
    assert.matches("could not be read", why[1])
    assert.are.equal("the subject created the resource", why[2])
    assert.matches("principals already", why[3])
    assert.are.equal(3, #summary.not_given_back)
  end)

  it("says what the server refused", function()
    apply()
    world:refuse "/voice_narrator/share"
    local refuse = world.after
    function world.after(request)
      local refusal = refuse(request)
      if refusal then
        world:resource("voice_narrator").roles.user_mia = nil
      end
      return refusal
    end
    local summary = undo()
    assert.are.same({ 8, 1 }, { summary.given_back, #summary.not_given_back })
    assert.are.equal("refused by the spec", row(case, "voice_narrator").given_back.why)
  end)

  describe("of a share whose answer was an error", function()
    --- Give the role of one resource back. `was_applied`: the role is there. `is_read`: and seen.
    local function give(was_applied, is_read, status)
      apply()
      assert.is_true(#assert(case:verify(world.client)).left <= 1)
      function world.after(request)
        local narrator = world:resource "voice_narrator"
        if request.path:find("/voice_narrator/share", 1, true) then
          narrator.roles.user_mia = was_applied and "editor" or nil
          world.is_shared = true
        elseif is_read or not (world.is_shared and request.path:find "/voice_narrator") then
          return nil
        end
        return { status = status or 500, headers = {}, body = "" }
      end
      local options = { resource_ids = { "voice_narrator" }, read_back_ms = 1 }
      return assert(case:undo(world.client, options))
    end

    it("says that the role may be there if nobody could look", function()
      local summary = give(true, false)
      assert.are.same({ 0, 1, 1 },
        { summary.given_back, summary.maybe_given_back, #summary.not_given_back })
      assert.matches("roles that undo may have given back on 1 resource: verify", summary.headline)
      assert.matches("No other role of their own is left", summary.headline)
      assert.is_false(summary.is_done)
    end)

    for _, status in ipairs { 500, 403 } do
      it(("says that a role is left if it was seen: %d"):format(status), function()
        local summary = give(true, true, status)
        assert.are.same({ 0, 0, 1 },
          { summary.given_back, summary.maybe_given_back, #summary.not_given_back })
        local left = summary.left[#summary.left]
        assert.are.same(
          { "voice_narrator", "undo saw a role there, and no answer says that undo gave it" },
          { left.resource_id, left.why_left }
        )
        assert.is_nil(summary.headline:find "No other role")
        assert.is_false(summary.is_done)
      end)
    end

    it("says no more of it if it was looked for and not seen", function()
      local summary = give(false, true)
      assert.are.same({ 0, 0, 1 },
        { summary.given_back, summary.maybe_given_back, #summary.not_given_back })
    end)
  end)

  it("leaves the grants to a successor", function()
    apply(nil, { replace_by = "tom@example.com" })
    undo()
    local roles = world:resource("voice_narrator").roles
    assert.are.same({ "editor", "editor" }, { roles.user_mia, roles.user_tom })
    assert.are.equal("editor", row(case, "voice_narrator").granted.role)
  end)

  it("gives back what a killed round removed, answered or not", function()
    world = support.world(function(state)
      state.resources[1].roles.user_ada = "admin"
    end)
    case = world:plan()
    function world.after(request)
      if request.path:find("/unshare", 1, true) then
        error("killed", 0) -- the change was made, and nobody saw the answer
      end
    end
    assert.has_error(function()
      case:apply(world.client)
    end, "killed")
    case = world:restart(case)
    undo()
    assert.are.equal("editor", world:role "voice_narrator")
    assert.are.equal("viewer", world:role "voice_draft") -- never removed, and not given
  end)

  it("is refused if the round is too old, or of more grants than allowed", function()
    apply()
    support.age(case, 8 * 86400)
    local summary, err = case:undo(world.client)
    assert.is_nil(summary)
    assert.matches("the round is 8 days old", err.message)
    summary, err = case:undo(world.client, { max_age_s = 9 * 86400, max_removals = 8 })
    assert.is_nil(summary)
    assert.matches("9 resources are to be changed", err.message)
    assert.are.same({}, world:changes())
    assert(case:undo(world.client, { max_age_s = 9 * 86400, max_removals = 9 }))
  end)

  it("after the roles were removed again gives them back again", function()
    apply()
    undo()
    assert(case:apply(world.client))
    assert.are.equal("editor", world:role "voice_narrator") -- what undo gave back stays
    assert.are.equal("given_back", row(case, "voice_narrator").decision)
    assert.are.equal("not_sent", row(case, "voice_narrator").outcome)
    case:close()
    case = world:plan { again = true }
    assert(case:apply(world.client))
    assert.is_nil(world:role "voice_narrator")
    assert.are.equal(0, case:summary().given_back)
    undo()
    assert.are.equal("editor", world:role "voice_narrator")
  end)

  it("of a case without rounds does nothing", function()
    world = support.world()
    case = world:plan()
    assert.are.equal(0, undo().given_back)
    assert.are.same({}, world:changes())
  end)
end)
