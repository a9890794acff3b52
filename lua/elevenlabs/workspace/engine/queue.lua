--- A queue: first in, first out. To add a value may raise if memory is short.

local M = {}

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

--- Remove the front.
function Fifo:drop()
  if self.first <= self.last then
    self[self.first] = nil
    self.first = self.first + 1
  end
end

return M
