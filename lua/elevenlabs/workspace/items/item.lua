--- Defines an item: the fields that it may have, and their types.

local cjson = require "elevenlabs.workspace.cjson"
local names = require "elevenlabs.workspace.names"

local M = {}

--- The arguments of one call of a bulk run. An item of a read needs no target. An item of a change
--- has exactly one target.
---@class elevenlabs.workspace.Item
---@field resource_id string The id of the resource.
---@field resource_type string One of `workspace.RESOURCE_TYPES`.
---@field user_email string|nil The address of a user or of a service account.
---@field group_id string|nil The id of a group. "default" is the role that every member has.
--- The id of an API key, not the secret: the role of its service account.
---@field workspace_api_key_id string|nil
---@field role "admin"|"editor"|"commenter"|"viewer"|nil The role to give. For share alone.
--- Accept a `resource_type` that this library does not know.
---@field allow_unknown_resource_type boolean|nil

M.FIELDS = {
  "resource_id",
  "resource_type",
  "user_email",
  "group_id",
  "workspace_api_key_id",
  "role",
  "allow_unknown_resource_type",
}

--- The type of each field.
M.TYPES = { allow_unknown_resource_type = "boolean" }
for _, name in ipairs(M.FIELDS) do
  M.TYPES[name] = M.TYPES[name] or "string"
end

local TYPES = M.TYPES

--- The fields that name a target. An item has exactly one of them.
M.TARGETS = { "user_email", "group_id", "workspace_api_key_id" }

local IS_TARGET = {}
for _, name in ipairs(M.TARGETS) do
  IS_TARGET[name] = true
end

---@return boolean
function M.is_field(name)
  return TYPES[name] ~= nil
end

--- True if the name begins with "_": it is a note for people, and no field of an item.
---@return boolean
function M.is_note(name)
  return name:byte() == 95 -- "_"
end

--- True for nil and for JSON's null.
---@return boolean
function M.is_absent(value)
  return value == nil or value == cjson.null
end

--- Why a name and a value cannot be a field and its value; nil if they can.
---@return string|nil
function M.misfit(name, value)
  if not TYPES[name] then
    return names.unknown("field", name, M.FIELDS)
  elseif type(value) ~= TYPES[name] and not M.is_absent(value) then
    return ("%s must be a %s, got %s"):format(name, TYPES[name], type(value))
  end
end

--- Give an item those of `fields` that it lacks. An item with a target of its own gets no second
--- target.
---@param item elevenlabs.workspace.Item changed
---@param fields table
---@return elevenlabs.workspace.Item
function M.complete(item, fields)
  local has_target = item.user_email or item.group_id or item.workspace_api_key_id
  for name, value in next, fields do
    if item[name] == nil and not (has_target and IS_TARGET[name]) then
      item[name] = value
    end
  end
  return item
end

return M
