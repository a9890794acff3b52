--- A file of records, one JSON object a line, each with a checksum: a plan or the log of a case. An
--- open file is locked.

local cjson = require("elevenlabs.workspace.cjson").new()
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local json = require "elevenlabs.workspace.json"
local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

---@class elevenlabs.workspace.offboard.RecordFile
local File = {}
File.__index = File

local function error_of(failure)
  return errors.new {
    kind = failure.kind,
    outcome = "not_sent",
    field = "folder",
    message = failure.message,
    retryable = failure.retryable,
  }
end

--- Open a file, or make one.
---@param path string
---@param kind "plan"|"case"|"journal"
---@param create boolean
---@return elevenlabs.workspace.offboard.RecordFile|nil nil alone: there is no such file
---@return elevenlabs.workspace.Error|nil
function M.open(path, kind, create)
  local file, failure = core.open_journal(path, create, kind)
  if failure then
    return nil, error_of(failure)
  end
  return file and setmetatable({ file = file, kind = kind, path = path }, File)
end

--- Give every record that is left to a function. A line that a crash cut off at the end of the file
--- does not count.
---@param take fun(record: table)
---@param engine elevenlabs.workspace.Engine|nil gives the host its turns
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function File:each(take, engine)
  local give_turn = turns.giver(engine)
  local text, failure = self.file:next()
  while text do
    local record = cjson.decode(text)
    if type(record) ~= "table" then
      local message = ("%s %s has a line that is no JSON object"):format(self.kind, self.path)
      return nil, error_of { kind = "journal", message = errors.one_line(message) }
    end
    take(record)
    give_turn()
    text, failure = self.file:next()
  end
  return not failure or nil, failure and error_of(failure)
end

--- Write the first record of a file that has none.
---@param fields table
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function File:begin(fields)
  local text = json.encode(fields)
  local format = ('{"format":"elevenlabs-workspace %s 1",'):format(self.kind)
  self.file:next() -- a crash may have left part of a header
  local ok, failure = self.file:append(format .. text:sub(2))
  return ok, failure and error_of(failure)
end

--- Append a record. The record is on the disk after the next `sync`.
---@param record table
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function File:append(record)
  local ok, failure = self.file:append(json.encode(record))
  return ok, failure and error_of(failure)
end

---@return true|nil
---@return elevenlabs.workspace.Error|nil
function File:sync()
  local ok, failure = self.file:sync()
  return ok, failure and error_of(failure)
end

--- Drop what was not synced, and unlock the file.
function File:close()
  self.file:close()
end

return M
