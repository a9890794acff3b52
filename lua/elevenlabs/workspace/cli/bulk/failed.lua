--- The list of items that were not confirmed, as a CSV file that `--from` reads.

local csv = require "elevenlabs.workspace.items.csv"
local item_fields = require("elevenlabs.workspace.items.item").FIELDS
local output = require "elevenlabs.workspace.cli.output"

local M = {}

local REASONS = { "outcome", "kind", "status", "code", "ambiguous", "message", "request_id" }

local function failed_header()
  local cells = { (unpack or table.unpack)(item_fields) }
  for _, name in ipairs(REASONS) do
    cells[#cells + 1] = "_" .. name
  end
  return csv.row(cells)
end

local function text_of(value)
  return type(value) == "string" and value or type(value) == "boolean" and tostring(value) or ""
end

local function failed_row(item, err)
  local cells = {}
  for _, name in ipairs(item_fields) do
    cells[#cells + 1] = text_of(item[name])
  end
  for _, name in ipairs(REASONS) do
    local value = err[name]
    cells[#cells + 1] = name == "status" and value and ("%d"):format(value) or text_of(value)
  end
  return csv.safe_row(cells)
end

--- Open the list. Its file stays as it is until `commit`.
---@param path string
---@return table|nil list
---@return string|nil why not
function M.open(path)
  local list, why = output.open_list(path)
  if list then
    list:write(failed_header())
  end
  return list, why
end

--- Add an item, with its error in columns that begin with _.
function M.write(list, item, err)
  list:write(failed_row(item, err))
end

return M
