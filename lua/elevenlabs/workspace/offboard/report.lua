--- The report of a case, written in three formats.

local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"

local M = {}

local FORMATS = { "html", "csv", "json" }

--- Write the text of a report into a file. -> whether all was written, and why not
local function fill(path, format, document)
  local file, why = io.open(path, "w")
  if not file then
    return nil, why
  end
  local writer = require("elevenlabs.workspace.offboard.report." .. format)
  writer.write(document, function(text)
    local ok, problem = file:write(text)
    why = why or (not ok and problem) or nil
  end)
  local closed, later = file:close()
  why = why or (not closed and later) or nil
  return not why, why
end

--- Write one file, whole or not at all.
local function write(path, format, document)
  local temporary = path .. ".new"
  os.remove(temporary) -- of a command that was killed
  local ok, failure = core.make_file(temporary)
  local why
  if ok then
    ok, why = fill(temporary, format, document)
  end
  if ok then
    ok, failure = core.rename(temporary, path)
  end
  if ok then
    return true
  end
  local message = why and ("%s cannot be written: %s"):format(path, why) or failure.message
  return nil, errors.not_sent { kind = "journal", field = "report", message = message }
end

--- Write report.html, report.csv and report.json.
---@param folder string
---@param document table of `document.make`
---@return table<string, string>|nil paths by format
---@return elevenlabs.workspace.Error|nil
function M.write(folder, document)
  local paths = {}
  for _, format in ipairs(FORMATS) do
    paths[format] = ("%s/report.%s"):format(folder, format)
    local ok, err = write(paths[format], format, document)
    if not ok then
      return nil, err
    end
  end
  return paths
end

return M
