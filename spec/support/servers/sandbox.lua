--- A sandbox in a child process, and clients of it.

local cjson = require "cjson"
local process = require "spec.support.process"
local workspace = require "elevenlabs.workspace"

local M = {}

local Sandbox = {}
Sandbox.__index = Sandbox

---@param ... string further arguments of the sandbox command
function M.start(...)
  local self = setmetatable({}, Sandbox)
  self.process = process.start { "elevenlabs-workspace", "sandbox", "--port", "0", ... }
  local line = self.process:read_line()
  assert(line, "the sandbox did not start")
  for name, value in pairs(cjson.decode(line)) do
    self[name] = value
  end
  return self
end

--- A client of it; the options are those of workspace.new.
function Sandbox:client(options)
  local all = { base_url = self.base_url, ca_file = self.ca_file, api_key = self.api_key }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return assert(workspace.new(all))
end

--- The roles of a resource, as { [principal id] = role }.
function Sandbox:roles(resource_id, resource_type)
  local client = self:client()
  local resource = assert(client:get { resource_id = resource_id, resource_type = resource_type })
  client:close()
  local roles = {}
  for role, ids in pairs(resource.role_to_group_ids) do
    for _, id in ipairs(ids) do
      roles[id] = role
    end
  end
  return roles
end

--- How many requests it has answered, with this one.
function Sandbox:requests()
  local client = self:client()
  local receipt = assert(client:unshare(self.example))
  client:close()
  return tonumber(receipt.request_id:match "%d+")
end

function Sandbox:stop()
  return self.process:stop()
end

return M
