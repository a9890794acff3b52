--- The sandbox's HTTP over its model: routes, JSON, the documented shapes of errors. nginx and the
--- in-process client both hand it plain tables.

local cjson = require "cjson.safe"
local json = require "elevenlabs.workspace.json"
local lists = require "elevenlabs.workspace.sandbox.lists"

local M = {}

local MAX_BODY = 64 * 1024

local TOO_LARGE = {
  status = 413,
  type = "validation_error",
  code = "request_too_large", -- ours
  message = "The request's body is larger than 64 KiB.",
}

local ROLES = { admin = true, editor = true, commenter = true, viewer = true }
local TARGETS = { "user_email", "group_id", "workspace_api_key_id" }

local App = {}
App.__index = App

---@param model table from model.new
---@param resource_types string[] what is accepted as resource_type
---@param forbidden string[]|nil lists that the key may not read, by the type of their resources
function M.new(model, resource_types, forbidden)
  local known = {}
  for _, name in ipairs(resource_types) do
    known[name] = true
  end
  local is_forbidden = {}
  for _, name in ipairs(forbidden or {}) do
    is_forbidden[name] = true
  end
  return setmetatable({
    model = model,
    known_types = known,
    is_forbidden = is_forbidden,
    requests = 0,
  }, App)
end

local function answer(status, value)
  local headers = { ["content-type"] = "application/json" }
  return { status = status, headers = headers, body = json.encode(value) }
end

-- ---- refusals

--- `status` repeats the code for programs that know the older shape.
local function refused(refusal, request_id)
  return answer(refusal.status, {
    detail = {
      type = refusal.type,
      code = refusal.code,
      message = refusal.message,
      status = refusal.code,
      param = refusal.param,
      request_id = request_id,
    },
  })
end

local function plain_refusal(status, text)
  return answer(status, { detail = text })
end

local function problem(loc, message, type_)
  return { loc = loc, msg = message, type = type_ }
end

-- ---- the request's fields

local function check_type(self, where, value, problems)
  if value == nil or value == cjson.null then
    table.insert(problems, problem({ where, "resource_type" }, "Field required", "missing"))
  elseif not self.known_types[value] then
    local message = "Input should be a known resource type"
    table.insert(problems, problem({ where, "resource_type" }, message, "enum"))
  end
end

local function check_targets(body, problems)
  for _, name in ipairs(TARGETS) do
    local value = body[name]
    if value == cjson.null then
      body[name] = nil
    elseif value ~= nil and type(value) ~= "string" then
      local message = "Input should be a valid string"
      table.insert(problems, problem({ "body", name }, message, "string_type"))
    end
  end
end

local function check_role(body, problems)
  if body.role == nil then
    table.insert(problems, problem({ "body", "role" }, "Field required", "missing"))
  elseif not ROLES[body.role] then
    local message = "Input should be 'admin', 'editor', 'commenter' or 'viewer'"
    table.insert(problems, problem({ "body", "role" }, message, "enum"))
  end
end

local function count_targets(body)
  local count = 0
  for _, name in ipairs(TARGETS) do
    count = count + (body[name] and 1 or 0)
  end
  return count
end

--- The decoded and checked body of a change, or nil and an answer.
local function read_body(self, request, with_role, request_id)
  local body = cjson.decode(request.body)
  if body == nil then
    local found = problem({ "body", 0 }, "JSON decode error", "json_invalid")
    return nil, answer(422, { detail = { found } })
  elseif type(body) ~= "table" or not request.body:find "^%s*{" then
    local message = "Input should be a valid dictionary"
    return nil, answer(422, { detail = { problem({ "body" }, message, "dict_type") } })
  end
  local problems = {}
  check_type(self, "body", body.resource_type, problems)
  check_targets(body, problems)
  if with_role then
    check_role(body, problems)
  end
  if #problems > 0 then
    return nil, answer(422, { detail = problems })
  elseif count_targets(body) ~= 1 then
    return nil,
      refused({
        status = 400,
        type = "validation_error",
        code = "exactly_one_target", -- ours
        message = "Pass exactly one of user_email, group_id and workspace_api_key_id.",
      }, request_id)
  end
  return body
