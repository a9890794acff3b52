--- The inventory: who has which role on every resource that the key can list and read. The columns
--- are those of `unshare --from`, and columns that begin with _ tell more.

local discovery = require "elevenlabs.workspace.offboard.discovery"
local json = require "elevenlabs.workspace.json"
local roles = require "elevenlabs.workspace.offboard.roles"

local M = {}

M.COLUMNS = {
  "resource_id",
  "resource_type",
  "user_email",
  "group_id",
  "workspace_api_key_id",
  "role",
  "_name",
  "_principal",
  "_creator",
  "_custom_role",
}

--- One role of one user, group or service account on one resource. `unshare_many` takes rows that
--- have a target.
---@class elevenlabs.workspace.offboard.AccessRow
---@field resource_id string The id of the resource.
---@field resource_type string The type of the resource.
---@field user_email string|nil The address, if it is a member's role.
---@field group_id string|nil The id, if it is a group's role.
--- The id of its first key, if it is a service account's role.
---@field workspace_api_key_id string|nil
---@field role string|nil Admin, editor, commenter or viewer. Nil for a custom role.
---@field _name string|nil The name of the resource.
---@field _principal string The id of the user, group or service account.
---@field _creator string|nil The id of the resource's creator.
---@field _custom_role string|nil A custom role of the workspace, which share cannot give.

--- From the id of a principal to the field and the value of its target.
local function targets_of(found)
  local targets = { default = { "group_id", "default" } }
  for _, member in ipairs(found.members or {}) do
    targets[member.user_id] = { "user_email", member.email }
  end
  for _, group in ipairs(found.groups or {}) do
    targets[group.id] = { "group_id", group.id }
  end
  for _, account in ipairs(found.service_accounts or {}) do
    local key_id = account.key_ids[1]
    targets[account.user_id] = key_id and { "workspace_api_key_id", key_id } or nil
  end
  return targets
end

local function text(value)
  return type(value) == "string" and value or nil
end

local function row_of(item, resource, role, principal, targets)
  local row = {
    resource_id = item.resource_id,
    resource_type = item.resource_type,
    role = roles.is_preset(role) and role or nil,
    _name = text(resource.resource_name),
    _principal = principal,
    _creator = text(resource.creator_user_id),
    _custom_role = not roles.is_preset(role) and role or nil,
  }
  local target = targets[principal]
  if target then
    row[target[1]] = target[2]
  end
  return row
end

--- The options of `offboard.access`. All but `on_row` may be left out.
---@class elevenlabs.workspace.offboard.AccessOptions
---@field on_row fun(row: elevenlabs.workspace.offboard.AccessRow) Called once for each role.
---@field resource_types string[]|nil Read these types alone. Default: all that a list names.
--- Called with the run that reads the resources. The run may be cancelled.
---@field on_run nil|fun(run: elevenlabs.workspace.Run)
--- Called with the progress of each run, ten times a second at most.
---@field on_progress nil|fun(progress: elevenlabs.workspace.Progress)
--- How many requests of this reading may be in flight, if it is to be fewer than the client's.
---@field max_concurrency integer|nil

--- Read who has which role.
---@param client elevenlabs.workspace.Client
---@param options elevenlabs.workspace.offboard.AccessOptions
---@return elevenlabs.workspace.offboard.Discovery|nil
---@return elevenlabs.workspace.Error|nil
function M.read(client, options)
  local targets
  return discovery.read(client, {
    resource_types = options.resource_types,
    on_run = options.on_run,
    on_progress = options.on_progress,
    max_concurrency = options.max_concurrency,
    on_principals = function(found)
      targets = targets_of(found)
    end,
    on_resource = function(item, resource)
      local map = roles.map(resource)
      for _, role in ipairs(json.sorted_keys(map)) do
        for _, principal in ipairs(map[role]) do
          options.on_row(row_of(item, resource, role, principal, targets))
        end
      end
    end,
  })
end

M.is_complete, M.resource_types = discovery.is_complete, discovery.resource_types

return M
