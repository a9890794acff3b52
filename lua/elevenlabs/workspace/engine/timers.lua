--- When the next step is due if no socket announces one: timers, deadlines and calls to be sent.

local sends = require "elevenlabs.workspace.engine.send"

local has_left_queue = sends.has_left_queue

local M = {}

local function earlier(a, b)
  return a and b and math.min(a, b) or a or b
end

--- True if the call is queued or backs off, and its group is not stopped: a stopped run ends its
--- calls itself. A call that is "starting" will be sent by the step that asks for its key.
---@param waits_out_outages boolean of the call's group
local function is_to_send(call, waits_out_outages)
  return call.group.waits_out_outages == waits_out_outages
    and not has_left_queue(call)
    and call.state ~= "starting"
    and not call.group.stopped
end

--- When the first of these calls is due. 0: now. The throttle may hold it back for longer.
local function soonest_due(self, waits_out_outages)
  for i = self.queued.first, self.queued.last do
    local call = self.queued[i] -- one that backs off was sent from this queue, which still holds it
    if call and call.state ~= "backing_off" and is_to_send(call, waits_out_outages) then
      return 0
    end
  end
  for i = #self.backing_off, 1, -1 do
    if is_to_send(self.backing_off[i], waits_out_outages) then
      return self.backing_off[i].due_ms
    end
  end
end

--- When a call may be sent though nothing ends before.
local function next_send_ms(self, now)
  local at
  if self.in_flight_count >= self.throttle:window() then
    return nil -- many calls may be queued then: look at none
  end
  for _, waits_out_outages in ipairs { false, true } do
    local due = soonest_due(self, waits_out_outages)
    local allowed = self.throttle:allows_at(waits_out_outages, now)
    at = earlier(at, due and allowed and math.max(due, allowed))
  end
  return at
end

--- The time of the next step that no socket will announce.
local function next_wake_ms(self)
  if self.woken or self.rang or self.turns.unheeded > 0 then
    return 0
  end
  local now, oldest = self.now(), self.deadlines:peek()
  local at = oldest and oldest.deadline_ms
  if self.queued:peek() or self.backing_off:soonest() then
    at = earlier(earlier(at, next_send_ms(self, now)), self.throttle:gives_up_at())
  end
  for _, timer in next, self.timers do
    at = earlier(at, timer)
  end
  return at
end

--- At a step's end, remove the timers that have passed. Their owners look when the host resumes
--- them; some were resumed before this step, so the host steps once more.
function M.ring(self)
  local now = self.now()
  self.rang, self.woken = self.woken, false
  for owner, at_ms in next, self.timers do
    if at_ms <= now then
      self.timers[owner], self.rang = nil, true
    end
  end
  if self.rang then
    self.turns:announce()
  end
end

M.next_wake_ms = next_wake_ms

return M
