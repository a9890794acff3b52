local cancellations = require "elevenlabs.workspace.offboard.cancellation"
local discovery = require "elevenlabs.workspace.offboard.discovery"
local world = require "spec.support.world"

local OWNER = '{"user_id":"u","seat_type":"workspace_admin"}'
local PRINCIPALS = {
  ["v1/user"] = OWNER,
  ["v1/workspace/members"] = '[{"user_id":"u","email":"u@example.com"}]',
  ["v1/workspace/groups"] = "{}",
  ["v1/service-accounts"] = '{"service-accounts":[]}',
}

--- Discover against lists by path, and resources by "type id".
---@return elevenlabs.workspace.offboard.Discovery, table[] items that were read
local function discover(lists, resources, resource_types, options)
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
  options = options or {}
  local found, err = discovery.read(client, {
    resource_types = resource_types,
    further = options.further,
    on_unread = options.on_unread,
    on_principals = options.on_principals,
    on_resource = function(item)
      read[#read + 1] = item.resource_type .. " " .. item.resource_id
    end,
  })
  if not options.on_principals then
    assert(found, err)
  end
  return found, read, err
end

local GONE = { status = 404, body = "{}" }
local FORBIDDEN = { status = 403, body = "{}" }
local BROKEN = { status = 400, body = "{}" }

describe("offboard discovery", function()
  it("counts what became of each resource, and a failed read is not complete", function()
    local ids = '{"voices":[{"voice_id":"a"},{"voice_id":"b"},{"voice_id":"c"},{"voice_id":"d"}]}'
    local resources = {
      ["voice a"] = world.resource("voice", "a"),
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

  it("takes an id of two types as read if it is one, and is not the other", function()
    local lists = {
      ["v1/studio/projects"] = '{"projects":[{"project_id":"a"},{"project_id":"b"}]}',
    }
    local found = discover(lists, {
      ["project a"] = GONE,
      ["studio_projects a"] = world.resource("studio_projects", "a"),
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

  it("does not take an id of two types as read if one of them may hide a role", function()
    local list = { ["v1/studio/projects"] = '{"projects":[{"project_id":"a"}]}' }
    local page = { status = 404, body = "<html>a firewall's page</html>" }
    for answer, name in pairs {
      [GONE] = "read",
      [BROKEN] = "read", -- the id is of another type
      [FORBIDDEN] = "forbidden",
      [{ status = 500, body = "{}" }] = "failed",
      [page] = "failed",
    } do
      local covered = discover(list, {
        ["project a"] = world.resource("project", "a"),
        ["studio_projects a"] = answer,
      }, { "project" }).coverage[1]
      assert.are.equal(1, covered[name])
    end
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

  it("is not complete if a list of principals has another shape, or not all", function()
    for _, case in ipairs {
      { "members", "v1/workspace/members", "[]", "it does not name the owner of the API key, u" },
      { "members", "v1/workspace/members", "{}", "its body is no array" },
      { "groups", "v1/workspace/groups", "[]", "its body is no object" },
      { "groups", "v1/workspace/groups",
        '{"g":{"id":"g","name":"G","members":[{"user_id":"u"}]}}',
        "one of its groups has a member that is no id" },
      { "service_accounts", "v1/service-accounts", '{"service-accounts":{}}',
        "its service-accounts is no array" },
    } do
      local lists = { ["v2/voices"] = '{"voices":[]}', [case[2]] = case[3] }
      local found = discover(lists, {}, { "voice" })
      assert.is_false(discovery.is_complete(found))
      assert.matches(case[4], found.unread[case[1]], 1, true)
    end
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

  it("tells of each resource that could not be read", function()
    local unread = {}
    discover({ ["v2/voices"] = '{"voices":[{"voice_id":"a"},{"voice_id":"b"}]}' }, {
      ["voice a"] = world.resource("voice", "a"),
      ["voice b"] = FORBIDDEN,
    }, { "voice" }, {
      on_unread = function(item, err)
        unread[#unread + 1] = { item.resource_type, item.resource_id, err.kind }
      end,
    })
    assert.are.same({ { "voice", "b", "permission" } }, unread)
  end)

  it("counts the resources that the caller named, and no list, apart", function()
    local found, read = discover({ ["v2/voices"] = '{"voices":[{"voice_id":"a"}]}' }, {
      ["voice a"] = world.resource("voice", "a"),
      ["project p"] = world.resource("project", "p"),
      ["songs s"] = GONE,
    }, { "voice" }, {
      further = {
        { resource_id = "a", resource_type = "voice" },
        { resource_id = "p", resource_type = "project" },
        { resource_id = "s", resource_type = "songs" },
      },
    })
    table.sort(read)
    assert.are.same({ "project p", "voice a" }, read)
    local given = found.coverage[2]
    assert.are.same({ "in no list", 2, 1, 1 }, {
      given.name,
      given.listed,
      given.read,
      given.not_found,
    })
    assert.are.same({ 1, 1 }, { found.coverage[1].listed, found.coverage[1].read })
    assert.is_false(discovery.is_complete(found))
  end)

  it("tells of the principals first, and an error ends it then", function()
    local seen
    local found, read, err = discover({ ["v2/voices"] = '{"voices":[]}' }, {}, { "voice" }, {
      on_principals = function(principals)
        seen = principals.owner.user_id
        return { kind = "invalid_argument" }
      end,
    })
    assert.are.same({ "u", {}, "invalid_argument" }, { seen, read, err.kind })
    assert.is_nil(found)
  end)

  it("reads the principals alone, and keeps the error of a list", function()
    local engine = world.running(function(attempt)
      local path = table.concat(attempt.args.path, "/")
      if path == "v1/workspace/groups" then
        return { status = 401, body = '{"detail":{"status":"missing_permissions"}}' }
      end
      return { body = PRINCIPALS[path] }
    end)
    local found = discovery.read_principals({ engine = engine }, cancellations.new())
    assert.are.same({ "u", {} }, { found.owner.user_id, found.service_accounts })
    assert.is_nil(found.groups)
    assert.are.equal("groups", next(found.unread_errors))
    assert.are.equal("permission", found.unread_errors.groups.kind)
    assert.is_truthy(found.unread.groups)
    assert.is_nil(found.coverage)
  end)

  it("sends nothing if it is cancelled before", function()
    local sent = 0
    local engine = world.running(function()
      sent = sent + 1
      return { body = OWNER }
    end)
    local cancellation = cancellations.new()
    cancellation:cancel()
    assert.is_nil(discovery.read_principals({ engine = engine }, cancellation))
    local found, err = discovery.read({ engine = engine }, { cancellation = cancellation })
    assert.is_nil(found)
    assert.are.same({ "cancelled", 0 }, { err.kind, sent })
  end)

  it("refuses a type that no list names, and then reads nothing", function()
    local client = {
      engine = {
        mask = function(text)
          return (text:gsub("key", "[secret]"))
        end,
      },
    }
    local found, err = discovery.read(client, { resource_types = { "avatars key" } })
    assert.is_nil(found)
    assert.are.same({ "invalid_argument", "resource_types" }, { err.kind, err.field })
    assert.are.equal("no list names resources of the type avatars [secret]", err.message)
  end)
end)
