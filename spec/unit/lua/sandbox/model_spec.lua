local models = require "elevenlabs.workspace.sandbox.model"

describe("sandbox.model", function()
  local model
  local ada, tom = "user_ada", "user_tom"
  local MIA = { resource_type = "voice", user_email = "mia@example.com" }

  before_each(function()
    model = models.new(models.example())
  end)

  local function roles(id)
    for _, resource in ipairs(model.state.resources) do
      if resource.id == id then
        return resource.roles
      end
    end
  end

  it("knows its keys", function()
    assert.are.equal(ada, (model:authenticate "sk_sandbox_ada"))
    assert.are.equal("invalid_api_key", select(2, model:authenticate "x").code)
    assert.are.equal("missing_api_key", select(2, model:authenticate(nil)).code)
    assert.are.equal("missing_api_key", select(2, model:authenticate "").code)
  end)

  it("removes a role, and one that is not there", function()
    assert.are.equal("editor", roles("voice_narrator").user_mia)
    assert.is_true(model:unshare(ada, "voice_narrator", MIA))
    assert.is_nil(roles("voice_narrator").user_mia)
    assert.is_true(model:unshare(ada, "voice_narrator", MIA))
  end)

  it("overrides a role", function()
    local args = { resource_type = "voice", user_email = "mia@example.com", role = "admin" }
    assert.is_true(model:share(ada, "voice_narrator", args))
    assert.are.equal("admin", roles("voice_narrator").user_mia)
  end)

  it("needs admin access, by whichever way it comes", function()
    assert.are.equal(403, select(2, model:unshare(tom, "voice_narrator", MIA)).status)
    roles("voice_narrator").group_studio = "admin"
    assert.is_true(model:unshare(tom, "voice_narrator", MIA))
    roles("voice_narrator").group_studio = nil
    assert.are.equal(403, select(2, model:unshare(tom, "voice_narrator", MIA)).status)
    roles("voice_narrator").default = "admin"
    assert.is_true(model:unshare(tom, "voice_narrator", MIA))
  end)

  it("protects the creator, from share too", function()
    local args = { resource_type = "dubbing", user_email = "mia@example.com", role = "viewer" }
    assert.are.equal("target_is_creator", select(2, model:unshare(ada, "dub_teaser", args)).code)
    assert.are.equal("target_is_creator", select(2, model:share(ada, "dub_teaser", args)).code)
    assert.are.equal("admin", roles("dub_teaser").user_mia)
  end)

  it("shares with at most 100 principals", function()
    for i = 1, 120 do
      model.state.users[#model.state.users + 1] = { id = "u" .. i, email = i .. "@example.com" }
    end
    local shared, refusal = 0, nil
    for i = 1, 120 do
      local args = { resource_type = "voice", user_email = i .. "@example.com", role = "viewer" }
      local ok, why = model:share(ada, "voice_trailer", args)
      shared, refusal = shared + (ok and 1 or 0), refusal or why
    end
    assert.are.equal(98, shared) -- beside Ada and Mia
    assert.are.equal("too_many_principals", refusal.code)
    local again = { resource_type = "voice", user_email = "1@example.com", role = "editor" }
    assert.is_true(model:share(ada, "voice_trailer", again))
  end)

  it("shows roles by id, and who has none", function()
    local resource = model:get(ada, "agent_support", { resource_type = "convai_agents" })
    assert.are.same({
      admin = { "user_ada", "user_mia" },
      editor = { "service_deploy" },
      commenter = {},
      viewer = {},
    }, resource.role_to_group_ids)
    assert.are.same({
      { id = "user_tom", name = "tom@example.com", type = "user" },
      { id = "user_eve", name = "eve@example.com", type = "user" },
      { id = "group_studio", name = "Studio", type = "group" },
    }, resource.share_options)
  end)

  it("shows custom roles by their name", function()
    roles("voice_trailer").user_mia = "role_reviewer"
    local resource = model:get(ada, "voice_trailer", { resource_type = "voice" })
    assert.are.same({ "user_mia" }, resource.role_to_group_ids.role_reviewer)
  end)

  it("shows each of several roles, and takes all of them away", function()
    roles("voice_trailer").user_mia = { "viewer", "role_reviewer" }
    local function seen()
      local resource = model:get(ada, "voice_trailer", { resource_type = "voice" })
      return resource.role_to_group_ids.viewer, resource.role_to_group_ids.role_reviewer
    end
    assert.are.same({ { "user_mia" }, { "user_mia" } }, { seen() })
    assert.are.equal("voice_trailer", model:get("user_mia", "voice_trailer", MIA).resource_id)
    assert.are.equal(403, select(2, model:unshare("user_mia", "voice_trailer", MIA)).status)
    roles("voice_trailer").user_mia = { "role_reviewer", "admin" }
    assert.is_true(model:unshare("user_mia", "voice_trailer", MIA))
    assert.are.same({ {}, nil }, { seen() })
  end)

  it("shows the access of people without an account", function()
    model.state.resources[1].anonymous = "viewer"
    local resource = model:get(ada, "voice_narrator", { resource_type = "voice" })
    assert.are.equal("viewer", resource.anonymous_access_level_override)
  end)

  it("shows nothing to whom it is not shared with", function()
    local why = select(2, model:get("user_eve", "voice_narrator", { resource_type = "voice" }))
    assert.are.equal(403, why.status)
  end)

  it("tells an unknown resource and another type apart from none", function()
    assert.are.equal(404, select(2, model:get(ada, "x", { resource_type = "voice" })).status)
    local why = select(2, model:get(ada, "voice_narrator", { resource_type = "songs" }))
    assert.are.equal(404, why.status)
  end)

  it("sees each change of its state, wherever in a list", function()
    local users, resources = model.state.users, model.state.resources
    local function seen(id)
      return (model:unshare(ada, id, MIA))
    end
    assert.is_true(seen "voice_narrator" and seen "voice_trailer")
    table.insert(resources, 1, table.remove(resources, 2)) -- moved
    assert.is_true(seen "voice_narrator" and seen "voice_trailer")
    table.remove(resources, 1) -- gone
    assert.is_nil(seen "voice_trailer")
    resources[1].id = "voice_new" -- renamed
    assert.is_nil(seen "voice_narrator")
    assert.is_true(seen "voice_new")
    users[2].email = "mia.new@example.com"
    assert.are.equal("user_not_in_workspace", select(2, model:unshare(ada, "voice_new", MIA)).code)
    table.insert(users, 1, { id = "user_other", email = MIA.user_email }) -- come
    resources[1].roles.user_other = "viewer"
    assert.is_true(seen "voice_new")
    assert.is_nil(resources[1].roles.user_other)
    model.state.resources = { resources[1] } -- another list
    assert.is_true(seen "voice_new")
  end)
end)
