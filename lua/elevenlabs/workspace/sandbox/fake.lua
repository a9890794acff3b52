--- Makes a client whose server is a model in the same process, for the specs of programs that use this
--- library. The client checks arguments and keys as a real client does.

local app = require "elevenlabs.workspace.sandbox.app"
local cjson = require "elevenlabs.workspace.cjson"
local clients = require "elevenlabs.workspace.client"
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local evidences = require "elevenlabs.workspace.answer.evidence"
local model = require "elevenlabs.workspace.sandbox.model"
local operations = require "elevenlabs.workspace.operations"

local M = {}

local BASE_URL = "https://sandbox.invalid"

-- A core: it has the functions that the engine and the client call.
local Fake = {}
Fake.__index = Fake

local function escape(id)
  return (id:gsub("[^%w%-._~]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end))
end

--- The path and the query of a list.
local function list_target(args)
  local segments, query = {}, {}
  for i, segment in ipairs(args.path) do
    segments[i] = "/" .. escape(segment)
  end
  for i = 1, #(args.query or {}), 2 do
    query[#query + 1] = args.query[i] .. "=" .. escape(args.query[i + 1])
  end
  return table.concat(segments), query
end

--- The path and the query of an operation on a resource, or of none.
local function target_of(operation, args)
  local query = {}
  for i, name in ipairs(operation.query) do
    query[i] = name .. "=" .. escape(args[name])
  end
  local path = operation.path:gsub("{([%l_]+)}", function(name)
    return escape(args[name])
  end)
  return path, query
end

local function to_request(op, args)
  local operation, body = operations[op], {}
  local path, query
  if operation.path then
    path, query = target_of(operation, args)
  else
    path, query = list_target(args)
  end
  for _, name in ipairs(operation.body or {}) do
    body[name] = args[name]
  end
  return {
    op = op,
    method = operation.method,
    path = path,
    query = table.concat(query, "&"),
    body = operation.body and cjson.encode(body) or "",
  }
end

function Fake:prepare(op, args, key)
  local ok, warning = self.checker:prepare(op, args, key)
  if not ok then
    return nil, warning
  end
  return to_request(op, args), warning
end

function Fake:send(request, key, slot)
  local ok, failure = core.check_key(key)
  if not ok then
    return nil, failure
  end
  self.count = self.count + 1
  table.insert(self.pending, { slot = slot, request = request, key = key })
  return true
end

function Fake:validate(op, args, key)
  return self.checker:validate(op, args, key)
end

--- The request as the model's server reads it.
local function received(attempt)
  local request = { headers = { ["xi-api-key"] = attempt.key or nil } }
  for name, value in pairs(attempt.request) do
    request[name] = value
  end
  return request
end

local function complete(self, attempt)
  local op = attempt.request.op
  if attempt.cancelled then
    return evidences.cancelled(op, attempt.slot)
  end
  local answer = self.app:handle(received(attempt), true)
  return evidences.new(op, {
    slot = attempt.slot,
    status = answer.status,
    headers = answer.headers,
    body = answer.body,
  }, attempt.key)
end

function Fake:step()
  local completions = {}
  self.app.model:notice_changes() -- since the last step
  for i, attempt in ipairs(self.pending) do
    completions[i] = complete(self, attempt)
  end
  self.pending = {}
  return self.divide(completions)
end

function Fake:cancel(slot)
  for _, attempt in ipairs(self.pending) do
    attempt.cancelled = attempt.cancelled or attempt.slot == slot
  end
end

function Fake:close()
  for _, attempt in ipairs(self.pending) do
    attempt.cancelled = true
  end
  self.checker:close()
  return self:step()
end

-- Nothing happens between steps: there is no descriptor, and a step is always due.
function Fake.wake_at() end
function Fake.pollfd() end
function Fake.timeout_ms()
  return 0
end

function Fake:counts()
  return self.count, 0, 0
end

--- The workspace behind a fake client.
---@class elevenlabs.workspace.sandbox.Model
--- What the workspace holds. It may be read and changed at any time.
---@field state elevenlabs.workspace.sandbox.State

--- The options of a fake client. Each may be left out.
---@class elevenlabs.workspace.sandbox.FakeOptions
---@field api_key string|false|nil The API key. Default "sk_sandbox_ada". False sends none.
--- The workspace to start with. Default: an example of four people.
---@field state elevenlabs.workspace.sandbox.State|nil
---@field driver elevenlabs.workspace.Driver|nil How calls wait. Default: the blocking driver.
---@field forbid_list string[]|nil Lists that the key may not read, as for `sandbox --forbid-list`.

--- Make a client over a model of a workspace. Raises an error if the key is malformed.
---
--- ```lua
--- local fake = require "elevenlabs.workspace.sandbox.fake"
--- local client, model = fake.new()
--- client:unshare {
---   resource_id = "voice_narrator", resource_type = "voice",
---   user_email = "mia@example.com",
--- }
--- print(model.state.resources[1].roles.user_mia) -- nil
--- ```
---@param options elevenlabs.workspace.sandbox.FakeOptions|nil
---@return elevenlabs.workspace.Client
---@return elevenlabs.workspace.sandbox.Model
function M.new(options)
  options = options or {}
  local workspace = model.new(options.state or model.example())
  local fake = setmetatable({
    app = app.new(workspace, core.RESOURCE_TYPES, options.forbid_list),
    checker = assert(core.new { base_url = BASE_URL }),
    pending = {},
    count = 0,
    divide = evidences.divider(),
  }, Fake)
  local key = options.api_key
  if key == nil then
    key = "sk_sandbox_ada"
  end
  local ok, failure = core.check_key(key)
  if not ok then
    error(errors.not_sent(failure), 2)
  end
  return clients.over {
    core = fake,
    base_url = BASE_URL,
    api_key = key,
    driver = options.driver or require "elevenlabs.workspace.driver.blocking",
  },
    workspace
end

return M
