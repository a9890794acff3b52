--- Puts each row of a report into one group: by what a reader has to do about the resource.

local M = {}

--- The groups in their order on the page.
M.ORDER = { "open", "given_back", "planned", "gone", "kept" }

-- What the last verify saw, if a person has to look at the resource.
local IS_OPEN = {
  still_there = true,
  changed = true,
  came_back = true,
  new = true,
  unreadable = true,
}

--- True if the last reading of the resource saw no role of the subject. A verify is later than the
--- reading back of a round.
local function is_gone(row)
  if row.seen then
    return row.seen == "gone" or row.seen == "resource_gone"
  end
  return row.read_back == "gone"
end

local function group_of_removal(row)
  if row.outcome == nil then
    return is_gone(row) and "gone" or "planned"
  elseif row.outcome == "refused" or row.outcome == "unconfirmed" then
    return "open"
  end
  return is_gone(row) and "gone" or "open"
end

--- The group of a row. A successor's grant or an undo that was not confirmed keeps the row open.
---@param row table of the document
---@return string group one of `ORDER`
function M.of(row)
  if row.given_back then
    return row.given_back.outcome == "confirmed" and "given_back" or "open"
  elseif IS_OPEN[row.seen] or row.granted and row.granted.outcome ~= "confirmed" then
    return "open"
  elseif row.action == "remove" or row.outcome then
    return group_of_removal(row)
  end
  return "kept"
end

--- How many rows each group has.
---@param rows table[]
---@return table<string, integer>
function M.count(rows)
  local counts = {}
  for _, name in ipairs(M.ORDER) do
    counts[name] = 0
  end
  for _, row in ipairs(rows) do
    local name = M.of(row)
    counts[name] = counts[name] + 1
  end
  return counts
end

return M
