local discovery = require "elevenlabs.workspace.offboard.discovery"
local world = require "spec.support.world"

local OWNER = '{"user_id":"u","seat_type":"workspace_admin"}'
local PRINCIPALS = {
  ["v1/user"] = OWNER,
  ["v1/workspace/members"] = "[]",
  ["v1/workspace/groups"] = "{}",
  ["v1/service-accounts"] = '{"service-accounts":[]}',
}

--- Discover against lists by path, and resources by "type id".
---@return elevenlabs.workspace.offboard.Discovery, table[] items that were read
local function discover(lists, resources, resource_types)
  local engine = world.running(function(attempt)
    local answer
    if attempt.op == "list" then
      local path = table.concat(attempt.args.path, "/")
      answer = lists[path] or PRINCIPALS[path]
    else
      answer = resources[attempt.args.resource_type .. " " .. attempt.args.resource_id]
    end
    return type(answer) == "string" and { body = answer } or answer
  end)
  local client, read = { engine = engine, base_url = "https://server.example" }, {}
  local found = assert(discovery.read(client, {
    resource_types = resource_types,
    on_resource = function(item)
      read[#read + 1] = item.resource_type .. " " .. item.resource_id
    end,
  }))
  return found, read
end

local GONE = { status = 404, body = "{}" }
local FORBIDDEN = { status = 403, body = "{}" }
local BROKEN = { status = 400, body = "{}" }

describe("offboard discovery", function()
  it("counts what became of each resource, and a failed read is not complete", function()
    local ids = '{"voices":[{"voice_id":"a"},{"voice_id":"b"},{"voice_id":"c"},{"voice_id":"d"}]}'
    local resources = {
      ["voice a"] = '{"resource_id":"a"}',
      ["voice b"] = FORBIDDEN,
      ["voice c"] = GONE,
      ["voice d"] = BROKEN,
    }
    local found, read = discover({ ["v2/voices"] = ids }, resources, { "voice" })
    assert.are.same({ "voice a" }, read)
    assert.are.same({
      name = "voice",
      listed = 4,
      complete = true,
      read = 1,
      forbidden = 1,
      not_found = 1,
      failed = 1,
    }, found.coverage[1])
    assert.is_false(discovery.is_complete(found))
  end)

  for name, refusal in pairs { ["forbidden"] = FORBIDDEN, ["not found"] = GONE, broken = BROKEN } do
    it(("is not complete if one resource is %s"):format(name), function()
      local lists = { ["v2/voices"] = '{"voices":[{"voice_id":"a"}]}' }
      local found = discover(lists, { ["voice a"] = refusal }, { "voice" })
      assert.is_false(discovery.is_complete(found))
    end)
  end

  it("takes an id of two types as read if one answers, and else as its worst failure", function()
    local lists = {
      ["v1/studio/projects"] = '{"projects":[{"project_id":"a"},{"project_id":"b"}]}',
    }
    local found = discover(lists, {
      ["project a"] = GONE,
      ["studio_projects a"] = '{"resource_id":"a"}',
      ["project b"] = GONE,
      ["studio_projects b"] = FORBIDDEN,
    }, { "project" })
    local covered = found.coverage[1]
    assert.are.same({ 2, 1, 1, 0 }, {
      covered.listed,
      covered.read,
      covered.forbidden,
      covered.not_found,
    })
  end)

  it("is complete if all was listed and read, and names the kinds without a list", function()
    local lists = { ["v2/voices"] = '{"voices":[]}' }
    local found = discover(lists, {}, { "voice" })
    assert.is_true(discovery.is_complete(found))
    assert.are.equal(23, #found.without_list)
    assert.are.same({ user_id = "u", seat_type = "workspace_admin" }, found.owner)
  end)

  it("is not complete if a list of principals could not be read", function()
    local found = discover({
      ["v2/voices"] = '{"voices":[]}',
      ["v1/workspace/members"] = '{"secret":"x"}',
    }, {}, { "voice" })
    assert.is_false(discovery.is_complete(found))
    assert.are.equal("its answer has no array of members", found.unread.members)
  end)

  it("is not complete if a list failed, also if few lists were asked for", function()
    local found = discover({ ["v1/assets"] = FORBIDDEN }, {}, { "assets" })
    assert.is_false(found.coverage[1].complete)
    assert.is_false(discovery.is_complete(found))
  end)

  it("is complete with a list that never names all, if no page of it failed", function()
    local path = "v1/convai/knowledge-base/crawl"
    local found = discover({ [path] = '{"crawl_jobs":[]}' }, {}, { "convai_crawl_jobs" })
    assert.is_true(discovery.is_complete(found))
    found = discover({ [path] = FORBIDDEN }, {}, { "convai_crawl_jobs" })
    assert.is_false(discovery.is_complete(found))
  end)

  it("takes no list for complete that is of an incomplete one", function()
    local found = discover({ ["v1/convai/agents"] = FORBIDDEN }, {}, { "convai_agent_branches" })
    assert.are.equal("convai_agent_branches", found.coverage[2].name)
    assert.are.same(
      { false, "the list of convai_agents is incomplete" },
      { found.coverage[2].complete, found.coverage[2].why }
    )
  end)

  it("refuses a type that no list names, and then reads nothing", function()
    local found, err = discovery.read({}, { resource_types = { "avatars" } })
    assert.is_nil(found)
    assert.are.same({ "invalid_argument", "resource_types" }, { err.kind, err.field })
  end)
end)
