--- A resource that people can read. Its fields are those of the server's answer.

local json = require "elevenlabs.workspace.json"
local texts = require "elevenlabs.workspace.text"

local M = {}

--- A resource and who has which role on it, in the server's words. JSON's null is `cjson.null`.
--- `tostring` of it is one line. lua-cjson 2.1.0 cannot tell an empty list from an empty map: if you
--- encode a resource, it writes `{}` for a role that nobody has, and for empty share options.
---@class elevenlabs.workspace.Resource
---@field resource_id string
---@field resource_name string|lightuserdata|nil
---@field resource_type string
---@field creator_user_id string|lightuserdata|nil
--- The role of anybody at all; cjson.null if there is none.
---@field anonymous_access_level_override string|lightuserdata|nil
---@field role_to_group_ids table<string, string[]> role to ids of users and groups, never emails
---@field share_options elevenlabs.workspace.ShareOption[] who has no role on it so far

---@class elevenlabs.workspace.ShareOption
---@field id string
---@field name string a user's is the email
---@field type "user"|"group"|"key"

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
  local names = {}
  for i, id in ipairs(type(ids) == "table" and ids or {}) do
    names[i] = tostring(id)
  end
  return ("%s [%s]"):format(role, table.concat(names, ", "))
end

local function describe_roles(self)
  local map, parts = self.role_to_group_ids, {}
  map = type(map) == "table" and map or {}
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
    tostring(self.resource_type),
    tostring(self.resource_id),
    optional(' "%s"', self.resource_name),
    optional(", created by %s", self.creator_user_id),
    describe_roles(self)
  )
  return texts.one_line(text)
end

--- Makes the decoded answer itself a resource.
---@param body table
---@return elevenlabs.workspace.Resource
function M.new(body)
  return setmetatable(body, Resource)
end

return M
