--- Which role a successor needs, so that nothing is lost when the subject's role is removed.

local roles = require "elevenlabs.workspace.offboard.roles"

local M = {}

--- The workspace's own roles among these, without those of a second list.
local function custom_roles(list, without)
  local custom = {}
  for _, role in ipairs(list) do
    local is_left_out = roles.is_preset(role)
    for _, other in ipairs(without) do
      is_left_out = is_left_out or other == role
    end
    custom[#custom + 1] = not is_left_out and role or nil
  end
  return custom
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
  local held = custom_roles(has, {})
  if held[1] then -- share replaces every role of its target
    return nil, "a grant would take the custom role " .. table.concat(held, ", ") .. " from them"
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
