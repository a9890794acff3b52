local leaver = require "elevenlabs.workspace.sandbox.leaver"
local models = require "elevenlabs.workspace.sandbox.model"
local sources = require "elevenlabs.workspace.offboard.sources"

local PRESET = { admin = true, editor = true, commenter = true, viewer = true }

describe("the sandbox's workspace that Mia leaves", function()
  local state = leaver.state(1000)

  local function count(predicate)
    local found = 0
    for _, resource in ipairs(state.resources) do
      found = found + (predicate(resource) and 1 or 0)
    end
    return found
  end

  it("has as many resources as are asked for, the first of them always the same", function()
    assert.are.equal(1000, #state.resources)
    assert.are.same(leaver.state(1000), state)
    assert.are.same(leaver.state(1).resources[1], state.resources[1])
    assert.are.same({}, leaver.state(0).resources)
    assert.are.same({ "voice_0001", "voice" }, { state.resources[1].id, state.resources[1].type })
    assert.are.equal("voice_10018", leaver.state(10018).resources[10018].id)
  end)

  it("has resources of every kind with a list, and three of kinds without", function()
    local types = {}
    for _, resource in ipairs(state.resources) do
      types[resource.type] = (types[resource.type] or 0) + 1
    end
    for _, source in ipairs(sources) do
      for _, name in ipairs(source.types) do
        assert.is_true(types[name] >= 20, name)
        types[name] = nil
      end
    end
    assert.are.same({ songs = 1, avatars = 1, content_templates = 1 }, types)
  end)

  it("has a branch and a deployment for each agent, some of which are archived", function()
    local children, archived = {}, 0
    for _, resource in ipairs(state.resources) do
      if resource.parent then
        children[resource.parent] = (children[resource.parent] or "") .. resource.type .. " "
      end
    end
    for _, resource in ipairs(state.resources) do
      archived = archived + (resource.archived and 1 or 0)
      if resource.type == "convai_agents" and resource.id < "convai_agents_0900" then
        local both = "convai_agent_branches convai_agent_versions_deployments "
        local is_cut = resource.id == "convai_agents_0049" -- number 60 is an avatar
        assert.are.equal(is_cut and both:match " (.*)" or both, children[resource.id])
      end
    end
    assert.are.equal(5, archived)
  end)

  it("gives creators and Ada admin", function()
    local creators = {}
    for _, resource in ipairs(state.resources) do
      creators[resource.creator] = (creators[resource.creator] or 0) + 1
      assert.are.equal("admin", resource.roles[resource.creator])
      assert.are.equal("admin", resource.roles.user_ada)
    end
    assert.are.same({ user_ada = 560, user_tom = 400, user_mia = 40 }, creators)
  end)

  it("gives Mia a role on nine in ten, some of them custom, and her groups some more", function()
    local kinds = { none = 0, preset = 0, custom = 0, both = 0 }
    for _, resource in ipairs(state.resources) do
      local roles = resource.roles.user_mia
      local kind = not roles and "none" or type(roles) == "table" and "both"
        or PRESET[roles] and "preset" or "custom"
      kinds[kind] = kinds[kind] + 1
    end
    assert.are.same({ none = 100, preset = 800, custom = 50, both = 50 }, kinds)
    for name, wanted in pairs { group_studio = 125, group_night = 20, default = 25 } do
      assert.are.equal(wanted, count(function(resource)
        return resource.roles[name]
      end))
    end
    assert.are.equal(20, count(function(resource)
      return resource.anonymous
    end))
  end)

  it("gives Tom roles that are lower, equal and higher than Mia's", function()
    local power, seen = { viewer = 1, commenter = 2, editor = 3, admin = 4 }, {}
    for _, resource in ipairs(state.resources) do
      local mia, tom = power[resource.roles.user_mia], power[resource.roles.user_tom]
      if mia and tom then
        seen[tom < mia and "lower" or tom > mia and "higher" or "equal"] = true
      end
    end
    assert.are.same({ lower = true, equal = true, higher = true }, seen)
  end)

  it("lets Ada take away every role of Mia's but those on what Mia made", function()
    local function has_role(resource)
      return resource.roles.user_mia ~= nil
    end
    local model = models.new(state)
    for _, resource in ipairs(state.resources) do
      local args = { resource_type = resource.type, user_email = "mia@example.com" }
      local ok, refusal = model:unshare("user_ada", resource.id, args)
      assert.are.equal("target_is_creator", ok and "target_is_creator" or refusal.code)
    end
    assert.are.equal(40, count(has_role))
  end)
end)
