--- Times of day in a case.

local M = {}

--- A time of day in UTC.
---@param seconds integer|nil since 1970; default now
---@return string "2026-11-29T17:00:00Z"
function M.iso(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", seconds)
end

local DAY_S = 24 * 60 * 60

--- A length of time for people.
---@param seconds integer
---@return string "8 days", "5 hours", "12 seconds"
function M.length(seconds)
  local unit, count = "second", seconds
  if seconds >= 2 * DAY_S then
    unit, count = "day", math.floor(seconds / DAY_S)
  elseif seconds >= 2 * 3600 then
    unit, count = "hour", math.floor(seconds / 3600)
  elseif seconds >= 120 then
    unit, count = "minute", math.floor(seconds / 60)
  end
  return ("%d %s%s"):format(count, unit, count == 1 and "" or "s")
end

return M
