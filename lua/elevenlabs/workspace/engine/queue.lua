--- Two ways to wait: in a row, and until a time. Both free what they have passed. Any line
--- that grows a table may raise where memory is short; nothing is lost or counted then.

local M = {}

--- First in, first out.
---@class elevenlabs.workspace.Row
---@field first integer
---@field last integer
local Row = {}
Row.__index = Row

---@return elevenlabs.workspace.Row
function M.new_row()
  return setmetatable({ first = 1, last = 0 }, Row)
end

function Row:push(value)
  self[self.last + 1] = value
  self.last = self.last + 1
end

function Row:peek()
  return self[self.first]
end

--- Take `value` from the front, where it still stands: what was done with it may have
--- run a function of the user's, and that may have taken it.
function Row:drop(value)
  if self[self.first] == value then
    self[self.first] = nil
    self.first = self.first + 1
  end
end

--- Values with a field `due_ms`, the soonest last. A value stands here once.
---@class elevenlabs.workspace.Agenda
local Agenda = {}
Agenda.__index = Agenda

---@return elevenlabs.workspace.Agenda
function M.new_agenda()
  return setmetatable({}, Agenda)
end

local function remove(agenda, value)
  for i = #agenda, 1, -1 do
    if agenda[i] == value then
      table.remove(agenda, i)
      return
    end
  end
end

--- Put `value` where its time belongs, behind those of the same time.
function Agenda:put(value, due_ms)
  remove(self, value)
  local place = 1
  for i = #self, 1, -1 do
    if self[i].due_ms > due_ms then
      place = i + 1
      break
    end
  end
  table.insert(self, place, value)
  value.due_ms = due_ms
end

function Agenda:soonest()
  return self[#self]
end

function Agenda:drop_soonest()
  self[#self] = nil
end

return M
