--- The worlds' server: it answers each request as a workspace does, or as the weather has it, and
--- keeps a record of the request and of the answer. The judge has nothing but these records and
--- the workspace.

local cjson = require "cjson.safe"
local lists = require "spec.proof.offboard.lists"
local pages = require "spec.proof.offboard.pages"

local M = {}

local encode = cjson.encode

--- Stands for what other people's answers hold, and what no file of a case may hold.
M.SECRET = pages.SECRET

--- What became of a request.
---@class spec.proof.offboard.Record
---@field tick integer
---@field op "principals"|"list"|"get"|"unshare"|"share"
---@field path string
---@field list spec.proof.offboard.List|nil
---@field page string|nil of a list: its path and query
---@field key string|nil of a resource: "type id"
---@field principal string|nil of a change, if the target names somebody
---@field target string|nil of a change
---@field role string|nil of a share
---@field status integer|nil nil: there was no answer
---@field good boolean the answer is a good one
---@field bad string|nil a good answer from which a reader cannot get every row
---@field applied boolean|nil the change was made
---@field had string[]|nil the roles that the principal of a change had
---@field shows table<string, string[]>|nil the roles that a read showed, by principal
---@field is_stale boolean|nil the read showed what was before a change
---@field resource spec.proof.offboard.Resource|nil
---@field saw table|nil what a list of principals showed

---@class spec.proof.offboard.Server
---@field workspace spec.proof.offboard.Workspace
---@field records spec.proof.offboard.Record[]
---@field weather spec.proof.offboard.Weather
local Server = {}
Server.__index = Server

function M.new(workspace, random)
  return setmetatable({
    workspace = workspace,
    random = random,
    records = {},
    weather = {},
    asked = {}, -- how often a page or a resource was asked for in this weather
    stale = {}, -- by key: { left = reads, roles }
    number = 0,
  }, Server)
end

--- From now on the weather is this.
---@param weather spec.proof.offboard.Weather
function Server:set_weather(weather)
  self.weather, self.asked = weather, {}
end

-- ---- answers

local function refusal(status, code, message)
  local detail = { status = code, code = code, message = message or code }
  return { status = status, body = encode { detail = detail } }
end

local LOST = { lost = true }

-- By the name of a fault.
local FAILURES = {
  missing_permissions = refusal(401, "missing_permissions"),
  forbidden = refusal(403, "insufficient_permissions"),
  not_found = refusal(404, "not_found"),
  refused = refusal(400, "validation_error"),
  conflict = refusal(409, "concurrent_modification"),
  unprocessable = { status = 422, body = '{"detail":[{"loc":["body"],"msg":"no","type":"no"}]}' },
  broken = refusal(500, "internal_error"),
  unavailable = refusal(503, "maintenance"),
  throttled = refusal(429, "rate_limit_exceeded"),
  silent = LOST,
  web_page = { status = 200, body = "<html>Please wait</html>" },
  error_in_200 = refusal(200, "internal_error"),
  other_object = { status = 200, body = '{"status":"failed"}' },
  other_resource = {
    status = 200,
    body = '{"resource_id":"other","resource_type":"voice","role_to_group_ids":{}}',
  },
  cut_off = { status = 200, body = '{"status":"o' },
  bad_key = refusal(401, "invalid_api_key"),
}

