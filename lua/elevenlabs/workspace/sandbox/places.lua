--- Finds entries of a state's lists without a look at each of them.

local M = {}

-- Both tables are weak and apart from the lists, which are the user's.
local hints = setmetatable({}, { __mode = "k" })
local groups = setmetatable({}, { __mode = "k" })

-- ---- one entry. The user may change a list at any time, so the index that an entry had is a hint
-- and no more

local function hints_for(list, field)
  hints[list] = hints[list] or {}
  hints[list][field] = hints[list][field] or {}
  return hints[list][field]
end

local function note_places(list, field)
  local places = {}
  for i = #list, 1, -1 do
    local value = list[i][field]
    if value ~= nil then
      places[value] = i
    end
  end
  hints[list][field] = places
end

--- The entry of a list whose field has this value. No two entries have the same value.
---@return table|nil
function M.find(list, field, value)
  local hinted = list[hints_for(list, field)[value]]
  if hinted and hinted[field] == value then
    return hinted
  end
  for _, entry in ipairs(list) do
    if entry[field] == value then
      note_places(list, field)
      return entry
    end
  end
end

-- ---- the resources of a kind. No hint can show that a resource is missing, so the groups hold until
-- they are forgotten

local function add(group_of, key, resource)
  local group = group_of[key] or {}
  group_of[key] = group
  group[#group + 1] = resource
end

local function group_resources(resources)
  local group_of = {}
  for _, resource in ipairs(resources) do
    add(group_of, resource.type, resource)
    if resource.parent then
      add(group_of, resource.type .. "\0" .. resource.parent, resource)
    end
  end
  return group_of
end

--- The resources of a type, in the order of the list.
---@param resources elevenlabs.workspace.sandbox.Resource[]
---@param type_ string
---@param parent string|nil only those of this parent
---@return elevenlabs.workspace.sandbox.Resource[] not to be changed
function M.of_type(resources, type_, parent)
  groups[resources] = groups[resources] or group_resources(resources)
  return groups[resources][parent and type_ .. "\0" .. parent or type_] or {}
end

--- Look at each resource anew for the next `of_type`: somebody may have changed the list.
function M.forget(resources)
  groups[resources] = nil
end

return M
