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

--- The field and the value of a target; nil if there is none.
local function target_of(fields)
  for _, name in ipairs(M.TARGETS) do
    if not M.is_absent(fields[name]) then
      return name, fields[name]
    end
  end
end

--- Addresses in other letters are the same person's.
local function is_same(name, one, other)
  return one == other or (name == "user_email" and one:lower() == other:lower())
end

--- Give an item those of `fields` that it lacks. An item with another target than that of `fields` is
--- refused: somebody agreed to the one, and would change the other.
---@param item elevenlabs.workspace.Item changed
---@param fields table
---@return elevenlabs.workspace.Item|nil
---@return string|nil what is wrong
---@return string|nil field
function M.complete(item, fields)
  local own, value = target_of(item)
  local wanted, all_of = target_of(fields)
  if own and wanted and not (own == wanted and is_same(own, value, all_of)) then
    local message = '%s is "%s", but the whole list is to have %s "%s": leave one of the two out'
    return nil, message:format(own, names.quotable(value), wanted, names.quotable(all_of)), own
  end
  for name, given in next, fields do
    if item[name] == nil then
      item[name] = given
    end
  end
  return item
end

return M
