--- When the next step is due.

local sends = require "elevenlabs.workspace.engine.send"

local has_left = sends.has_left

local M = {}

local function earlier(a, b)
  return a and b and math.min(a, b) or a or b
end

--- Is it one to be sent, and of this kind? What a stopped run left is its own to end, and
--- one whose key function is still at work is sent after that.
local function is_to_send(call, parks)
  return call.policy.parks == parks
    and not has_left(call)
    and call.state ~= "starting"
    and not call.policy.stopped
end

--- When the soonest of those that wait may be sent, as far as they are concerned.
local function soonest_due(self, parks)
  for i = self.waiting.first, self.waiting.last do
    local call = self.waiting[i] -- one that rests was in the row before
    if call and call.state ~= "resting" and is_to_send(call, parks) then
      return 0
    end
  end
  for i = #self.resting, 1, -1 do
    if is_to_send(self.resting[i], parks) then
      return self.resting[i].due_ms
    end
  end
end

--- When time alone lets something be sent.
local function next_send_ms(self, now)
  local at
  if self.flying_count >= self.pace:window() then
    return nil -- and no look at the many that may wait then
  end
  for _, parks in ipairs { false, true } do
    local due, opens = soonest_due(self, parks), self.pace:allows_at(parks, now)
    at = earlier(at, due and opens and math.max(due, opens))
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
  if self.waiting:peek() or self.resting:soonest() then
    at = earlier(earlier(at, next_send_ms(self, now)), self.pace:gives_up_at())
  end
  for _, alarm in next, self.alarms do
    at = earlier(at, alarm)
  end
  return at
end

--- At a step's end: let go of alarms that have passed. Their owners look when they are
--- resumed, and some may have been before this step.
function M.ring(self)
  local now = self.now()
  self.rang, self.woken = self.woken, false
  for owner, alarm in next, self.alarms do
    if alarm <= now then
      self.alarms[owner], self.rang = nil, true
    end
  end
  if self.rang then
    self.turns:announce()
  end
end

M.next_wake_ms = next_wake_ms

return M
