--- Reads the options of a command. Its declaration also makes its help, its manual page and its
--- completions.

local argparse = require "argparse"
local core = require "elevenlabs.workspace.core"

local M = {}

--- A command: its options, arguments and texts.
---@class elevenlabs.workspace.cli.Declaration
---@field name string as it is typed
---@field summary string a few words
---@field description string
---@field groups elevenlabs.workspace.cli.Group[] of options
---@field arguments table[]|nil { name =, text =, count = "1", choices = nil }
--- Exit statuses and what they mean, as { "130, 143", "interrupted" }, the first that holds first.
---@field statuses string[][]|nil
--- Commands below this one, in order. Their names begin with the name of this one.
---@field commands elevenlabs.workspace.cli.Declaration[]|nil

---@class elevenlabs.workspace.cli.Group
---@field title string
---@field options table[] { name = "--from", value = "FILE" or nil for a flag, text =,
--- read = function(text) -> value, or nil and what the option takes; choices = for completions;
--- repeats = true if it may be given several times: its value is then an array }

--- The key of an option's value: "--max-concurrency" is max_concurrency.
---@param name string
---@return string
function M.key(name)
  return (name:gsub("^%-%-", ""):gsub("%-", "_"))
end

--- A message of the library in the words of the command: names of fields become options.
---@param text string
---@param keys string[] the fields that are options
---@return string
function M.as_typed(text, keys)
  for _, key in ipairs(keys) do
    text = text:gsub("%f[%w_]" .. key .. "%f[^%w_]", "--" .. key:gsub("_", "-"))
  end
  return text
end

-- ---- readers of values

local function number_in(pattern, least, most, takes)
  return function(text)
    local number = text:match(pattern) and tonumber(text)
    if not number or number < least or number > most then
      return nil, takes:format(least, most)
    end
    return number
  end
end

--- A whole number.
function M.number(least, most)
  return number_in("^%d+$", least, most, "a whole number from %d to %d")
end

--- A decimal number from 0 to 1.
M.fraction = number_in("^%d*%.?%d+$", 0, 1, "a number from %d to %d, such as 0.05")

local MAX_LISTED = 12 -- names in a message

--- One of several names.
---@param names string[]
function M.choice(names)
  return function(text)
    for _, name in ipairs(names) do
      if name == text then
        return text
      end
    end
    local near = core.nearest(text, names)
    local takes = #names <= MAX_LISTED and table.concat(names, ", ") or "one of the known names"
    return nil, takes .. (near and (": did you mean %s?"):format(near) or "")
  end
end

--- How many requests may be in flight.
M.MAX_CONCURRENCY = {
  name = "--max-concurrency",
  value = "N",
  text = "send at most N requests at once (default 32)",
  read = M.number(1, 1024),
}

--- `--resource-type` of a command that lists resources.
---@param names string[] the types that some list names
---@return table option
function M.one_type_alone(names)
  return {
    name = "--resource-type",
    value = "TYPE",
    text = "only resources of this type; may be given several times",
    read = M.choice(names),
    choices = names,
    repeats = true,
  }
end

local UNITS_MS = { [""] = 1000, s = 1000, m = 60000, h = 3600000, d = 86400000 }

--- A time in milliseconds: "90", "90s", "15m", "2h", "7d".
function M.time(text)
  local number, unit = text:match "^(%d+)([smhd]?)$"
  local ms = number and tonumber(number) * UNITS_MS[unit] or 0
  if ms == 0 then
    return nil, "a time above 0: 90, 90s, 15m, 2h or 7d"
  end
  return ms
end

-- ---- the parser

local function read_value(option)
  return function(text)
    if text == "" then
      return nil, option.name .. " has an empty value"
    elseif not option.read then
      return text
    end
    local value, takes = option.read(text)
    if value == nil then
      return nil, ("%s takes %s"):format(option.name, takes)
    end
    return value
  end
end

local function add_option(parser, option)
  local names = option.short and option.short .. " " .. option.name or option.name
  if not option.value then
    return parser:flag(names, option.text):target(M.key(option.name)):overwrite(false)
  end
  local added = parser:option(names, option.text)
  added:argname(option.value):target(M.key(option.name)):overwrite(false)
  if option.repeats then
    added:count "*"
  end
  return added:convert(read_value(option))
end

local function describe_statuses(statuses)
  local texts = {}
  for i, status in ipairs(statuses or {}) do
    texts[i] = ("%s (%s)"):format(status[1], status[2])
  end
  local all = table.concat(texts, "; ")
  return all == "" and "" or "Exit status, the first that holds: " .. all .. "."
end

local HELP = { name = "--help", short = "-h", text = "show this help" }

