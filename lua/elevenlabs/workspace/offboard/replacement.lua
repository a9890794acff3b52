--- Which role a successor needs, so that nothing is lost when the subject's role is removed.

local roles = require "elevenlabs.workspace.offboard.roles"

local M = {}

--- The role to grant before the removal.
---@param map table<string, string[]> the roles of the resource
---@param own string[] the subject's roles on it
---@param successor_id string
---@return string|nil role nil: no grant is needed, or none is possible
---@return string|nil problem why the successor cannot get what the subject has
function M.needed(map, own, successor_id)
  local highest = roles.highest(own)
  local has = roles.of(map, successor_id)
  local holders, count = roles.principals(map)
  if roles.are_same(own, has) then
    return nil
  elseif not highest then
    return nil, "the API cannot grant the custom role " .. table.concat(own, ", ")
  elseif roles.rank(roles.highest(has)) >= roles.rank(highest) then
    return nil
  elseif count >= roles.MAX_PRINCIPALS and not holders[successor_id] then
    return nil, ("the resource has %d principals already, and takes no more"):format(count)
  end
  return highest
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
