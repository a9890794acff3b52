--- The roles of a principal on a resource, as an answer of `get` tells them.

local json = require "elevenlabs.workspace.json"

local M = {}

-- The preset roles by their power. Source: the API's documentation of share.
local RANK = { admin = 4, editor = 3, commenter = 2, viewer = 1 }

--- Most principals of a resource. Source: the API's documentation of share.
M.MAX_PRINCIPALS = 100

--- True for a role that share can give. All others are custom roles of the workspace.
---@param role string
---@return boolean
function M.is_preset(role)
  return RANK[role] ~= nil
end

--- The rank of a role: 0 for none, and for a custom role.
---@param role string|nil
---@return integer
function M.rank(role)
  return role and RANK[role] or 0
end

--- Every role with its principals, as lists that stay lists in JSON.
---@param resource elevenlabs.workspace.Resource
---@return table<string, string[]>
function M.map(resource)
  local map = {}
  for role, ids in pairs(resource.role_to_group_ids) do
    map[role] = json.list(ids)
  end
  return map
end

--- The roles of this principal, sorted by name.
---@param map table<string, string[]> of `M.map`
---@param id string
---@return string[]
function M.of(map, id)
  local roles = {}
  for _, role in ipairs(json.sorted_keys(map)) do
    for _, principal in ipairs(map[role]) do
      if principal == id then
        roles[#roles + 1] = role
        break
      end
    end
  end
  return roles
end

--- The preset role with the most power; nil if none is a preset one.
---@param roles string[]
---@return string|nil
function M.highest(roles)
  local highest
  for _, role in ipairs(roles) do
    if M.rank(role) > M.rank(highest) then
      highest = role
    end
  end
  return highest
end

--- Every principal once.
---@param map table<string, string[]>
---@return table<string, boolean> set
---@return integer count
function M.principals(map)
  local set, count = {}, 0
  for _, ids in pairs(map) do
    for _, id in ipairs(ids) do
      count = count + (set[id] and 0 or 1)
      set[id] = true
    end
  end
  return set, count
end

---@param a string[] sorted
---@param b string[] sorted
---@return boolean
function M.are_same(a, b)
  return table.concat(a, "\0") == table.concat(b, "\0")
end

return M
