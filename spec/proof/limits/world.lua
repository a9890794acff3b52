--- A simulated world: virtual time in ms, events in their order, random numbers of a seed, and what
--- was found wrong.

local randoms = require "spec.proof.sim.random"

local M = {}

---@class spec.proof.limits.World
local World = {}
World.__index = World

---@param seed integer
---@param logs boolean|nil
function M.new(seed, logs)
  return setmetatable({
    now = 0,
    random = randoms.new(seed),
    heap = {},
    count = 0,
    failures = {},
    log = logs and {} or nil,
  }, World)
end

local function is_before(a, b)
  return a.at < b.at or (a.at == b.at and a.number < b.number)
end

--- Run `act` at a time.
function World:at(time, act)
  self.count = self.count + 1
  local heap, i = self.heap, #self.heap + 1
  local event = { at = math.max(time, self.now), number = self.count, act = act }
  while i > 1 and is_before(event, heap[math.floor(i / 2)]) do
    heap[i] = heap[math.floor(i / 2)]
    i = math.floor(i / 2)
  end
  heap[i] = event
end

function World:after(ms, act)
  self:at(self.now + ms, act)
end

local function pop(heap)
  local first, last = heap[1], table.remove(heap)
  local i, size = 1, #heap
  if size == 0 then
    return first
  end
  while 2 * i <= size do
    local child = 2 * i
    if child < size and is_before(heap[child + 1], heap[child]) then
      child = child + 1
    end
    if not is_before(heap[child], last) then
      break
    end
    heap[i] = heap[child]
    i = child
  end
  heap[i] = last
  return first
end

--- Let time pass.
function World:run_until(time)
  while self.heap[1] and self.heap[1].at <= time do
    local event = pop(self.heap)
    self.now = event.at
    event.act()
  end
  self.now = time
end

function World:note(format, ...)
  if self.log then
    table.insert(self.log, ("%10.1f  "):format(self.now) .. format:format(...))
  end
end

---@param kind "over_limit"|"lost"|"starved"|"broken"
function World:fail(kind, format, ...)
  local text = format:format(...)
  self:note("%s: %s", kind, text)
  table.insert(self.failures, { kind = kind, text = ("at %.1f: "):format(self.now) .. text })
end

return M
