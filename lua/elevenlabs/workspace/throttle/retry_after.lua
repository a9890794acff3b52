--- The header Retry-After (RFC 9110, 10.2.3).

local M = {}

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

--- Seconds since the year 1; nil if the text is no IMF-fixdate, the one form of date that servers
--- send today.
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

--- How long the server asks to wait: at most ten digits of seconds, or a date. A date counts from
--- the answer's own Date, because this machine's clock may be wrong.
---@param value string|nil of the header
---@param date string|nil of the answer's header Date
---@return number|nil ms nil if there is no value, or it is neither
function M.parse(value, date)
  if not value then
    return nil
  elseif value:find "^%d+$" then
    return #value <= 10 and tonumber(value) * 1000 or nil
  end
  local at, now = read_date(value), date and read_date(date)
  return at and now and math.max(0, at - now) * 1000 or nil
end

return M