--- A fault that ends: the first answers fail, and later ones are good.
local function flaky(self, key)
  self.asked[key] = (self.asked[key] or 0) + 1
  if self.asked[key] > (self.weather.flaky_times or 1) then
    return nil
  end
  local names = { "broken", "unavailable", "throttled", "silent" }
  return FAILURES[names[self.asked[key] % #names + 1]]
end

-- ---- lists and principals

local function too_large()
  return { too_large = true }
end

local function answer_list(self, record)
  local list, query = record.list, record.asks
  local fault = self.weather.lists and self.weather.lists[list.name]
  local failure = FAILURES[fault] or fault == "flaky" and flaky(self, record.page)
  if failure then
    return failure
  elseif pages.is_too_large(list, query, fault) then
    return too_large()
  end
  local body, is_bad = pages.answer(self.workspace, list, record.agent, query, fault)
  record.good, record.bad = true, is_bad and fault or nil
  return { status = 200, body = body }
end

local function copy_map(map)
  local copied = {}
  for key, value in pairs(map) do
    copied[key] = value
  end
  return copied
end

--- A list as JSON; empty ones too.
local function array(rows)
  return rows[1] and encode(rows) or "[]"
end

local PRINCIPALS = {}

PRINCIPALS["/v1/user"] = function(workspace)
  local owner = workspace:user("id", workspace.caller)
  return encode { user_id = owner.id, seat_type = owner.seat_type, xi_api_key = M.SECRET }, owner.id
end

PRINCIPALS["/v1/workspace/members"] = function(workspace)
  local rows, saw = {}, {}
  for i, user in ipairs(workspace.users) do
    rows[i] = {
      user_id = user.id,
      email = user.email,
      first_name = cjson.null,
      seat_type = user.seat_type or cjson.null,
      is_owner = false,
      is_locked = user.is_locked == true,
    }
    saw[user.id] = { email = user.email, seat_type = user.seat_type }
  end
  return array(rows), saw
end

PRINCIPALS["/v1/workspace/groups"] = function(workspace)
  local parts, saw = {}, {}
  for i, group in ipairs(workspace.groups) do
    parts[i] = ('"key%d":{"id":%s,"name":%s,"members":%s}'):format(
      i,
      encode(group.id),
      encode(group.name),
      array(group.members)
    )
    saw[i] = { id = group.id, name = group.name, members = copy_map(group.members) }
  end
  return "{" .. table.concat(parts, ",") .. "}", saw
end

PRINCIPALS["/v1/service-accounts"] = function(workspace)
  local parts, saw = {}, {}
  for i, account in ipairs(workspace.accounts) do
    local keys = {}
    for k, id in ipairs(account.key_ids) do
      keys[k] = { key_id = id, hashed_xi_api_key = M.SECRET }
    end
    parts[i] = ('{"service_account_user_id":%s,"name":%s,"api-keys":%s}'):format(
      encode(account.id),
      encode(account.name),
      array(keys)
    )
    saw[account.id] = copy_map(account.key_ids)
  end
  return '{"service-accounts":[' .. table.concat(parts, ",") .. "]}", saw
end

-- Answers from which nobody may conclude that there is nobody.
local OTHER_SHAPES = {
  ["/v1/user"] = '{"user_id":"u","user_id":"v"}',
  ["/v1/workspace/members"] = "{}",
  ["/v1/workspace/groups"] = '{"g":{"id":"g","name":"g","members":[{"user_id":"u"}]}}',
  ["/v1/service-accounts"] = '{"service-accounts":{}}',
}

local function answer_principals(self, record)
  local fault = self.weather.principals and self.weather.principals[record.path]
  local failure = FAILURES[fault] or fault == "flaky" and flaky(self, record.path)
  if fault == "other_shape" then
    failure = { status = 200, body = OTHER_SHAPES[record.path] }
  end
  if failure then
    return failure
  end
  local body, saw = PRINCIPALS[record.path](self.workspace)
  record.good, record.saw = true, saw
  return { status = 200, body = body }
end

-- ---- one resource

local function find(self, record)
  local resource = self.workspace.by_key[record.key]
  record.resource = resource
  if not resource or resource.is_deleted then
    return nil, FAILURES.not_found
  end
  return resource
end

--- The roles that a read shows: those of before a change, for some reads after it.
local function roles_shown(self, record, resource)
  local stale = self.stale[record.key]
  if stale and stale.left > 0 then
    stale.left, record.is_stale = stale.left - 1, true
    return stale.roles
  end
  return copy_map(resource.roles)
end

local function body_of(resource, roles)
  local by_role = { admin = {}, editor = {}, commenter = {}, viewer = {} }
  for principal, list in pairs(roles) do
    for _, role in ipairs(list) do
      by_role[role] = by_role[role] or {}
      table.insert(by_role[role], principal)
    end
  end
  local parts = {}
  for role, ids in pairs(by_role) do
    table.sort(ids)
    parts[#parts + 1] = encode(role) .. ":" .. array(ids)
  end
  table.sort(parts)
  return ('{"resource_id":%s,"resource_name":%s,"resource_type":%s,"creator_user_id":%s,'
    .. '"anonymous_access_level_override":%s,"role_to_group_ids":{%s},"share_options":[]}'):format(
    encode(resource.id),
    encode(resource.name),
    encode(resource.type),
    encode(resource.creator),
    resource.anonymous and encode(resource.anonymous) or "null",
    table.concat(parts, ",")
  )
end

local function body_without_roles(resource)
  return ('{"resource_id":%s,"resource_type":%s,"role_to_group_ids":null}'):format(
    encode(resource.id),
    encode(resource.type)
  )
end

local function answer_get(self, record)
  local fault = self.weather.reads and self.weather.reads[record.key]
  local failure = FAILURES[fault] or fault == "flaky" and flaky(self, "read " .. record.key)
  if failure then
    return failure
  end
  local resource, missing = find(self, record)
  if not resource then
    return missing
  elseif not self.workspace:may_see(resource) then
    return FAILURES.forbidden
  elseif fault == "no_roles" then
    return { status = 200, body = body_without_roles(resource) }
  end
  record.good, record.shows = true, roles_shown(self, record, resource)
  record.creator, record.anonymous = resource.creator, resource.anonymous
  return { status = 200, body = body_of(resource, record.shows) }
end

-- ---- changes

--- The id of whoever a target names.
local function principal_of(workspace, body)
  if body.user_email then
    for _, user in ipairs(workspace.users) do
      if user.email:lower() == body.user_email:lower() then
        return user.id, body.user_email
      end
    end
    return nil, body.user_email
  elseif body.group_id then
    local found = body.group_id == "default" or workspace:group(body.group_id)
    return found and body.group_id or nil, body.group_id
  end
  for _, account in ipairs(workspace.accounts) do
    for _, key_id in ipairs(account.key_ids) do
      if key_id == body.workspace_api_key_id then
        return account.id, key_id
      end
    end
  end
  return nil, body.workspace_api_key_id
end

local function count(map)
  local n = 0
  for _ in pairs(map) do
    n = n + 1
  end
  return n
end

--- Why the workspace refuses a change, or nil.
local function refuses(self, record, resource)
  if not self.workspace:may_change(resource) then
    return FAILURES.forbidden
  elseif not record.principal or record.principal == resource.creator then
    return FAILURES.refused
  elseif record.op == "share" and not resource.roles[record.principal]
    and count(resource.roles) >= 100
  then
    return FAILURES.refused
  end
end

local function apply(self, record, resource)
  if self.weather.stale_reads then
    local reads = self.random:int(0, self.weather.stale_reads)
    self.stale[record.key] = { left = reads, roles = copy_map(resource.roles) }
  end
  record.had, record.applied = resource.roles[record.principal], true
  self.workspace:set_roles(
    resource,
    record.principal,
    record.op == "share" and { record.role } or nil
  )
end

-- Faults of changes that are made all the same; else the change is not made.
local APPLIED = {
  broken_applied = FAILURES.broken,
  silent_applied = FAILURES.silent,
  cut_off = FAILURES.cut_off,
}

local function note_change(self, record, text)
  local body = cjson.decode(text)
  record.key, record.role = body.resource_type .. " " .. record.id, body.role
  record.principal, record.target = principal_of(self.workspace, body)
end

local function answer_change(self, record)
  local fault = self.weather.changes and self.weather.changes[record.key]
  local failure = fault == "flaky" and flaky(self, "change " .. record.key)
    or not APPLIED[fault] and FAILURES[fault]
  if failure then
    return failure
  end
  local resource, missing = find(self, record)
  if not resource then
    return missing
  end
  local refused = refuses(self, record, resource)
  if refused then
    return refused
  end
  apply(self, record, resource)
  if fault == "flaky_applied" then
    failure = flaky(self, "change " .. record.key)
  end
  failure = failure or APPLIED[fault]
  record.good = not failure
  return failure or { status = 200, body = '{"status":"ok"}' }
end

-- ---- requests

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

local function read_query(text)
  local query = {}
  for name, value in text:gmatch "([^&=]+)=([^&]*)" do
    query[unescape(name)] = unescape(value)
  end
  return query
end

--- A disaster of the whole server, from some request on.
local function disaster(self)
  local weather = self.weather
  self.number = self.number + 1
  return weather.disaster and self.number >= weather.disaster_at and FAILURES[weather.disaster]
end

--- Note what a request asks for. -> the function that answers it
local function understand(self, record, request)
  local path, query = record.path, read_query(request.query or "")
  if PRINCIPALS[path] then
    record.op = "principals"
    return answer_principals
  elseif lists.find(path) then
    record.op, record.page = "list", path .. "?" .. (request.query or "")
    record.list, record.agent = lists.find(path)
    record.asks = query
    return answer_list
  end
  local id, op = path:match "^/v1/workspace/resources/([^/]+)/?([^/]*)$"
  assert(id, "nobody should ask for " .. path)
  record.id = unescape(id)
  if op == "" then
    record.op, record.key = "get", query.resource_type .. " " .. record.id
    return answer_get
  end
  record.op = op
  note_change(self, record, request.body)
  return answer_change
end

--- Answer one request.
---@param request table of sandbox.fake
---@return table answer { status, body } | { lost } | { too_large }
---@return spec.proof.offboard.Record
function Server:answer(request)
  local workspace = self.workspace
  workspace.tick = workspace.tick + 1
  local record = { tick = workspace.tick, path = request.path, good = false }
  table.insert(self.records, record)
  local answer_it = understand(self, record, request)
  local answer = disaster(self) or answer_it(self, record)
  record.status, record.too_large = answer.status, answer.too_large
  return answer, record
end

return M
