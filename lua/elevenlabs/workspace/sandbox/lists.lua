--- The sandbox's lists of resources and of principals, with the paging that the API publishes and
--- with its pitfalls: short and empty pages, a missing has_more, a map with foreign keys. Lua 5.1,
--- no I/O, no HTTP. Source: the API's OpenAPI document of September 2026.

local cjson = require "cjson.safe"
local json = require "elevenlabs.workspace.json"
local places = require "elevenlabs.workspace.sandbox.places"

local M = {}

local CURSOR = { send = "cursor", receive = "next_cursor", has_more = true }
local BARE_CURSOR = { send = "cursor", receive = "next_cursor" }

-- By path; `{parent}` stands for an id. `size`: the parameter, its default and its largest value.
local LISTS = {
  ["/v2/voices"] = {
    types = { "voice" },
    rows = "voices",
    id = "voice_id",
    size = { "page_size", 10, 100 },
    paging = { send = "next_page_token", receive = "next_page_token", has_more = true },
  },
  ["/v1/voices/collections"] = {
    types = { "voice_collection" },
    rows = "collections",
    id = "collection_id",
    name = "title",
  },
  ["/v1/pronunciation-dictionaries"] = {
    types = { "pronunciation_dictionary" },
    rows = "pronunciation_dictionaries",
    id = "id",
    size = { "page_size", 30, 100 },
    paging = CURSOR,
  },
  ["/v1/dubbing"] = {
    types = { "dubbing" },
    rows = "dubs",
    id = "dubbing_id",
    size = { "page_size", 100, 200 },
    paging = CURSOR,
  },
  ["/v1/dubbing/project"] = {
    types = { "dubbing_project" },
    rows = "projects",
    id = "project_id",
    name = "reference",
    size = { "page_size", 20, 100 },
    paging = BARE_CURSOR,
  },
  ["/v1/studio/projects"] = {
    types = { "project", "studio_projects" },
    rows = "projects",
    id = "project_id",
  },
  ["/v1/convai/agents"] = {
    types = { "convai_agents" },
    rows = "agents",
    id = "agent_id",
    size = { "page_size", 30, 100 },
    paging = CURSOR,
    archived = "false",
  },
  ["/v1/convai/knowledge-base"] = {
    types = { "convai_knowledge_base_documents" },
    rows = "documents",
    id = "id",
    size = { "page_size", 30, 100 },
    paging = CURSOR,
  },
  ["/v1/convai/tools"] = {
    types = { "convai_tools" },
    rows = "tools",
    id = "id",
    name = "tool_config",
    size = { "page_size", 30, 100 },
    paging = CURSOR,
  },
  ["/v1/convai/secrets"] = {
    types = { "convai_secrets" },
    rows = "secrets",
    id = "secret_id",
    size = { "page_size", 100, 100 },
    paging = BARE_CURSOR,
  },
  ["/v1/convai/phone-numbers"] = {
    types = { "convai_phone_numbers" },
    id = "phone_number_id",
    name = "label",
  },
  ["/v1/convai/mcp-servers"] = {
    types = { "convai_mcp_servers" },
    rows = "mcp_servers",
    id = "id",
    name = "config",
  },
  ["/v1/convai/batch-calling/workspace"] = {
    types = { "convai_batch_calls" },
    rows = "batch_calls",
    id = "id",
    size = { "limit", 100, 100 },
    paging = { send = "last_doc", receive = "next_doc", has_more = true },
  },
  ["/v1/convai/agent-testing"] = {
    types = { "convai_agent_response_tests" },
    rows = "tests",
    id = "id",
    size = { "page_size", 30, 100 },
    paging = CURSOR,
  },
  ["/v1/convai/test-invocations"] = {
    types = { "convai_test_suite_invocations" },
    rows = "results",
    id = "id",
    name = "title",
    size = { "page_size", 30, 100 },
    paging = CURSOR,
  },
  ["/v1/convai/knowledge-base/crawl"] = {
    types = { "convai_crawl_jobs" },
    rows = "crawl_jobs",
    id = "id",
    name = "seed_url",
    size = { "page_size", 30, 100 },
    paging = BARE_CURSOR,
  },
  ["/v1/convai/whatsapp-accounts"] = {
    types = { "convai_whatsapp_accounts" },
    rows = "items",
    id = "phone_number_id",
    name = "phone_number_name",
  },
  ["/v1/convai/agents/{parent}/branches"] = {
    types = { "convai_agent_branches" },
    rows = "results",
    id = "id",
    size = { "limit", 100, 100 },
  },
  ["/v1/convai/agents/{parent}/deployments"] = {
    types = { "convai_agent_versions_deployments" },
    rows = "results",
    id = "id",
    size = { "page_size", 30, 100 },
    paging = { send = "page" },
  },
  ["/v1/assets"] = {
    types = { "assets" },
    rows = "assets",
    id = "asset_id",
    size = { "page_size", 30, 100 },
    paging = CURSOR,
  },
  ["/v1/workspace/auth-connections"] = {
    types = { "workspace_auth_connections" },
    rows = "auth_connections",
    id = "id",
  },
}

-- ---- rows

--- Walks the resources of a list that the caller may see.
---@return fun(place: integer): integer|nil, table|nil the first place from this one on with such a
--- resource, and the resource
local function walker(model, caller, list, parent, query)
  local resources = model:listed(list.types, parent)
  local wants_archived = (query.archived or "false") == "true"
  return function(place)
    for i = place, #resources do
      local resource = resources[i]
      local is_asked = not list.archived or (resource.archived == true) == wants_archived
      if is_asked and model:may_see(caller, resource) then
        return i, resource
      end
    end
  end
