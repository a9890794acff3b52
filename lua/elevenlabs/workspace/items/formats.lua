--- Opens a file as the source of its format.

local content = require "elevenlabs.workspace.items.content"
local files = require "elevenlabs.workspace.items.file"

local M = {}

local FORMATS = {
  csv = require "elevenlabs.workspace.items.csv_file",
  jsonl = require "elevenlabs.workspace.items.jsonl_file",
}

--- nil tells the format by name and content. The rest is as for `items.from_csv`.
---@param format "csv"|"jsonl"|nil
local function open_as(format, path, fields)
  local file, err = files.open(path, fields)
  if not file then
    return nil, err
  end
  format = format or content.format(path, file.lines:peek())
  return files.begin(FORMATS[format], file)
end

function M.from_csv(path, fields)
  return open_as("csv", path, fields)
end

function M.from_jsonl(path, fields)
  return open_as("jsonl", path, fields)
end

function M.from_file(path, fields)
  return open_as(nil, path, fields)
end

return M
