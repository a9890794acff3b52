--- Arrays of a caller's: checked for holes, and read as items.

local errors = require "elevenlabs.workspace.error"
local names = require "elevenlabs.workspace.names"
local source = require "elevenlabs.workspace.items.source"

local M = {}

local Array = source.kind()

function Array:next()
  if self.number >= self.count then
    return nil
  end
  self.number = self.number + 1
  return source.entry(self.number, rawget(self.list, self.number))
end

function Array:place()
  return ("item %d"):format(self.number)
end

function Array:rewind()
  self.number = 0
  return true
end

function Array:close()
  self.number = self.count
end

local raw_length = rawget(_G, "rawlen") or function(list) -- 5.1's # is raw
  return #list
end

--- The length of an array; nil and the key of what would be left out by it: a hole ends it
--- where Lua finds one. table.pack's `n` is none.
local function measure(list)
  local count = raw_length(list)
  for key in next, list do
    local counted = type(key) == "number" and key >= 1 and key <= count and key % 1 == 0
    if not counted and key ~= "n" then
      return nil, key
    end
  end
  return count
end

--- How long an array of a caller's is, where it has no holes.
---@param name string of the argument
---@param list table
---@return integer|nil
---@return elevenlabs.workspace.Error|nil
function M.length(name, list)
  local count, key = measure(list)
  if count then
    return count
  end
  local what = "%s must be an array without holes, but has %s"
  local shown = ("a %s for a key"):format(type(key))
  if type(key) == "string" then
    shown = "a key " .. names.quotable(key)
  elseif type(key) == "number" then
    shown = "a key " .. key
  end
  return nil, errors.invalid(name, what:format(name, shown))
end

--- Its entries are passed on as they are: no copies.
---@param list table
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil
function M.source(list)
  local count, err = M.length("items", list)
  if not count then
    return nil, err
  end
  return setmetatable({ list = list, count = count, number = 0 }, Array)
end

return M