end

-- ---- routes

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

local function read_query(query)
  local fields = {}
  for name, value in (query or ""):gmatch "([^&=]+)=([^&]*)" do
    fields[unescape(name)] = unescape((value:gsub("+", " ")))
  end
  return fields
end

local function change(self, request, caller, resource_id, operation, request_id)
  local body, failure = read_body(self, request, operation == "share", request_id)
  if not body then
    return failure
  end
  local ok, refusal = self.model[operation](self.model, caller, resource_id, body)
  if not ok then
    return refused(refusal, request_id)
  end
  return answer(200, { status = "ok" })
end

local function get(self, request, caller, resource_id, request_id)
  local query, problems = read_query(request.query), {}
  check_type(self, "query", query.resource_type, problems)
  if #problems > 0 then
    return answer(422, { detail = problems })
  end
  local resource, refusal = self.model:get(caller, resource_id, query)
  if not resource then
    return refused(refusal, request_id)
  end
  resource.anonymous_access_level_override = resource.anonymous_access_level_override or cjson.null
  return answer(200, resource)
end

local function list(self, request, caller, found, request_id)
  if self.is_forbidden[found.name] then
    local message = "The API key you used is missing the permission to execute this operation."
    local refusal = {
      status = 401,
      type = "authentication_error",
      code = "missing_permissions",
      message = message,
    }
    return refused(refusal, request_id)
  end
  local page = found.answer(self.model, caller, read_query(request.query))
  if not page then
    local refusal = {
      status = 400,
      type = "validation_error",
      code = "invalid_cursor",
      message = "Invalid cursor.",
    }
    return refused(refusal, request_id)
  end
  return answer(200, page)
end

--- The caller of a request, or nil and an answer.
local function authenticate(self, request, request_id)
  local caller, refusal = self.model:authenticate(request.headers["xi-api-key"])
  if not caller then
    return nil, refused(refusal, request_id)
  end
  return caller
end

local function route_list(self, request, found, request_id)
  if request.method ~= "GET" then
    return plain_refusal(405, "Method Not Allowed")
  end
  local caller, failure = authenticate(self, request, request_id)
  return caller and list(self, request, caller, found, request_id) or failure
end

local function route(self, request, request_id)
  local found = lists.find(request.path)
  if found then
    return route_list(self, request, found, request_id)
  end
  local id, operation = request.path:match "^/v1/workspace/resources/([^/]+)/?([^/]*)$"
  if not id or not (operation == "" or operation == "share" or operation == "unshare") then
    return plain_refusal(404, "Not Found")
  elseif request.method ~= (operation == "" and "GET" or "POST") then
    return plain_refusal(405, "Method Not Allowed")
  end
  local caller, failure = authenticate(self, request, request_id)
  if not caller then
    return failure
  elseif operation == "" then
    return get(self, request, caller, unescape(id), request_id)
  end
  return change(self, request, caller, unescape(id), operation, request_id)
end

local function next_request_id(self)
  self.requests = self.requests + 1
  return ("sandbox-%06d"):format(self.requests)
end

--- Answer one request.
---@param request table { method, path, query = nil, headers by lower-case name, body }; path and
--- query are percent-encoded
---@param unchanged boolean|nil nobody but the app has changed the state since the last request
---@return table { status, headers, body }
function App:handle(request, unchanged)
  if not unchanged then
    self.model:notice_changes()
  end
  if request.body and #request.body > MAX_BODY then
    return self:too_large()
  end
  local request_id = next_request_id(self)
  local response = route(self, request, request_id)
  response.headers["request-id"] = request_id
  return response
end

--- Refuse a request for a reason of the server, not of the workspace.
---@param refusal table { status, type, code, message }
---@param request_id string|nil of the answer that this one replaces
function App:refuse(refusal, request_id)
  request_id = request_id or next_request_id(self)
  local response = refused(refusal, request_id)
  response.headers["request-id"] = request_id
  return response
end

--- Answer a request whose body is too large to be read.
function App:too_large()
  return self:refuse(TOO_LARGE)
end

return M
