--- When the next step is due if no socket announces one: timers, deadlines, calls to be sent and
--- exchanges with a limit's store.

local completes = require "elevenlabs.workspace.engine.complete"
local exchanges = require "elevenlabs.workspace.engine.exchange"

local M = {}

local EITHER = { false, true }

local function earlier(a, b)
  return a and b and math.min(a, b) or a or b
end

--- When the first of these calls is due. The throttle may hold it back for longer. A stopped run ends
--- its calls itself.
---@param waits_out_outages boolean of the call's group
local function soonest_due(call, waits_out_outages)
  while call do
    if call.group.waits_out_outages == waits_out_outages and not call.group.stopped then
      return call.due_ms
    end
    call = call.next
  end
end

--- When a call may be sent though nothing ends before.
local function next_send_ms(self, now)
  local at
  local at_pauses_end = math.max(now, self.throttle:paused_until())
  if self.slots.count >= self.throttle:places(at_pauses_end) then
    return nil -- many calls may be queued then: look at none
  elseif self.asking_until_ms > now then
    return self.asking_until_ms
  end
  for _, waits_out_outages in ipairs(EITHER) do
    local due = earlier(
      soonest_due(self.queued.first, waits_out_outages),
      soonest_due(self.backing_off.first, waits_out_outages)
    )
    local allowed = self.throttle:allows_at(waits_out_outages, now)
    at = earlier(at, due and allowed and math.max(due, allowed))
  end
  return at
end

--- True if a step has something to do at once: there is news, or an error or a function of the
--- user's that does not return left something behind.
local function is_due_now(self)
  return self.has_news
    or self.waiters.owed
    or self.finished > self.reported
    or completes.is_behind(self)
    or self.inbox:peek() ~= nil
    or not self.outbox:is_empty()
end

--- The time of the next step that no socket will announce.
function M.next_wake_ms(self)
  if is_due_now(self) then
    return 0
  end
  local soonest = self.deadlines.first
  local at = soonest and soonest.due_ms or nil
  if self.queued.first or self.backing_off.first then
    at = earlier(earlier(at, next_send_ms(self, self.now())), self.throttle:gives_up_at())
  end
  for _, timer in next, self.timers do
    at = earlier(at, timer)
  end
  return earlier(at, exchanges.due_at(self))
end

--- Remove the timers that have passed. Whoever waits for one looks then.
function M.ring(self)
  local now
  for owner, at_ms in next, self.timers do
    now = now or self.now()
    if at_ms <= now then
      self.timers[owner], self.has_news = nil, true
    end
  end
end

return M
