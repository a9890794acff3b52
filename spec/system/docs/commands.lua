--- Writes what the reference says of the command, from the declarations.

local cli = require "elevenlabs.workspace.cli"
local manual = require "elevenlabs.workspace.cli.manual"
local options = require "elevenlabs.workspace.cli.options"

local M = {}

local function add(out, ...)
  for _, line in ipairs { ... } do
    out[#out + 1] = line
  end
end

--- Plain text as Markdown. Backticks stay: the texts use them for code.
local function escape(text)
  return (text:gsub("[*_<%[]", "\\%0"))
end

--- A paragraph whose lines are indented is code.
local function add_description(out, text)
  for paragraph in (text .. "\n\n"):gmatch "(.-)\n\n" do
    if paragraph:find "^  " then
      add(out, "```sh", (paragraph:gsub("^  ", ""):gsub("\n  ", "\n")), "```", "")
    else
      add(out, escape(paragraph), "")
    end
  end
end

local function add_command(out, add_table, declaration)
  local synopsis = declaration.commands and declaration.name .. " COMMAND [OPTION...]"
    or options.synopsis(declaration)
  add(out, "### elevenlabs-workspace " .. declaration.name, "")
  add(out, "```sh", "elevenlabs-workspace " .. synopsis, "```", "")
  add_description(out, declaration.description)
  for _, group in ipairs(declaration.groups) do
    local rows = {}
    for i, option in ipairs(group.options) do
      local name = option.name .. (option.value and "=" .. option.value or "")
      rows[i] = { "`" .. name .. "`", escape(option.text) }
    end
    add(out, "#### " .. group.title, "")
    add_table(out, { "option", "meaning" }, rows)
  end
  for _, below in ipairs(declaration.commands or {}) do
    add_command(out, add_table, below)
  end
end

local function add_statuses(out, add_table, declarations)
  add(out, "### Exit status", "")
  add(out, "If several hold, the command ends with the first one of its list.", "")
  for _, list in ipairs(manual.statuses(declarations)) do
    local rows = {}
    for i, status in ipairs(list.statuses) do
      rows[i] = { status[1], escape(status[2]) }
    end
    add(out, "#### " .. list.names, "")
    add_table(out, { "status", "meaning" }, rows)
  end
end

--- Add the command's part of the reference.
---@param out string[] lines
---@param add_table fun(out: string[], titles: string[], rows: string[][])
function M.add(out, add_table)
  local declarations = cli.declarations()
  add(out, "## Command line", "")
  add(out, "All options of all commands. `elevenlabs-workspace help COMMAND` shows the same.", "")
  for _, declaration in ipairs(declarations) do
    add_command(out, add_table, declaration)
  end
  add_statuses(out, add_table, declarations)
  add(out, "### Environment", "")
  local rows = {}
  for i, row in ipairs(manual.ENVIRONMENT) do
    rows[i] = { "`" .. row[1]:gsub(", ", "`, `") .. "`", escape(row[2]) }
  end
  add_table(out, { "variable", "meaning" }, rows)
end

return M
