--- Ids that wait to be dealt with, each with the name of its list. Thousands take little more memory
--- than their bytes. The order in which they come back is not that in which they came.

local M = {}

local PACKED = 256 -- ids in a text

---@class elevenlabs.workspace.offboard.Backlog
---@field count integer ids
local Backlog = {}
Backlog.__index = Backlog

---@return elevenlabs.workspace.offboard.Backlog
function M.new()
  return setmetatable({
    count = 0,
    names = {}, -- of all lists so far
    loose = {}, -- by name: the ids that came last
    packed = {}, -- names and texts in turns; a text is "2:id", one id after the other
    front = {}, -- the ids that come back next
    front_name = false,
  }, Backlog)
end

local function pack(ids)
  local parts = {}
  for i, id in ipairs(ids) do
    parts[i] = #id .. ":" .. id
  end
  return table.concat(parts)
end

local function unpack_ids(text)
  local ids, at = {}, 1
  while at <= #text do
    local length, first = text:match("^(%d+):()", at)
    at = first + tonumber(length)
    ids[#ids + 1] = text:sub(first, at - 1)
  end
  return ids
end

---@param name string of the list
---@param id string
function Backlog:push(name, id)
  if not self.loose[name] then
    self.loose[name] = {}
    self.names[#self.names + 1] = name
  end
  local ids = self.loose[name]
  ids[#ids + 1] = id
  self.count = self.count + 1
  if #ids == PACKED then
    self.packed[#self.packed + 1] = name
    self.packed[#self.packed + 1] = pack(ids)
    self.loose[name] = {}
  end
end

local function refill(self)
  local text = table.remove(self.packed)
  if text then
    self.front, self.front_name = unpack_ids(text), table.remove(self.packed)
    return
  end
  for _, name in ipairs(self.names) do
    if self.loose[name][1] then
      self.front, self.front_name, self.loose[name] = self.loose[name], name, {}
      return
    end
  end
end

--- Take an id out; nothing if there is none.
---@return string|nil name of its list
---@return string|nil id
function Backlog:pop()
  if not self.front[1] then
    refill(self)
  end
  local id = table.remove(self.front)
  if id then
    self.count = self.count - 1
    return self.front_name, id
  end
end

return M
