--- Makes a source of what a caller gives to a bulk run: an array, an iterator or a source.

local arrays = require "elevenlabs.workspace.items.array"
local errors = require "elevenlabs.workspace.error"
local source = require "elevenlabs.workspace.items.source"

local M = {}

local Iterator = source.kind()

function Iterator:next()
  local value = self.iterate and self.iterate()
  if value == nil then
    self.iterate = nil -- some iterators fail if they are called again after the end
    return nil
  end
  self.number = self.number + 1
  return source.entry(self.number, value)
end

function Iterator:place()
  return ("item %d"):format(self.number)
end

function Iterator:close()
  self.iterate = nil
end

-- luacheck: push no max comment line length (an annotation cannot be broken)
--- What a bulk run takes: an array of items, a function that returns the next item and at the end
--- nil, or a source.
---@alias elevenlabs.workspace.Items elevenlabs.workspace.Item[]|elevenlabs.workspace.Source|fun(): elevenlabs.workspace.Item|nil
-- luacheck: pop

--- A source for one run. One that somebody has read is refused.
--- Raises for anything else, in the name of the caller's caller.
---@param value elevenlabs.workspace.Items
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil
function M.from(value)
  if source.is(value) then
    local ok, why = source.take(value)
    return ok and value, why and errors.invalid("items", why)
  elseif type(value) == "table" then
    return arrays.source(value)
  elseif type(value) == "function" then
    return setmetatable({ iterate = value, number = 0 }, Iterator)
  end
  error("a bulk run takes an array, an iterator or a source of items, got " .. type(value), 3)
end

return M
