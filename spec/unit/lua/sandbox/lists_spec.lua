-- The sandbox's lists, as a program that reads them finds them.

local cjson = require "cjson"
local apps = require "elevenlabs.workspace.sandbox.app"
local core = require "elevenlabs.workspace.core"
local models = require "elevenlabs.workspace.sandbox.model"
local pages = require "elevenlabs.workspace.offboard.pages"
local principals = require "elevenlabs.workspace.offboard.principals"
local sources = require "elevenlabs.workspace.offboard.sources"

local KEY = "sk_sandbox_ada"

local function app_of(resources, forbidden)
  local state = models.example()
  state.resources = resources or state.resources
  return apps.new(models.new(state), core.RESOURCE_TYPES, forbidden), state
end

local function ask(app, path, query, method)
  local answer = app:handle {
    method = method or "GET",
    path = path,
    query = query or "",
    headers = { ["xi-api-key"] = KEY },
    body = "",
  }
  return answer.status, cjson.decode(answer.body)
end

local function query_of(parameters)
  local parts = {}
  for i = 1, #parameters, 2 do
    parts[#parts + 1] = parameters[i] .. "=" .. parameters[i + 1]
  end
  return table.concat(parts, "&")
end

--- All ids of a source, and how many rows each page had.
local function read(app, source, parent)
  local ids, sizes = {}, {}
  for _, query in ipairs(source.queries or { {} }) do
    local reading, more = pages.reading(source, query), true
    while more do
      local path = "/" .. table.concat(source.path, "/"):gsub("{id}", parent or "")
      local status, body = ask(app, path, query_of(reading:parameters()))
      assert.are.equal(200, status, path)
      local rows
      rows, more = reading:take(body)
      assert.is_table(rows, tostring(more))
      sizes[#sizes + 1] = #rows
      for _, row in ipairs(rows) do
        ids[#ids + 1] = row.id
      end
    end
  end
  return ids, sizes
end

--- So many resources of a source's first type, which Ada may see.
local function many(source, count, parent)
  local resources = {}
  for i = 1, count do
    resources[i] = {
      id = ("r%04d"):format(i),
      type = source.types[1],
      name = "n" .. i,
      creator = "user_ada",
      roles = { user_ada = "admin" },
      parent = parent,
      archived = i % 10 == 0 or nil,
    }
  end
  return resources
end

describe("the sandbox's lists", function()
  it("show each change of the state at the next request", function()
    local app, state = app_of()
    local function voices()
      local ids = {}
      for i, row in ipairs(select(2, ask(app, "/v2/voices")).voices) do
        ids[i] = row.voice_id
      end
      return table.concat(ids, " ")
    end
    assert.are.equal("voice_narrator voice_trailer voice_draft", voices())
    state.resources[1].type, state.resources[4].type = "dubbing", "voice"
    assert.are.equal("voice_trailer agent_support voice_draft", voices())
    table.remove(state.resources, 2)
    assert.are.equal("agent_support voice_draft", voices())
    state.resources = { state.resources[4] }
    assert.are.equal("", voices())
  end)

  it("show members of some groups by their addresses", function()
    local app, state = app_of()
    state.groups[1].shows_addresses = true
    local _, body = ask(app, "/v1/workspace/groups")
    assert.are.same({ "mia@example.com", "tom@example.com" }, body.g1.members)
  end)

  for _, source in ipairs(sources) do
    it("name every resource once, of the kind " .. source.name, function()
      local parent = source.of and "agent_1"
      local count = source.name == "convai_agent_branches" and 100 or 1001
      local ids, sizes = read(app_of(many(source, count, parent)), source, parent)
      table.sort(ids)
      assert.are.equal(count, #ids)
      assert.are.same({ "r0001", ("r%04d"):format(count) }, { ids[1], ids[#ids] })
      if source.paging and source.paging.receive then
        local has_empty, has_short = false, false
        for i = 1, #sizes - 1 do
          has_empty = has_empty or sizes[i] == 0
          has_short = has_short or (sizes[i] > 0 and sizes[i] < source.most)
        end
        assert.are.same({ true, true }, { has_empty, has_short })
      end
    end)
  end

  it("show what the caller may see, and no other", function()
    local app, state = app_of()
    state.resources[1].roles = { user_mia = "admin" }
    local _, body = ask(app, "/v2/voices")
    local names = {}
    for i, row in ipairs(body.voices) do
      names[i] = row.voice_id
    end
    assert.are.same({ "voice_trailer", "voice_draft" }, names)
  end)

  it("refuse a cursor that they did not give, another method, and a forbidden list", function()
    local app = app_of(nil, { "voice", "members" })
    assert.are.equal(400, (ask(app, "/v1/assets", "cursor=x")))
    assert.are.equal(405, (ask(app, "/v1/assets", "", "POST")))
    local status, body = ask(app, "/v2/voices")
    assert.are.same({ 401, "missing_permissions" }, { status, body.detail.code })
    assert.are.equal(401, (ask(app, "/v1/workspace/members")))
    assert.are.equal(200, (ask(app, "/v1/workspace/groups")))
  end)

  it("name the principals as they are published", function()
    local app, state = app_of()
    state.users[1].seat_type = "workspace_admin"
    local function body_of(path)
      return select(2, ask(app, path))
    end
    assert.are.same(
      { user_id = "user_ada", seat_type = "workspace_admin" },
      principals.owner(body_of "/v1/user")
    )
    local members = assert(principals.members(body_of "/v1/workspace/members"))
    assert.are.equal("user_mia", principals.by_address(members, "MIA@example.com").user_id)
    local groups = assert(principals.groups(body_of "/v1/workspace/groups"))
    assert.are.equal("group_studio", groups[1].id)
    assert.is_true(principals.is_in(groups[1], members[2]))
    local accounts = assert(principals.service_accounts(body_of "/v1/service-accounts"))
    assert.are.same({ "key_deploy" }, accounts[1].key_ids)
    state.groups, state.service_accounts, state.users = {}, {}, {}
    assert.are.same({}, principals.groups(body_of "/v1/workspace/groups"))
    assert.are.same({}, principals.members(body_of "/v1/workspace/members"))
    assert.are.same({}, principals.service_accounts(body_of "/v1/service-accounts"))
  end)
end)
