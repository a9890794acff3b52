--- Which role a successor needs, so that nothing is lost when the subject's role is removed.

local roles = require "elevenlabs.workspace.offboard.roles"

local M = {}

--- The workspace's own roles of the subject that the successor does not have.
local function custom_roles(own, has)
  local missing = {}
  for _, role in ipairs(own) do
    local is_there = roles.is_preset(role)
    for _, other in ipairs(has) do
      is_there = is_there or other == role
    end
    missing[#missing + 1] = not is_there and role or nil
  end
  return missing
end

--- The role to grant before the removal. A successor may get a role and still lack another.
---@param map table<string, string[]> the roles of the resource
---@param own string[] the subject's roles on it
---@param successor_id string
---@return string|nil role nil: no grant is needed, or none is possible
---@return string|nil problem why the successor cannot get all that the subject has
function M.needed(map, own, successor_id)
  local highest = roles.highest(own)
  local has = roles.of(map, successor_id)
  local holders, count = roles.principals(map)
  local custom = custom_roles(own, has)
  local problem = "the API cannot grant the custom role " .. table.concat(custom, ", ")
  problem = custom[1] and problem or nil
  if roles.rank(roles.highest(has)) >= roles.rank(highest) then
    return nil, problem
  elseif count >= roles.MAX_PRINCIPALS and not holders[successor_id] then
    return nil, ("the resource has %d principals already, and takes no more"):format(count)
  end
  return highest, problem
end

--- True if the successor has at least this role.
---@param map table<string, string[]>
---@param successor_id string
---@param role string
---@return boolean
function M.has(map, successor_id, role)
  return roles.rank(roles.highest(roles.of(map, successor_id))) >= roles.rank(role)
end

return M
