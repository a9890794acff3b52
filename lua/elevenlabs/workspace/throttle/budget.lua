--- When to try again: backoff, the server's Retry-After, and a budget for the whole
--- client. Pure: time and random numbers come from outside.

local M = {}

local FIRST_MS, FIRST_SLOW_MS, LONGEST_MS = 250, 1000, 60000
local LONGEST_PAUSE_MS = 300000

--- Failing for so long without one settled answer, the client gives up.
M.OUTAGE_MS = 120000

--- Exponential backoff with full jitter.
---@param failures integer attempts of this call that failed so far, at least 1
---@param slow boolean the server asked for less: it answered 429 or 503
---@param random number in [0, 1)
---@return number ms
function M.backoff_ms(failures, slow, random)
  local first = slow and FIRST_SLOW_MS or FIRST_MS
  return random * math.min(LONGEST_MS, first * 2 ^ (failures - 1))
end

--- How long the whole client pauses: what the server asks for or our own backoff, the
--- longer one, and up to a fifth more, so that not all clients come back at once.
---@return number ms
function M.pause_ms(asked_ms, own_ms, random)
  return math.min(LONGEST_PAUSE_MS, math.max(asked_ms or 0, own_ms) * (1 + 0.2 * random))
end

--- Does the server ask for more than anybody waits?
---@param asked_ms number|nil
---@return boolean
function M.is_too_long(asked_ms)
  return asked_ms ~= nil and asked_ms > LONGEST_PAUSE_MS
end

-- ---- Retry-After (RFC 9110, 10.2.3)

local WEEKDAYS = { Mon = 0, Tue = 1, Wed = 2, Thu = 3, Fri = 4, Sat = 5, Sun = 6 }
local MONTHS = {
  Jan = 1,
  Feb = 2,
  Mar = 3,
  Apr = 4,
  May = 5,
  Jun = 6,
  Jul = 7,
  Aug = 8,
  Sep = 9,
  Oct = 10,
  Nov = 11,
  Dec = 12,
}
local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
local IMF_FIXDATE = "^(%a%a%a), (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$"

local function is_leap(year)
  return (year % 4 == 0 and year % 100 ~= 0) or year % 400 == 0
end

--- Days from 1 January of the year 1, a Monday, by the rules of today's calendar.
local function days_to(year, month, day)
  local before = year - 1
  local days = before * 365
    + math.floor(before / 4)
    - math.floor(before / 100)
    + math.floor(before / 400)
  for i = 1, month - 1 do
    days = days + MONTH_DAYS[i] + (i == 2 and is_leap(year) and 1 or 0)
  end
  return days + day - 1
end

--- Seconds since the year 1 of an IMF-fixdate, the one form of date that is sent today;
--- nil for all else.
local function read_date(text)
  local weekday, day, month_name, year, hour, minute, second = text:match(IMF_FIXDATE)
  local month = MONTHS[month_name]
  if not month then
    return nil
  end
  day, year = tonumber(day), tonumber(year)
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  local month_days = MONTH_DAYS[month] + (month == 2 and is_leap(year) and 1 or 0)
  if day < 1 or day > month_days or year < 1 or hour > 23 or minute > 59 or second > 60 then
    return nil
  end
  local days = days_to(year, month, day)
  return days % 7 == WEEKDAYS[weekday] and ((days * 24 + hour) * 60 + minute) * 60 + second or nil
end

--- Read a Retry-After header: at most ten digits of seconds, or a date, which counts from
--- the answer's own Date: this machine's clock may be wrong. Anything else is nothing.
---@param value string|nil
---@param date string|nil the answer's Date
---@return number|nil ms
function M.parse_retry_after(value, date)
  if not value then
    return nil
  elseif value:find "^%d+$" then
    return #value <= 10 and tonumber(value) * 1000 or nil
  end
  local at, now = read_date(value), date and read_date(date)
  return at and now and math.max(0, at - now) * 1000 or nil
end

-- ---- the budget

