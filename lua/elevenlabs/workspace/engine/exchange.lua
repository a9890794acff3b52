--- Exchanges with the store of a limit that other clients share. An exchange may take long, so it is
--- made outside a step, and other steps go on meanwhile.

local errors = require "elevenlabs.workspace.error"
local events = require "elevenlabs.workspace.engine.events"
local sends = require "elevenlabs.workspace.engine.send"

local M = {}

-- An exchange that takes longer is given up: no lease lasts longer.
local MAX_MS = 3000

--- When an exchange is due; nil: not before a call comes or ends.
---@return number|nil ms
function M.due_at(self)
  local places = self.throttle.shared
  if not places or self.closed then
    return nil
  end
  local at = places:due_at(self.slots.count, sends.count_wanted(self))
  return at and math.max(at, self.exchanging_until_ms)
end

--- What people should know: the store has a problem, has none any more, or may lose its state.
---@return string|nil
---@return boolean has_problem
local function news(self, places, now)
  local problem = places:problem(now)
  local has_problem = problem ~= nil
  if has_problem ~= self.has_limit_problem then
    return problem or "the limit's store grants places again", has_problem
  end
  return not self.has_warned and places.warning or nil, has_problem
end

--- An exchange is over. Called in a step.
local function learn(self)
  if self.closed then
    return
  end
  local places, now = self.throttle.shared, self.now()
  self.throttle:exchanged(now)
  local text, has_problem = news(self, places, now)
  local is_told = text and self.outbox.on_event
  if is_told then
    local message = errors.one_line(self.mask(text))
    self.outbox:put(events.of_client("throttle", message, places:window()))
  end
  self.has_limit_problem = has_problem
  self.has_warned = self.has_warned or (text ~= nil and text == places.warning)
  if is_told then
    self.outbox:commit()
  end
end

--- The exchange itself, in a coroutine of the host's choice.
---@param change fun(self: elevenlabs.workspace.Engine, change: function) makes a step
local function talk(self, until_ms, change)
  if self.closed then
    return
  end
  self.throttle.shared:exchange(self.slots.count, sends.count_wanted(self))
  if self.exchanging_until_ms == until_ms then -- otherwise another exchange is under way by now
    self.exchanging_until_ms = 0
  end
  change(self, learn)
  self.core:wake_at(0) -- there may be places now
end

--- Make the exchange that is due. No step is under way.
---@param change fun(self: elevenlabs.workspace.Engine, change: function) makes a step
function M.run(self, change)
  local at, now = M.due_at(self), self.now()
  if not at or at > now then
    return
  end
  local until_ms = now + MAX_MS
  self.exchanging_until_ms = until_ms
  self.spawn(function()
    talk(self, until_ms, change)
  end)
end

--- The client is closed: give its places back.
function M.leave(self)
  local places = self.throttle.shared
  if places and places:due_at(0, 0) then
    self.spawn(function()
      places:exchange(0, 0)
    end)
  end
end

return M
