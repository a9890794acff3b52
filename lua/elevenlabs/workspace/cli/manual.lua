--- Makes the manual page from the declarations of the commands.

local options = require "elevenlabs.workspace.cli.options"

local M = {}

--- Text with escapes for troff.
local function escape(text)
  local escaped = text:gsub("\\", "\\e"):gsub("%-", "\\-")
  return (escaped:gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1"))
end

local function add_option(lines, option)
  local name = option.name .. (option.value and "=" .. option.value or "")
  lines[#lines + 1] = ".TP\n.B " .. escape(name)
  lines[#lines + 1] = escape(option.text) .. "."
end

local function add_command(lines, declaration)
  lines[#lines + 1] = ".SS " .. escape(options.synopsis(declaration))
  lines[#lines + 1] = escape(declaration.description)
  for _, group in ipairs(declaration.groups) do
    lines[#lines + 1] = ".PP\n" .. escape(group.title) .. ":"
    for _, option in ipairs(group.options) do
      add_option(lines, option)
    end
  end
end

--- The commands that do something, without those that only have commands below them.
local function single_commands(declarations)
  local list = {}
  for _, declaration in ipairs(declarations) do
    for _, single in ipairs(declaration.commands or { declaration }) do
      list[#list + 1] = single
    end
  end
  return list
end

--- Each list of exit statuses once, with the names of the commands that have the list.
---@param declarations elevenlabs.workspace.cli.Declaration[]
---@return { names: string, statuses: string[][] }[]
function M.statuses(declarations)
  local lists, found = {}, {}
  for _, declaration in ipairs(declarations) do
    local statuses = declaration.statuses
    local list = statuses and found[statuses]
    if list then
      list.names = list.names .. ", " .. declaration.name
    elseif statuses then
      list = { names = declaration.name, statuses = statuses }
      lists[#lists + 1], found[statuses] = list, list
    end
  end
  return lists
end

local function add_statuses(lines, declarations)
  lines[#lines + 1] = "If several hold, the command ends with the first one of its list."
  for _, list in ipairs(M.statuses(declarations)) do
    lines[#lines + 1] = ".SS " .. escape(list.names)
    for _, status in ipairs(list.statuses) do
      lines[#lines + 1] = ".TP\n.B " .. escape(status[1])
      lines[#lines + 1] = escape(status[2]) .. "."
    end
  end
end

---@param declarations elevenlabs.workspace.cli.Declaration[]
---@param version string
---@return string
function M.page(declarations, version)
  local lines = {
    ('.TH ELEVENLABS\\-WORKSPACE 1 "" "elevenlabs\\-workspace %s"'):format(escape(version)),
    ".SH NAME",
    "elevenlabs\\-workspace \\- remove, grant and read roles on ElevenLabs workspace resources",
    ".SH SYNOPSIS",
  }
  for _, declaration in ipairs(single_commands(declarations)) do
    local synopsis = escape(options.synopsis(declaration))
    lines[#lines + 1] = ".B elevenlabs\\-workspace " .. synopsis .. "\n.br"
  end
  lines[#lines + 1] = ".SH COMMANDS"
  for _, declaration in ipairs(declarations) do
    add_command(lines, declaration)
    for _, below in ipairs(declaration.commands or {}) do
      add_command(lines, below)
    end
  end
  lines[#lines + 1] = ".SH EXIT STATUS"
  add_statuses(lines, declarations)
  lines[#lines + 1] = ".SH ENVIRONMENT"
  for _, row in ipairs(M.ENVIRONMENT) do
    lines[#lines + 1] = ".TP\n.B " .. escape(row[1])
    lines[#lines + 1] = escape(row[2])
  end
  lines[#lines + 1] = ".SH SEE ALSO\n.BR elevenlabs\\-workspace (3),\nthe Lua interface."
  return table.concat(lines, "\n") .. "\n"
end

M.ENVIRONMENT = {
  { "ELEVENLABS_API_KEY", "The API key. An argument would show the key to other users." },
  {
    "ELEVENLABS_BASE_URL, ELEVENLABS_CA_FILE",
    "A sandbox on this machine. The URL's host must be a loopback address. `sandbox -- COMMAND`"
      .. " sets both. If --base-url or --region is given, neither is read.",
  },
  {
    "ELEVENLABS_LIMIT_USER, ELEVENLABS_LIMIT_PASSWORD",
    "For the Redis of --limit. An argument would show the password to other users.",
  },
  { "NO_COLOR", "If set, the progress bar has no colors." },
}

return M