local function add_command(parser, declaration, with_choices)
  parser:add_help(false):usage(
    ("Usage: elevenlabs-workspace %s"):format(M.synopsis(declaration))
  )
  parser:help_max_width(79):help_description_margin(30)
  parser:epilog(describe_statuses(declaration.statuses))
  for _, argument in ipairs(declaration.arguments or {}) do
    local added = parser:argument(argument.name, argument.text):args(argument.count)
    if argument.choices then
      added:choices(argument.choices)
    end
  end
  for _, group in ipairs(declaration.groups) do
    local added = {}
    for i, option in ipairs(group.options) do
      added[i] = add_option(parser, option)
      if with_choices and option.choices then
        added[i]:choices(option.choices)
      end
    end
    parser:group(group.title, (unpack or table.unpack)(added))
  end
  add_option(parser, HELP)
  return parser
end

--- What a command looks like: "unshare OPTION..."
---@param declaration elevenlabs.workspace.cli.Declaration
---@return string
function M.synopsis(declaration)
  local words = { declaration.name }
  words[#words + 1] = #declaration.groups > 0 and "[OPTION...]" or nil
  for _, argument in ipairs(declaration.arguments or {}) do
    words[#words + 1] = argument.shown or argument.name
  end
  return table.concat(words, " ")
end

local function parser_of(declaration)
  local parser = argparse("elevenlabs-workspace " .. declaration.name, declaration.description)
  return add_command(parser, declaration)
end

local function add_commands(parser, declarations)
  for _, declaration in ipairs(declarations) do
    local command = parser:command(declaration.name:match "%S+$", declaration.summary)
    add_command(command, declaration, true)
    add_commands(command, declaration.commands or {})
  end
end

--- All commands in one parser, for completions.
---@param declarations elevenlabs.workspace.cli.Declaration[]
---@return table
function M.parser_of_all(declarations)
  local parser = argparse("elevenlabs-workspace", "removes, grants and reads roles")
  parser:add_help(false)
  parser:flag("-h --help", "show this help")
  parser:flag("-V --version", "show the version")
  add_commands(parser, declarations)
  return parser
end

-- ---- reading

-- Messages of argparse, and ours. Only names of options are shown: other text may be a secret.
local REPHRASED = {
  {
    "^option '(%-[%w-]+)' requires an argument$",
    "%1 needs a value (write %1=VALUE if it begins with -)",
  },
  { "^option '(%-[%w-]+)' must be used at most 1 time$", "%1 is given twice" },
  {
    "^unknown option '(%-%-?[%w_-]*).-'\nDid you mean (.*)$",
    "unknown option %1. Did you mean %2",
  },
  { "^unknown option '(%-%-?[%w_-]*).-'$", "unknown option %1" },
  { "^option '(%-[%w-]+)' does not take arguments$", "%1 takes no value" },
  { "^too many arguments$", "an argument that belongs to no option" },
  { "^missing argument '(.-)'$", "%1 is missing" },
  { "^argument '(.-)' must be", "%1 must be" },
}

local function rephrase(text)
  for _, row in ipairs(REPHRASED) do
    local found, count = text:gsub(row[1], row[2])
    if count > 0 then
      return (found:gsub("[\n']", ""))
    end
  end
  return (text:gsub("\n", " "))
end

--- Read a command's arguments.
---@param declaration elevenlabs.workspace.cli.Declaration
---@param arguments string[]
---@return table|nil values by key
---@return string|nil misuse one line
function M.read(declaration, arguments)
  local ok, values = parser_of(declaration):pparse(arguments)
  if not ok then
    return nil, rephrase(values)
  end
  for _, group in ipairs(declaration.groups) do
    for _, option in ipairs(group.options) do
      local key = option.repeats and M.key(option.name)
      if key and not values[key][1] then
        values[key] = nil -- argparse gives an empty array
      end
    end
  end
  return values
end

--- A parser for the help of a command that has commands below it.
local function parser_of_several(declaration)
  local name = "elevenlabs-workspace " .. declaration.name
  local parser = argparse(name, declaration.description)
  parser:add_help(false):usage(("Usage: %s COMMAND [OPTION...]"):format(name))
  parser:help_max_width(79):help_description_margin(12)
  parser:epilog(("%s COMMAND --help tells more.\n\n%s"):format(
    name,
    describe_statuses(declaration.statuses)
  ))
  for _, below in ipairs(declaration.commands) do
    parser:command(below.name:match "%S+$", below.summary)
  end
  return parser
end

---@param declaration elevenlabs.workspace.cli.Declaration
---@return string
function M.help(declaration)
  local parser = declaration.commands and parser_of_several(declaration) or parser_of(declaration)
  return parser:get_help() .. "\n"
end

return M