local FULL, RETRY_COST, TIMEOUT_COST, UNREACHED_COST = 500, 5, 10, 50
local FIRST_PROBE_MS, LONGEST_PROBE_MS = 1000, 30000

--- Keeps retries from multiplying an outage: a token bucket of the whole client. Once it
--- is empty the client is parked: it sends one probe at a time, until one is answered.
---@class elevenlabs.workspace.Budget
---@field parked boolean
local Budget = {}
Budget.__index = Budget

function M.new_budget()
  return setmetatable({
    tokens = FULL,
    parked = false,
    probing = false,
    probe_at_ms = 0,
    probe_pause_ms = FIRST_PROBE_MS,
    failing_since_ms = false,
    excused_ms = 0, -- for so long a server has kept everybody waiting since then
    failed_ms = 0, -- when the last attempt failed
  }, Budget)
end

--- An attempt was answered, and what it was about is settled by that.
---@param first_try boolean
---@param was_probe boolean
function Budget:settled(first_try, was_probe)
  if first_try and self.tokens < FULL then
    self.tokens = self.tokens + 1
  end
  self.parked, self.failing_since_ms, self.excused_ms = false, false, 0
  self.probing = self.probing and not was_probe
  self.probe_pause_ms = FIRST_PROBE_MS
end

--- An attempt failed; it will be repeated.
---@param why "unreached"|"timeout"|"other" what reached nobody costs most: whoever asks
--- next meets the same wall
---@param was_probe boolean
---@param now_ms number
function Budget:failed(why, was_probe, now_ms)
  local cost = why == "unreached" and UNREACHED_COST or why == "timeout" and TIMEOUT_COST
  self.failing_since_ms, self.failed_ms = self.failing_since_ms or now_ms, now_ms
  self.tokens = math.max(0, self.tokens - (cost or RETRY_COST))
  self.probing = self.probing and not was_probe
  if was_probe and self.parked then
    self.probe_pause_ms = math.min(LONGEST_PROBE_MS, self.probe_pause_ms * 2)
    self.probe_at_ms = now_ms + self.probe_pause_ms
  elseif self.tokens == 0 and not self.parked then
    self.parked, self.probe_at_ms = true, now_ms + self.probe_pause_ms
  end
end

--- An attempt ended that says nothing of the server.
---@param was_probe boolean
function Budget:lost(was_probe)
  self.probing = self.probing and not was_probe
end

--- May an attempt be made?
function Budget:allows(now_ms)
  return not self.parked or (not self.probing and now_ms >= self.probe_at_ms)
end

--- An attempt is made.
---@return boolean whether it is a probe
function Budget:begin()
  self.probing = self.probing or self.parked
  return self.parked
end

--- When time alone will allow one: 0 for at once, nil for not before a probe's end.
---@return number|nil ms
function Budget:opens_at()
  if self.parked then
    return not self.probing and self.probe_at_ms or nil
  end
  return 0
end

--- The server keeps everybody waiting until then: that is no outage, as long as no pause is
--- followed by another for ever.
function Budget:excuse(until_ms)
  if self.failing_since_ms then
    local more = math.max(0, until_ms - self.failing_since_ms)
    more = math.min(more, LONGEST_PAUSE_MS - self.excused_ms)
    self.failing_since_ms = self.failing_since_ms + more
    self.excused_ms = self.excused_ms + more
  end
end

--- Nothing was to be sent since the last failure: that time is no outage either.
function Budget:was_idle(now_ms)
  if self.failing_since_ms then
    self.failing_since_ms = self.failing_since_ms + math.max(0, now_ms - self.failed_ms)
    self.failed_ms = now_ms
  end
end

--- When to give up, nil while nothing fails.
---@return number|nil ms
function Budget:gives_up_at()
  return self.failing_since_ms and self.failing_since_ms + M.OUTAGE_MS or nil
end

--- Given up: what comes next gets its own time.
function Budget:start_anew()
  self.failing_since_ms, self.excused_ms = false, 0
end

return M
