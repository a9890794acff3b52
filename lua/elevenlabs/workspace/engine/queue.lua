--- Two queues: first in, first out, and by time. To add a value may raise if memory is short.

local M = {}

--- First in, first out.
---@class elevenlabs.workspace.Fifo
---@field first integer the index of the front
---@field last integer the index of the back; less than `first` if it is empty
local Fifo = {}
Fifo.__index = Fifo

---@return elevenlabs.workspace.Fifo
function M.new_fifo()
  return setmetatable({ first = 1, last = 0 }, Fifo)
end

function Fifo:push(value)
  self[self.last + 1] = value
  self.last = self.last + 1
end

---@return integer
function Fifo:count()
  return self.last - self.first + 1
end

function Fifo:peek()
  return self[self.first]
end

--- Remove `value` from the front if it is there. A function of the user's, which ran after `peek`,
--- may have removed it by a step.
function Fifo:drop(value)
  if self[self.first] == value then
    self[self.first] = nil
    self.first = self.first + 1
  end
end

--- Values with a field `due_ms`, the soonest last. It holds a value once.
---@class elevenlabs.workspace.DelayQueue
local DelayQueue = {}
DelayQueue.__index = DelayQueue

---@return elevenlabs.workspace.DelayQueue
function M.new_delay_queue()
  return setmetatable({}, DelayQueue)
end

local function remove(delay_queue, value)
  for i = #delay_queue, 1, -1 do
    if delay_queue[i] == value then
      table.remove(delay_queue, i)
      return
    end
  end
end

--- Add `value`, or move it, behind the values of the same time. The time is set first, because that
--- may raise: a value in the queue must have a time.
function DelayQueue:put(value, due_ms)
  value.due_ms = due_ms
  remove(self, value)
  local place = 1
  for i = #self, 1, -1 do
    if self[i].due_ms > due_ms then
      place = i + 1
      break
    end
  end
  table.insert(self, place, value)
end

function DelayQueue:soonest()
  return self[#self]
end

function DelayQueue:drop_soonest()
  self[#self] = nil
end

return M
