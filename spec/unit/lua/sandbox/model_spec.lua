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

  it("finds among many without looking at each", function()
    local looked = 0
    local function counted(entry)
      return setmetatable({}, {
        __index = function(_, name)
          looked = looked + 1
          return entry[name]
        end,
      })
    end
    local state = models.leaver(2000)
    for i, resource in ipairs(state.resources) do
      state.resources[i] = counted(resource)
    end
    model = models.new(state)
    assert.is_true(model:unshare(ada, "voice_0001", MIA)) -- may look at each
    looked = 0
    for i = 1, 2000, 100 do
      assert.is_true(model:unshare(ada, ("voice_%04d"):format(i), MIA))
    end
    assert.is_true(looked < 2000, looked)
  end)
end)

describe("sandbox.model.leaver", function()
  local state = models.leaver(1000)

  local function count(predicate)
    local found = 0
    for _, resource in ipairs(state.resources) do
      found = found + (predicate(resource) and 1 or 0)
    end
    return found
  end

  it("has as many resources as are asked for, the first of them always the same", function()
    assert.are.equal(1000, #state.resources)
    assert.are.same(models.leaver(1000), state)
    assert.are.same(models.leaver(1).resources[1], state.resources[1])
    assert.are.same({}, models.leaver(0).resources)
    assert.are.same({ "voice_0001", "voice" }, { state.resources[1].id, state.resources[1].type })
    assert.are.equal("voice_10001", models.leaver(10001).resources[10001].id)
  end)

  it("mixes types and creators, and gives the creator and Ada admin", function()
    local types, creators = {}, {}
    for _, resource in ipairs(state.resources) do
      types[resource.type] = (types[resource.type] or 0) + 1
      creators[resource.creator] = (creators[resource.creator] or 0) + 1
      assert.are.equal("admin", resource.roles[resource.creator])
      assert.are.equal("admin", resource.roles.user_ada)
    end
    assert.are.same({
      voice = 250,
      convai_agents = 250,
      convai_knowledge_base_documents = 250,
      pronunciation_dictionary = 250,
    }, types)
    assert.are.same({ user_ada = 560, user_tom = 400, user_mia = 40 }, creators)
  end)

  it("lets Ada take away every role of Mia's but those on what Mia made", function()
    local function has_role(resource)
      return resource.roles.user_mia ~= nil
    end
    assert.are.equal(1000, count(has_role))
    local model = models.new(state)
    for _, resource in ipairs(state.resources) do
      local args = { resource_type = resource.type, user_email = "mia@example.com" }
      local ok, refusal = model:unshare("user_ada", resource.id, args)
      assert.are.equal("target_is_creator", ok and "target_is_creator" or refusal.code)
    end
    assert.are.equal(40, count(has_role))
  end)
end)
