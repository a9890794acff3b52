--- A caller's array as a source of items, checked for holes.

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

--- The length of an array. nil and a key if an entry would be left out: Lua may end an array at any
--- hole. `n` of table.pack is no such key.
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

--- The length of a caller's array; nil and an error if the array has holes.
---@param name string the argument's
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

--- Gives the entries themselves, without copies.
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
