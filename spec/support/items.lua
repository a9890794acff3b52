--- Sources of items over a file that is there for each spec.

local assert = require "luassert"
local errors = require "elevenlabs.workspace.error"
local items = require "elevenlabs.workspace.items"
local process = require "spec.support.process"

local M = {}

local LUA = os.getenv "SPEC_LUA"

--- The path of the file; nil outside of a spec.
M.path = nil

--- For `before_each`.
function M.make_file()
  M.path = os.tmpname()
end

--- For `after_each`.
function M.remove_file()
  os.remove(M.path)
  M.path = nil
end

function M.write(text)
  local file = assert(io.open(M.path, "wb"))
  assert(file:write(text))
  file:close()
end

--- The source of a CSV file with this text.
function M.csv_of(text, fields)
  M.write(text)
  return items.from_csv(M.path, fields)
end

--- The source of a file of JSON lines with this text.
function M.jsonl_of(text, fields)
  M.write(text)
  return items.from_jsonl(M.path, fields)
end

--- All that a source gives: items, and the messages of problems with FILE for the path.
---@return table found, string[] fields of the problems
function M.read_all(source)
  local found, fields = {}, {}
  local given, problem
  repeat
    given, problem = source:next()
    if problem then
      local name = M.path and "^" .. M.path:gsub("%p", "%%%0") or "^$"
      found[#found + 1] = problem.message:gsub(name, "FILE")
      fields[#fields + 1] = problem.field
    else
      found[#found + 1] = given
    end
  until not given and not problem
  return found, fields
end

--- There is no source, because of this field.
function M.assert_invalid(field, message, source, err)
  assert.is_nil(source)
  assert.is_true(errors.is(err))
  assert.are.same({ "invalid_argument", "not_sent", field }, { err.kind, err.outcome, err.field })
  assert.matches(message, err.message, 1, true)
end

--- Runs a script that has `items` with a shell's command line around it, in which LUA is the
--- script and $3 the path of the file.
---@return string what the script printed
function M.shell(around, script)
  local code, out, err = process.run {
    "sh",
    "-ec",
    around:gsub("LUA", '"$1" -e "$2"'),
    "sh",
    LUA,
    'local items = require "elevenlabs.workspace.items"\n' .. script,
    M.path,
  }
  assert.are.same({ 0, "" }, { code, err })
  return out
end

--- An item that has an id alone.
function M.id(value)
  return { resource_id = value }
end

return M
