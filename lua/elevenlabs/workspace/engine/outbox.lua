--- Events that are made and not told yet. An event is put here before its change is made, because
--- `put` may raise. The event counts once the change is made. The user's function is called outside a
--- step, and may do anything. So each event leaves the outbox before the call.

local M = {}

---@class elevenlabs.workspace.Outbox
---@field on_event nil|fun(event: elevenlabs.workspace.Event)
---@field errors integer times that `on_event` raised
local Outbox = {}
Outbox.__index = Outbox

---@param on_event nil|fun(event: elevenlabs.workspace.Event)
---@return elevenlabs.workspace.Outbox
function M.new(on_event)
  return setmetatable({
    on_event = on_event,
    errors = 0,
    first = 1,
    last = 0,
    put_last = 0, -- the last event of the change that is being made
  }, Outbox)
end

--- Put the events of one change. The events of a change that failed are overwritten.
---@param ... elevenlabs.workspace.Event|nil
function Outbox:put(...)
  local place = self.last
  for i = 1, select("#", ...) do
    local event = select(i, ...)
    if event then
      place = place + 1
      self[place] = event
    end
  end
  self.put_last = place
end

--- The change is made, and its events count. Allocates nothing.
function Outbox:commit()
  self.last = self.put_last
end

---@return boolean
function Outbox:is_empty()
  return self.first > self.last
end

--- Tell of all events, in order. An error of `on_event` is counted, and changes no call.
function Outbox:deliver()
  while self.first <= self.last do
    local event = self[self.first]
    self[self.first], self.first = nil, self.first + 1
    if not pcall(self.on_event, event) then
      self.errors = self.errors + 1
    end
  end
end

return M
