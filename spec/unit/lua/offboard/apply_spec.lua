local support = require "spec.support.offboard"

local row = support.row

describe("offboard apply", function()
  local world, case

  before_each(function()
    support.begin()
    world = support.world(function(state)
      for _, resource in ipairs(state.resources) do
        resource.roles.user_ada = "admin"
      end
    end)
  end)
  after_each(support.finish)

  --- Plan, let others change the workspace, and apply.
  local function apply(change, options, plan)
    case = world:plan(plan)
    if change then
      change()
    end
    world.requests = {}
    return case:apply(world.client, options)
  end

  it("reads first, removes what is planned and nothing else, and reads back", function()
    local first_change, reads
    function world.before(request, number)
      if request.method == "POST" and not first_change then
        first_change, reads = number, 0
        for i = 1, number - 1 do
          reads = reads + (world.requests[i].path:find "/resources/[^/]+$" and 1 or 0)
        end
      end
    end
    local summary = assert(apply())
    assert.are.equal(9, reads)
    assert.are.same(
      { total = 9, confirmed = 9, refused = 0, unconfirmed = 0, not_sent = 0 },
      summary.totals
    )
    assert.are.same({ gone = 9, still_there = 0, unreadable = 0 }, summary.read_back)
    assert.are.equal("admin", world:role "dub_teaser") -- mia created it
    assert.are.equal("viewer", world:resource("voice_narrator").roles.user_tom)
    assert.are.equal("editor", world:resource("project_launch").roles.group_studio)
    local narrator = row(case, "voice_narrator")
    assert.are.same({ 200, 1 }, { narrator.status, narrator.attempts })
    assert.matches("^sandbox%-", narrator.request_id)
    assert.matches("^%d+%-.*Z$", narrator.at)
  end)

  local NOT_TOUCHED = {
    {
      "whose roles changed since the plan",
      "changed",
      "the roles changed since the plan",
      function()
        world:resource("voice_narrator").roles.user_mia = "admin"
      end,
    },
    {
      "whose role is gone",
      "gone",
      "the role was gone before the removal",
      function()
        world:resource("voice_narrator").roles.user_mia = nil
      end,
    },
    {
      "that is gone",
      "resource_gone",
      "the resource is gone",
      function()
        world:remove_resource "voice_narrator"
      end,
    },
    {
      "that the subject created meanwhile",
      "creator",
      "the subject created the resource",
      function()
        world:resource("voice_narrator").creator = "user_mia"
      end,
    },
    {
      "that cannot be read",
      "unreadable",
      "the resource could not be read: ",
      function()
        world:refuse "/resources/voice_narrator"
      end,
    },
  }
  for _, example in ipairs(NOT_TOUCHED) do
    it("does not touch a resource " .. example[1], function()
      local summary = assert(apply(example[4]))
      local narrator = row(case, "voice_narrator")
      assert.are.same({ example[2], "not_sent" }, { narrator.decision, narrator.outcome })
      assert.are.equal(example[3], narrator.why:sub(1, #example[3]))
      for _, change in ipairs(world:changes()) do
        assert.are_not.equal("unshare voice_narrator", change)
      end
      assert.are.same({ 9, 8, 1 }, {
        summary.totals.total,
        summary.totals.confirmed,
        summary.totals.not_sent,
      })
    end)
  end

  it("does not touch what is protected", function()
    local protect = { { resource_id = "voice_narrator", resource_type = "voice" } }
    local summary = assert(apply(nil, nil, { protect = protect }))
    assert.are.equal("editor", world:role "voice_narrator")
    assert.are.equal(8, summary.totals.confirmed)
    assert.matches("roles on 1 resource that are protected", summary.headline)
  end)

  it("says what the server refused, and looks at once", function()
    world:resource("voice_draft").roles.user_ada = "viewer"
    local summary = assert(apply())
    local draft = row(case, "voice_draft")
    assert.are.same({ "refused", 403, "still_there", "still_there" }, {
      draft.outcome,
      draft.status,
      draft.read_back,
      draft.seen,
    })
    assert.matches("You need admin access", draft.why)
    assert.are.same({ 8, 1 }, { summary.totals.confirmed, summary.totals.refused })
  end)

  it("with nothing to remove verifies and writes the report", function()
    for _, resource in ipairs(world.state.resources) do
      resource.roles.user_mia = resource.creator == "user_mia" and "admin" or nil
    end
    local summary = assert(apply())
    assert.are.same({ 0, {} }, { summary.totals.total, world:changes() })
    assert.are.equal("verify", case.ledger.reading.by)
    assert.is_truthy(io.open(case:path "report.html"))
  end)

  describe("of a group, of everybody and of a service account", function()
    it("removes by the id that the API takes", function()
      assert(apply(nil, nil, { user_email = false, group_id = "group_studio" }))
      assert.is_nil(world:resource("project_launch").roles.group_studio)
      assert.are.equal("editor", world:role "project_launch")
    end)

    it("removes the role of every member", function()
      assert(apply(nil, nil, { user_email = false, group_id = "default", everyone = true }))
      assert.is_nil(world:resource("dict_names").roles.default)
      assert.are.equal("viewer", world:role "dict_names")
    end)

    it("removes by a key", function()
      assert(apply(nil, nil, { user_email = false, service_account_id = "service_deploy" }))
      assert.is_nil(world:resource("agent_support").roles.service_deploy)
    end)
  end)

  describe("reads back", function()
    --- Show the roles as they were for so many reads after a removal.
    local function show_late(id, reads)
      local before, removed = nil, false
      function world.after(request, answer)
        if request.path:find(id .. "/unshare", 1, true) then
          removed = true
        elseif request.path:sub(-#id) == id then
          before = before or answer.body
          if removed and reads > 0 then
            reads, answer.body = reads - 1, before
          end
          return answer
        end
        return answer
      end
    end

    it("until a change that is seen late is seen", function()
      local summary = assert(apply(function()
        show_late("voice_narrator", 5)
      end))
      assert.are.same({ gone = 9, still_there = 0, unreadable = 0 }, summary.read_back)
      assert.are.equal("confirmed", row(case, "voice_narrator").outcome)
    end)

    it("until time is up, and then says that the role is still there", function()
      local summary = assert(apply(function()
        show_late("voice_narrator", 5)
      end, { read_back_ms = 0 }))
      assert.are.same({ gone = 8, still_there = 1, unreadable = 0 }, summary.read_back)
      assert.are.same({ "confirmed", "still_there" }, {
        row(case, "voice_narrator").outcome,
        row(case, "voice_narrator").read_back,
      })
      assert.are.equal(1, #summary.left) -- the verify saw the role too
    end)

    for _, answer in ipairs {
      { status = 403, headers = {}, body = "{}" },
      { status = 404, headers = {}, body = "<html>a firewall's page</html>" },
    } do
      it(("what cannot be read is not gone: %d"):format(answer.status), function()
        local removed
        function world.after(request)
          removed = removed or request.path:find("voice_narrator/unshare", 1, true)
          if removed and request.path:sub(-15) == "/voice_narrator" then
            return answer
          end
        end
        local summary = assert(apply())
        assert.are.same({ 8, 1 }, { summary.read_back.gone, summary.read_back.unreadable })
        assert.are.equal(1, summary.unreadable)
        assert.is_false(summary.is_complete)
      end)
    end

    it("is not done before everything was read", function()
      local summary = assert(apply(nil, { verify = false }))
      assert.are.same({ 9, 0 }, { summary.totals.confirmed, #summary.left })
      assert.is_false(summary.is_done)
      assert.is_false(assert(case:verify(world.client, { planned_only = true })).is_done)
      assert.is_false(case:summary().is_complete)
      assert.is_true(assert(case:verify(world.client)).is_done)
    end)
  end)

  describe("with a successor", function()
    local WITH_TOM = { replace_by = "tom@example.com" }

    it("grants where the leaver's role is higher, and removes then", function()
      world:resource("voice_trailer").roles.user_tom = "admin"
      local order = {}
      function world.before(request)
        order[#order + 1] = request.path:match "voice_narrator/(%l+)$"
      end
      local summary = assert(apply(nil, nil, WITH_TOM))
      assert.are.equal(9, summary.totals.confirmed)
      assert.are.same({ "share", "unshare" }, order)
      assert.are.equal("editor", world:resource("voice_narrator").roles.user_tom)
      assert.are.equal("admin", world:resource("voice_trailer").roles.user_tom)
      assert.are.same({ "editor", "confirmed" }, {
        row(case, "voice_narrator").granted.role,
        row(case, "voice_narrator").granted.outcome,
      })
      assert.is_nil(row(case, "voice_trailer").granted)
    end)

    --- The removal of the narrator waits, and goes on if the caller says so.
    local function expect_withheld(why, change)
      local summary = assert(apply(change, nil, WITH_TOM))
      local narrator = row(case, "voice_narrator")
      assert.are.same({ "withheld", "not_sent" }, { narrator.decision, narrator.outcome })
      assert.matches(why, narrator.why)
      assert.are.equal(1, summary.withheld)
      assert.is_truthy(world:role "voice_narrator")
      summary = assert(case:apply(world.client, { remove_anyway = true }))
      assert.is_nil(world:role "voice_narrator")
      assert.are.same({ 0, 9 }, { summary.withheld, summary.totals.confirmed })
    end

    it("withholds the removal if the grant is refused", function()
      expect_withheld("the grant to the successor: refused by the spec", function()
        world:refuse "/voice_narrator/share"
      end)
    end)

    it("withholds the removal if the role is one of the workspace's own", function()
      world:resource("voice_narrator").roles.user_mia = "role_night_shift"
      expect_withheld "the API cannot grant the custom role role_night_shift"
      assert.is_nil(world:resource("voice_narrator").roles.role_night_shift)
    end)

    it("withholds the removal if the resource has 100 principals", function()
      local roles = world:resource("voice_narrator").roles
      roles.user_tom = nil
      for i = 1, 98 do
        roles["user_" .. i] = "viewer"
      end
      expect_withheld "100 principals already"
    end)

    it("withholds the removal if the grant is not seen", function()
      local roles = world:resource("voice_narrator").roles
      expect_withheld("the grant to the successor is not seen yet", function()
        function world.after(request)
          if request.path:sub(-21) == "/voice_narrator/share" then
            roles.user_tom = "viewer"
          end
        end
      end)
    end)
  end)
end)
