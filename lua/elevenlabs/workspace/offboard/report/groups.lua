--- Puts each row of a report into one group: by what a reader has to do about the resource.

local M = {}

--- The groups in their order on the page.
M.ORDER = { "open", "given_back", "planned", "gone", "kept" }

--- True if a removal that was begun is not both confirmed and read back as gone.
local function is_open(row)
  local was_refused = row.outcome ~= nil and row.outcome ~= "confirmed"
  return was_refused or row.outcome == "confirmed" and row.read_back ~= "gone"
end

--- The group of a row. A successor's grant or an undo that was not confirmed keeps the row open.
---@param row table of the document
---@return string group one of `ORDER`
function M.of(row)
  if row.given_back then
    return row.given_back.outcome == "confirmed" and "given_back" or "open"
  elseif row.action ~= "remove" then
    return "kept"
  elseif row.granted and row.granted.outcome ~= "confirmed" or is_open(row) then
    return "open"
  end
  return row.read_back == "gone" and "gone" or "planned"
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
