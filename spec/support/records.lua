--- Records of a journal: their text, by a journal and by a fake of one.

local cjson = require "cjson"

local M = {}

local HEADER = '{"format":"elevenlabs-workspace journal 1","operation":"unshare"}'

--- Append an object of these fields to a journal, and read it back.
---@param ... table names, values, names, values ...
---@return string
function M.text(...)
  local core = require "elevenlabs.workspace.core" -- the simulation has none
  local path = os.tmpname()
  local journal = assert(core.open_journal(path, true))
  journal:next()
  assert(journal:append(HEADER))
  local ok, failure = journal:record(...)
  assert(ok, failure and failure.message)
  assert(journal:sync())
  journal:close()
  journal = assert(core.open_journal(path, false))
  journal:next()
  local text = journal:next()
  journal:close()
  os.remove(path)
  return text
end

--- The text of such an object, for a fake.
---@param names string[]
---@param values table
---@param ... table names, values ...
---@return string
function M.imitate(names, values, ...)
  local parts = {}
  for _, name in ipairs(names) do
    local value = values[name]
    local known = type(value) == "string" or type(value) == "number" or value == true
    parts[#parts + 1] = known and ('"%s":%s'):format(name, cjson.encode(value)) or nil
  end
  parts[#parts + 1] = ... and M.imitate(...):sub(2, -2) or nil
  return "{" .. table.concat(parts, ",") .. "}"
end

return M
