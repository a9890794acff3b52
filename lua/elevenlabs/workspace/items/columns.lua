--- The columns of a CSV file: the fields that its header names, and a row's values for them.

local content = require "elevenlabs.workspace.items.content"
local core = require "elevenlabs.workspace.core"
local csv = require "elevenlabs.workspace.items.csv"
local item = require "elevenlabs.workspace.items.item"
local names = require "elevenlabs.workspace.names"

local M = {}

--- What a message about a wrong header ends with.
M.HELP = ("the known columns are %s; a column whose name begins with _ is ignored"):format(
  table.concat(item.FIELDS, ", ")
)

local NO_NAME = "the column has no name: does the header end with a comma?"
local DATA = "the first row looks like data: the first row must name the columns"

local MAX_NAME_LENGTH = 64 -- bytes: a longer name is no misspelt one

-- The names that other programs give to our fields.
local ALIASES = {
  id = "resource_id",
  resource = "resource_id",
  type = "resource_type",
  e_mail = "user_email",
  email_address = "user_email",
  mail = "user_email",
  member = "user_email",
  user = "user_email",
  group = "group_id",
  api_key = "workspace_api_key_id",
  api_key_id = "workspace_api_key_id",
  access = "role",
  permission = "role",
}

--- The field that a column's name probably means.
local function nearest(name)
  if #name > MAX_NAME_LENGTH then
    return nil
  end
  local plain = name:lower():gsub("[%s%-%.]+", "_"):gsub("^_+", ""):gsub("_+$", "")
  return item.is_field(plain) and plain or ALIASES[plain] or core.nearest(name, item.FIELDS)
end

local IS_TYPE = {}
for _, name in ipairs(core.RESOURCE_TYPES) do
  IS_TYPE[name] = true
end

--- True if the header looks like a row of values: no cell is a column's name or near one.
local function is_data(header)
  local is_value, is_near = false, false
  for _, cell in ipairs(header) do
    if item.is_field(cell) or item.is_note(cell) then
      return false
    end
    is_value = is_value or IS_TYPE[cell] or cell:find("@", 1, true) ~= nil
    is_near = is_near or nearest(cell) ~= nil
  end
  return is_value or not is_near
end

local function unknown(name)
  if not name:find "%S" then
    return NO_NAME
  end
  local near = nearest(name)
  local hint = near and (": did you mean %s?"):format(near) or ""
  return ('unknown column "%s"%s'):format(names.quotable(name), hint)
end

--- What is wrong with a header as a whole; nil if nothing is.
---@param header string[]
---@return string|nil
function M.misfit(header)
  local foreign = #header == 1 and content.foreign_separator(header[1])
  return foreign or is_data(header) and DATA or nil
end

--- The field of each column, false for a note; and everything that is wrong.
---@param header string[]
---@return (string|false)[] columns
---@return {name: string, column: integer, what: string}[] wrong
function M.name(header)
  local columns, wrong, seen = {}, {}, {}
  for i, name in ipairs(header) do
    local what = not item.is_field(name) and unknown(name)
      or seen[name] and "a second column " .. name
    if item.is_note(name) then
      columns[i] = false
    elseif what then
      wrong[#wrong + 1] = { name = name, column = i, what = what }
    else
      columns[i], seen[name] = name, true
    end
  end
  return columns, wrong
end

--- True if every cell is the name of a column: then two files were joined.
---@param cells string[]
---@return boolean
function M.is_header(cells)
  local has_field = false
  for i, cell in ipairs(cells) do
    local name = i == 1 and cell:gsub("^\239\187\191", "") or cell
    has_field = has_field or item.is_field(name)
    if not item.is_field(name) and not item.is_note(name) then
      return false
    end
  end
  return has_field
end

---@param cells string[]
---@return boolean
function M.is_blank(cells)
  for i = 1, #cells do
    if cells[i]:find "%S" then
      return false
    end
  end
  return true
end

local FLAGS = { ["true"] = true, ["false"] = false }

--- The fields of a row; nil and the field whose cell cannot be its value.
---@param columns (string|false)[]
---@param cells string[] one for each column
---@param may_be_protected boolean a cell may have the "'" of `csv.safe_row`
---@return elevenlabs.workspace.Item|nil
---@return string|nil field
function M.read(columns, cells, may_be_protected)
  local row = {}
  for i = 1, #columns do
    local name, value = columns[i], cells[i]
    if name and value ~= "" then
      if name == "allow_unknown_resource_type" then
        value = FLAGS[value:lower()]
        if value == nil then
          return nil, name
        end
      elseif may_be_protected then
        value = csv.bare(value)
      end
      row[name] = value
    end
  end
  return row
end

return M
