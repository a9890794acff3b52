--- The records of a journal's file: a header, then what runs wrote.
---
--- A run begins with the header or with "resume". It finishes with "end", unless it was killed: then
--- an item may have been sent that has no record.

local cjson = require("elevenlabs.workspace.cjson").new()
local errors = require "elevenlabs.workspace.error"
local known_items = require "elevenlabs.workspace.bulk.known"

local M = {}

M.FORMAT = "elevenlabs-workspace journal 1"

local MAX_SHOWN = 200 -- bytes

--- The error of a journal that cannot be used.
---@param path string
---@param why string
---@return elevenlabs.workspace.Error
function M.unfit(path, why)
  return known_items.error_of { kind = "journal", message = ("journal %s %s"):format(path, why) }
end

--- A value of the file, fit for a message.
---@return string
function M.shown(value)
  return errors.one_line(tostring(value):sub(1, MAX_SHOWN))
end

--- "part 3/16", or "the whole list" for a journal whose run had no part.
---@return string
function M.part_of(part)
  return part == nil and "the whole list" or "part " .. M.shown(part)
end

--- Read the first record.
---@param file userdata of `core.open_journal` or `core.read_journal`
---@return table|nil header
---@return elevenlabs.workspace.Error|nil
function M.read_header(file, path)
  local text, failure = file:next()
  if not text then
    return nil, failure and known_items.error_of(failure) or M.unfit(path, "has no header")
  end
  local header = cjson.decode(text)
  if type(header) ~= "table" or header.format ~= M.FORMAT then
    return nil, M.unfit(path, "is not a journal of this program")
  end
  return header
end

--- True if the record, or an item of a list, has a resource and a target.
---@return boolean
function M.is_item(record)
  return type(record.resource_id) == "string"
    and type(record.resource_type) == "string"
    and known_items.key_of(record) ~= nil
end

--- What a record is; nil if this program did not write it.
---@return "end"|"resume"|"item"|nil
local function kind_of(record)
  if type(record) ~= "table" then
    return nil
  elseif record["end"] == true then
    return "end"
  elseif record.resume == true then
    return "resume"
  end
  return M.is_item(record) and "item" or nil
end

--- Read all records after the header.
---@param visit fun(kind: "end"|"resume"|"item", record: table, line: integer): true|nil, elevenlabs.workspace.Error|nil
--- a record of an item is an intent or a result. nil and an error end the reading
---@return true|nil, elevenlabs.workspace.Error|nil
function M.read(file, path, visit)
  local line = 1
  local text, failure = file:next()
  while text do
    line = line + 1
    local record = cjson.decode(text)
    local kind = kind_of(record)
    if not kind then
      return nil, M.unfit(path, ("has a line %d that this program did not write"):format(line))
    end
    local ok, err = visit(kind, record, line)
    if not ok then
      return nil, err
    end
    text, failure = file:next()
  end
  return not failure or nil, failure and known_items.error_of(failure)
end

return M
