--- Command-line options: names and how to read them in, a table of values out.

local M = {}

--- A reader of text: "--state FILE" gives values.state_file.
function M.text(name)
  return function(values, value)
    values[name] = value
    return value
  end
end

local function number_in(pattern, name, least, most)
  return function(values, value)
    local number = value and value:match(pattern) and tonumber(value)
    values[name] = number and number >= least and number <= most and number or nil
    return values[name]
  end
end

--- A reader of a whole number from `least`, or 0, to `most`.
function M.number(name, most, least)
  return number_in("^%d+$", name, least or 0, most)
end

--- A reader of a decimal number from 0 to 1.
function M.fraction(name)
  return number_in("^%d*%.?%d+$", name, 0, 1)
end

--- An option without a value: "--json" gives values.json = true.
function M.flag(name, setting)
  return { name = name, setting = setting }
end

local function rest_of(arguments, first)
  local rest = {}
  for i = first, #arguments do
    rest[#rest + 1] = arguments[i]
  end
  return rest
end

--- Only an option's name is shown: what stands behind "=" or alone may be a secret.
local function unknown(argument)
  local name = argument:match "^%-%-?[%w-]*"
  return name and "unknown option " .. name or "an argument that belongs to no option"
end

--- Read all options. What follows "--" is returned as values.command.
---@param arguments string[]
---@param readers table<string, function|table> by option name, from the functions above
---@return table|nil values, string|nil problem
function M.read(arguments, readers)
  local values, i = {}, 1
  while arguments[i] do
    local name, value = arguments[i], arguments[i + 1]
    local reader = readers[name]
    if name == "--" and readers.command then
      values.command = rest_of(arguments, i + 1)
      return values
    elseif not reader or name == "command" then
      return nil, unknown(name)
    elseif type(reader) == "table" then
      values[reader.name] = reader.setting
      i = i + 1
    elseif not reader(values, value) then
      return nil, name .. " needs another value than " .. (value or "none")
    else
      i = i + 2
    end
  end
  return values
end

return M
