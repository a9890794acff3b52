--- A resource that people can read. Its fields are those of the server's answer.

local core = require "elevenlabs.workspace.core"
local json = require "elevenlabs.workspace.json"
local texts = require "elevenlabs.workspace.text"

local M = {}

--- A resource and who has which role on it, in the server's words. JSON's null is `cjson.null`.
--- `print` shows a resource on one line. lua-cjson 2.1.0 cannot tell an empty list from an empty map. If
--- you encode a resource, it writes `{}` for a role that nobody has, and for empty share options.
---@class elevenlabs.workspace.Resource
---@field resource_id string The id of the resource.
---@field resource_name string|lightuserdata|nil The name of the resource.
---@field resource_type string The type of the resource, such as "voice".
--- The id of the user who made the resource. A creator keeps the admin role.
---@field creator_user_id string|lightuserdata|nil
--- The role of anybody at all, without an account. cjson.null if there is none.
---@field anonymous_access_level_override string|lightuserdata|nil
--- From a role to the ids of the users and groups that have the role. Addresses are never in the
--- lists.
---@field role_to_group_ids table<string, string[]>
---@field share_options elevenlabs.workspace.ShareOption[] Who has no role on the resource so far.

--- Somebody who may be given a role on a resource.
---@class elevenlabs.workspace.ShareOption
---@field id string The id of the user, group or key.
---@field name string The name. A user's name is the address.
---@field type "user"|"group"|"key" What the option is.

local Resource = { __name = "elevenlabs.workspace.resource", __concat = texts.concat }

local ROLES = { "admin", "editor", "commenter", "viewer" }

--- The roles in the order of their power, then those that this library does not know.
local function roles_of(map)
  local roles, known = {}, {}
  for _, role in ipairs(ROLES) do
    known[role] = true
    roles[#roles + 1] = map[role] and role
  end
  for _, role in ipairs(json.sorted_keys(map)) do
    roles[#roles + 1] = not known[role] and role or nil
  end
  return roles
end

--- "admin [user_ada, user_mia]"
local function describe_role(role, ids)
  return ("%s [%s]"):format(role, table.concat(ids, ", "))
end

local function describe_roles(self)
  local map, parts = self.role_to_group_ids, {}
  for _, role in ipairs(roles_of(map)) do
    parts[#parts + 1] = describe_role(role, map[role])
  end
  if type(self.anonymous_access_level_override) == "string" then
    parts[#parts + 1] = "anybody is " .. self.anonymous_access_level_override
  end
  return parts[1] and table.concat(parts, ", ") or "no roles"
end

--- The value in this format, or nothing if the server left it out.
local function optional(format, value)
  return type(value) == "string" and format:format(value) or ""
end

function Resource.__tostring(self)
  local text = ("%s %s%s%s: %s"):format(
    self.resource_type,
    self.resource_id,
    optional(' "%s"', self.resource_name),
    optional(", created by %s", self.creator_user_id),
    describe_roles(self)
  )
  return texts.one_line(text)
end

-- ---- whether an answer tells who has which role

local function is_list_of_texts(list)
  if type(list) ~= "table" then
    return false
  end
  local count = 0
  for _, value in pairs(list) do
    count = count + 1
    if type(value) ~= "string" then
      return false
    end
  end
  return count == #list
end

local function is_map_of_roles(map)
  if type(map) ~= "table" then
    return false
  end
  for role, ids in pairs(map) do
    if type(role) ~= "string" or not is_list_of_texts(ids) then
      return false
    end
  end
  return true
end

local function has_empty_part(map)
  for _, ids in pairs(map) do
    if next(ids) == nil then
      return true
    end
  end
  return next(map) == nil
end

--- True if an empty map is an object, and an empty list no object. lua-cjson reads both alike, so the
--- core is asked.
local function is_of_shape(map, text)
  if not has_empty_part(map) then
    return true
  end
  local shape, holds_object = core.shape(text, "role_to_group_ids")
  return not (shape ~= "object" or holds_object)
end

--- Why an answer does not tell who has which role on the resource that was asked for; nil if it does.
--- From any other answer somebody could conclude that nobody has a role.
---@param body table the decoded answer
---@param asked { resource_id: string, resource_type: string }
---@param text string the same answer before it was decoded
---@return string|nil
function M.doubt(body, asked, text)
  if body.resource_id ~= asked.resource_id or body.resource_type ~= asked.resource_type then
    return "its body is not of this resource"
  elseif not is_map_of_roles(body.role_to_group_ids)
    or not is_of_shape(body.role_to_group_ids, text)
  then
    return "its body does not say who has which role"
  end
end

--- Makes the decoded answer itself a resource.
---@param body table
---@return elevenlabs.workspace.Resource
function M.new(body)
  return setmetatable(body, Resource)
end

return M
