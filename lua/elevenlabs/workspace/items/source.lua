--- What a bulk run reads from, item by item.

-- luacheck: no unused args (what a source can do, and this does not)

local M = {}

--- Why a row, a line or an entry is no item.
---@class elevenlabs.workspace.ItemProblem
---@field message string one line that names the place
---@field field string|nil

--- A stream of items: one of a file keeps one row in memory.
---@class elevenlabs.workspace.Source
---@field count integer|nil items in all, where that is known without reading
---@field is_file boolean|nil somebody wrote it by hand, perhaps: a run checks it first
---@field is_taken boolean|nil a run has it
local Source = { __name = "elevenlabs.workspace.source" }

--- The next item. nil alone is the end; nil and a problem is something that can be no item:
--- reading may go on.
---@return elevenlabs.workspace.Item|nil
---@return elevenlabs.workspace.ItemProblem|nil
function Source:next()
  return nil
end

--- Where that which `next` gave last is from, as people count: "leavers.csv, line 17,
--- column 3 (resource_type)". nil where the source has no places.
---@param field string|nil
---@return string|nil
function Source:place(field)
  return nil
end

--- Back to the first item. false where that cannot be: a pipe or an iterator.
---@return boolean
function Source:rewind()
  return false
end

--- Would `next` give something at once? A pipe that an event loop reads may have nothing yet.
---@return boolean
function Source:is_ready()
  return true
end

--- A field that no item of this source gets, whatever its rows say. Sources that people did not
--- write pass everything on.
---@param field string
function Source:ignore(field) end

--- The fields that were ignored and that a row had so far; nil for none.
---@return string[]|nil
function Source:ignored()
  return nil
end

--- Let go of what is open. Idempotent; from then on `next` gives nothing.
function Source:close() end

--- A kind of source, to define its own methods on: of all, or of another kind.
---@param parent table|nil
---@return table
function M.kind(parent)
  local kind = {}
  for name, value in pairs(parent or Source) do
    kind[name] = value
  end
  kind.__index = kind
  return kind
end

--- An entry of the caller's own making, passed on as it is; nil and a problem where it is none.
---@param number integer from 1
---@return elevenlabs.workspace.Item|nil
---@return elevenlabs.workspace.ItemProblem|nil
function M.entry(number, value)
  if type(value) == "table" then
    return value
  end
  local what = value == nil and "nil" or "a " .. type(value)
  return nil, { message = ("item %d is %s, not a table"):format(number, what) }
end

--- What is wrong with the source's last item, with its place.
---@return string
function M.at_place(source, err)
  local place = source:place(err.field)
  return (place and place .. ": " or "") .. err.message
end

---@return boolean
function M.is(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__name") == Source.__name
end

return M
