--- How long to wait before a call is sent again, and how long the whole client pauses. Pure: random
--- numbers come from outside.

local M = {}

local FIRST_MS, FIRST_SLOW_MS, MAX_MS = 250, 1000, 60000

--- The longest pause of the whole client.
M.MAX_PAUSE_MS = 300000

--- Exponential backoff with full jitter.
---@param failures integer attempts of this call that failed so far, at least 1
---@param slow boolean the server asked for less: it answered 429 or 503
---@param random number in [0, 1)
---@return number ms
function M.delay_ms(failures, slow, random)
  local first = slow and FIRST_SLOW_MS or FIRST_MS
  return random * math.min(MAX_MS, first * 2 ^ (failures - 1))
end

--- How long the whole client pauses: the longer of what the server asks for and our own backoff. Up
--- to a fifth is added to what the server asks for, so that not all clients come back at once. Our own
--- backoff is random already.
---@param asked_ms number
---@param own_ms number of `delay_ms`
---@param random number in [0, 1)
---@return number ms
function M.pause_ms(asked_ms, own_ms, random)
  return math.min(M.MAX_PAUSE_MS, math.max(asked_ms * (1 + 0.2 * random), own_ms))
end

--- True if the server asks for a longer pause than any client makes.
---@param asked_ms number|nil
---@return boolean
function M.is_too_long(asked_ms)
  return asked_ms ~= nil and asked_ms > M.MAX_PAUSE_MS
end

return M
