--- A part of a list that several machines work on: each item falls to one part. Every machine and
--- every version must name the same part, so the hash never changes:
---
---   CRC-32C(resource_type LF resource_id LF field LF target) modulo the number of parts
---
--- `field` is the name of the target's field. A read has no target: CRC-32C(resource_type LF
--- resource_id). The role is left out, so that two roles for one target meet in one part.

local core = require "elevenlabs.workspace.core"
local target_fields = require("elevenlabs.workspace.items.item").TARGETS

local M = {}

local MAX_PARTS = 100000

---@class elevenlabs.workspace.Part
---@field name string such as "3/16"
---@field number integer from 0
---@field count integer of parts
local Part = {}
Part.__index = Part

--- A part from its name.
---@param name string
---@param has_target boolean false: the items are reads
---@return elevenlabs.workspace.Part|nil
---@return string|nil wanted what the name must be
function M.read(name, has_target)
  local number, count = name:match "^(%d+)/(%d+)$"
  number, count = tonumber(number), tonumber(count)
  if not number then
    return nil, "K/N, such as 3/16: part 3 of 0 to 15"
  elseif count < 1 or count > MAX_PARTS then
    return nil, ("K/N with 1 to %d parts, such as 3/16"):format(MAX_PARTS)
  elseif number >= count then
    local wanted = "one of 0/%d to %d/%d: parts are counted from 0"
    return nil, wanted:format(count, count - 1, count)
  end
  return setmetatable({
    name = ("%d/%d"):format(number, count),
    number = number,
    count = count,
    has_target = has_target,
  }, Part)
end

--- The text that is hashed. nil if the item has no resource or no target: such an item is invalid.
local function key_of(item, has_target)
  local resource_type, id = rawget(item, "resource_type"), rawget(item, "resource_id")
  if type(resource_type) ~= "string" or type(id) ~= "string" then
    return nil
  elseif not has_target then
    return resource_type .. "\n" .. id
  end
  for _, field in ipairs(target_fields) do
    local target = rawget(item, field)
    if type(target) == "string" then
      return resource_type .. "\n" .. id .. "\n" .. field .. "\n" .. target
    end
  end
end

--- True if the item is of this part. What cannot be hashed is of part 0: then exactly one machine
--- reports it.
---@param item table|nil nil: what the source gave is no item
---@return boolean
function Part:has(item)
  local key = item and key_of(item, self.has_target)
  if not key then
    return self.number == 0
  end
  return core.crc32c(key) % self.count == self.number
end

return M