end

--- A row, with what a page holds beside the id: a program must take what it needs and no more.
local function describe(list, resource)
  local name = list.name or "name"
  local is_nested = name == "tool_config" or name == "config"
  return {
    [list.id] = resource.id,
    [name] = is_nested and { name = resource.name } or resource.name,
    access_info = { creator_email = cjson.null, is_creator = false },
    secret_token = "secret of the sandbox",
  }
end

-- ---- pages

--- How many rows a page gets. Every third page is short, and every fifth is empty before the end.
local function page_size(list, query, number)
  local wanted = tonumber(query[list.size[1]]) or list.size[2]
  local size = math.max(1, math.min(list.size[3], wanted))
  if not list.paging or list.paging.send == "page" then
    return size
  elseif number % 5 == 4 then
    return 0
  end
  return number % 3 == 2 and math.ceil(size / 2) or size
end

--- "7:120" is the page of number 7, which begins at place 120.
local function read_cursor(text)
  local number, place = (text or "0:1"):match "^(%d+):(%d+)$"
  return tonumber(number), tonumber(place)
end

--- So many rows from this place on.
---@return table[] rows
---@return integer|nil place of the next row
local function take_rows(list, walk, from, most)
  local rows = {}
  local place, resource = walk(from)
  while place and #rows < most do
    rows[#rows + 1] = describe(list, resource)
    place, resource = walk(place + 1)
  end
  return rows, place
end

local function page_by_cursor(list, walk, query)
  local number, from = read_cursor(query[list.paging.send])
  if not number then
    return nil
  end
  local rows, place = take_rows(list, walk, from, page_size(list, query, number))
  return {
    [list.rows] = json.list(rows),
    [list.paging.receive] = place and ("%d:%d"):format(number + 1, place) or cjson.null,
    has_more = list.paging.has_more and place ~= nil or nil,
  }
end

local function page_by_number(list, walk, query)
  local size, number = page_size(list, query, 1), tonumber(query[list.paging.send]) or 1
  local rows, page = take_rows(list, walk, 1, math.huge), {}
  for i = (number - 1) * size + 1, math.min(#rows, number * size) do
    page[#page + 1] = rows[i]
  end
  return { [list.rows] = json.list(page), meta = { total = #rows, page = number } }
end

local function whole(list, walk, query)
  local rows = take_rows(list, walk, 1, list.size and page_size(list, query, 1) or math.huge)
  return list.rows and { [list.rows] = json.list(rows) } or json.list(rows)
end

-- ---- principals

local PRINCIPALS = {}

PRINCIPALS["/v1/user"] = function(state, caller)
  for _, user in ipairs(state.users) do
    if user.id == caller then
      return {
        user_id = caller,
        seat_type = user.seat_type or "workspace_member",
        xi_api_key_preview = "secret of the sandbox",
      }
    end
  end
  return { user_id = caller, seat_type = "workspace_member" }
end

PRINCIPALS["/v1/workspace/members"] = function(state)
  local list = {}
  for i, user in ipairs(state.users) do
    list[i] = {
      user_id = user.id,
      email = user.email,
      first_name = cjson.null,
      seat_type = user.seat_type or cjson.null,
      is_owner = user.is_owner == true,
      is_locked = user.is_locked == true,
    }
  end
  return json.list(list)
end

PRINCIPALS["/v1/workspace/groups"] = function(state)
  local map = {}
  for i, group in ipairs(state.groups) do
    local members = {}
    for k, id in ipairs(group.members) do
      local user = group.shows_addresses and places.find(state.users, "id", id)
      members[k] = user and user.email or id
    end
    map["g" .. i] = { id = group.id, name = group.name, members = json.list(members) }
  end
  return map
end

PRINCIPALS["/v1/service-accounts"] = function(state)
  local list = {}
  for i, account in ipairs(state.service_accounts) do
    local keys = {}
    for k, id in ipairs(account.key_ids) do
      keys[k] = { key_id = id, hashed_xi_api_key = "secret of the sandbox" }
    end
    list[i] = {
      service_account_user_id = account.id,
      name = account.name,
      ["api-keys"] = json.list(keys),
    }
  end
  return { ["service-accounts"] = json.list(list) }
end

-- ---- for the app

--- The names by which lists can be forbidden: of the resources' type, and of the principals.
---@return string[] sorted
function M.names()
  local names = {}
  for _, list in pairs(LISTS) do
    names[#names + 1] = list.types[#list.types]
  end
  for path in pairs(PRINCIPALS) do
    names[#names + 1] = path:match "[^/]+$"
  end
  table.sort(names)
  return names
end

--- The list of a path: what answers it, and the name by which it can be forbidden.
---@param path string
---@return table|nil list { name, answer = function(model, caller, query) -> page | nil: bad cursor }
function M.find(path)
  if PRINCIPALS[path] then
    return {
      name = path:match "[^/]+$",
      answer = function(model, caller)
        return PRINCIPALS[path](model.state, caller)
      end,
    }
  end
  local parent = path:match "^/v1/convai/agents/([^/]+)/"
  local list = LISTS[path]
  if parent then
    list = LISTS[path:gsub("^(/v1/convai/agents/)[^/]+", "%1{parent}")]
  end
  return list and {
    name = list.types[#list.types],
    answer = function(model, caller, query)
      local walk = walker(model, caller, list, parent, query)
      if not list.paging then
        return whole(list, walk, query)
      elseif list.paging.receive then
        return page_by_cursor(list, walk, query)
      end
      return page_by_number(list, walk, query)
    end,
  }
end

return M
