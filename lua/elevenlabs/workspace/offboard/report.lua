--- The report of a case, written in three formats.

local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

local FORMATS = { "html", "csv", "json" }

--- Write the text of a report into a file. -> whether all was written, and why not
local function fill(path, format, document, engine)
  local file, why = io.open(path, "w")
  if not file then
    return nil, why
  end
  local writer = require("elevenlabs.workspace.offboard.report." .. format)
  local give_turn = turns.giver(engine)
  writer.write(document, function(text)
    local ok, problem = file:write(text)
    why = why or (not ok and problem) or nil
    give_turn()
  end)
  local closed, later = file:close()
  why = why or (not closed and later) or nil
  return not why, why
end

-- The temporary files that are being written. Two coroutines may report one case at once.
local taken = {}

--- A path beside this one that nobody else writes.
local function temporary_of(path)
  local temporary, number = path .. ".new", 1
  while taken[temporary] do
    number = number + 1
    temporary = ("%s.new%d"):format(path, number)
  end
  return temporary
end

--- Write one file, whole or not at all.
local function write(path, format, document, engine)
  local temporary = temporary_of(path)
  taken[temporary] = true
  os.remove(temporary) -- of a command that was killed
  local ok, failure = core.make_file(temporary)
  local why
  if ok then
    ok, why = fill(temporary, format, document, engine)
  end
  if ok then
    ok, failure = core.rename(temporary, path)
  end
  taken[temporary] = nil
  if ok then
    return true
  end
  local message = why and ("%s cannot be written: %s"):format(path, why) or failure.message
  return nil, errors.not_sent { kind = "journal", field = "report", message = message }
end

--- Write report.html, report.csv and report.json.
---@param folder string
---@param document table of `document.make`
---@param engine elevenlabs.workspace.Engine|nil gives the host its turns
---@return table<string, string>|nil paths by format
---@return elevenlabs.workspace.Error|nil
function M.write(folder, document, engine)
  local paths = {}
  for _, format in ipairs(FORMATS) do
    paths[format] = ("%s/report.%s"):format(folder, format)
    local ok, err = write(paths[format], format, document, engine)
    if not ok then
      return nil, err
    end
  end
  return paths
end

return M
