--- A child of memory.lua: one reading pass over a workspace, and what it cost as a line of JSON.
--- Arguments: "fake" (a core that answers at once) or "sandbox", and how many resources the fake
--- core's workspace has.

local cjson = require "cjson"
local clients = require "spec.proof.memory.clients"
local core = require "elevenlabs.workspace.core"
local discovery = require "elevenlabs.workspace.offboard.discovery"
local world = require "spec.support.world"

local server, count = ...
count = tonumber(count)

local PRINCIPALS = {
  ["v1/user"] = '{"user_id":"u","seat_type":"workspace_admin"}',
  ["v1/workspace/members"] = '[{"user_id":"u","email":"u@example.com"}]',
  ["v1/workspace/groups"] = "{}",
  ["v1/service-accounts"] = '{"service-accounts":[]}',
}

-- ---- a workspace of the fake core: half of its resources are voices, a quarter are agents, and each
-- agent has a branch

local function value_of(query, name)
  for i = 1, #query, 2 do
    if query[i] == name then
      return query[i + 1]
    end
  end
end

--- The page of so many ids, from the one on that the cursor names.
local function page_of(rows, id, receive, cursor, all)
  local first, page = tonumber(cursor or 1), {}
  for i = first, math.min(all, first + 99) do
    page[#page + 1] = ('{"%s":"%s_%07d"}'):format(id, rows, i)
  end
  local next_cursor = first + 100 <= all and ('"%d"'):format(first + 100) or "null"
  return ('{"%s":[%s],"%s":%s}'):format(rows, table.concat(page, ","), receive, next_cursor)
end

local function list(path, query)
  local agent = path:match "^v1/convai/agents/([^/]+)/branches$"
  if agent then
    return ('{"results":[{"id":"branch_of_%s"}]}'):format(agent)
  elseif path == "v2/voices" then
    local token = value_of(query, "next_page_token")
    return page_of("voices", "voice_id", "next_page_token", token, math.floor(count / 2))
  elseif path == "v1/convai/agents" and value_of(query, "archived") == "false" then
    local cursor = value_of(query, "cursor")
    return page_of("agents", "agent_id", "next_cursor", cursor, math.floor(count / 4))
  elseif path:find "deployments$" then
    return '{"results":[],"meta":{"total":0}}'
  end
  return '{"agents":[]}'
end

local function body_of(op, args)
  if op == "get" then
    return world.resource(args.resource_type, args.resource_id)
  end
  local path = table.concat(args.path, "/")
  return PRINCIPALS[path] or list(path, args.query)
end

local TYPES = { "voice", "convai_agent_branches", "convai_agent_versions_deployments" }

-- ---- what the pass costs

local client = server == "sandbox" and clients.of_sandbox() or clients.of_fake(body_of)

--- Count the calls for pages, and those that are in flight.
local pages, start = 0, client.engine.start
function client.engine:start(op, ...)
  pages = pages + (op == "list" and 1 or 0)
  return start(self, op, ...)
end

local sets, new_set = {}, core.new_set
function core.new_set()
  local set, why = new_set()
  sets[#sets + 1] = set
  return set, why
end

local read, progresses, full, heap_kib = 0, 0, 0, 0
local cpu_seconds = os.clock()
local found = assert(discovery.read(client, {
  resource_types = server ~= "sandbox" and TYPES or nil,
  on_resource = function()
    read = read + 1
    if read % 5000 == 1 then
      collectgarbage()
      heap_kib = math.max(heap_kib, collectgarbage "count")
    end
  end,
  on_progress = function(progress)
    progresses = progresses + 1
    local wanted = progress.in_flight + client:stats().waiting -- the next step sends these
    full = full + math.min(1, wanted / progress.window)
  end,
}))
cpu_seconds = os.clock() - cpu_seconds
assert(discovery.is_complete(found), cjson.encode(found.coverage))
local listed = 0
for _, covered in ipairs(found.coverage) do
  listed = listed + covered.listed
end
local _, set_peak, ids = sets[1]:memory()
print(cjson.encode {
  peak_kib = clients.peak_kib(),
  heap_kib = heap_kib,
  cpu_seconds = cpu_seconds,
  elapsed_ms = found.report.elapsed_ms,
  listed = listed,
  read = read,
  ids = ids,
  set_peak_bytes = set_peak,
  pages = pages,
  attempts = client:stats().attempts,
  window_share = full / progresses,
})
