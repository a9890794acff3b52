--- Calls that the client ends itself: by cancel, deadline, close, a fork or an outage.

local budgets = require "elevenlabs.workspace.throttle.budget"
local finishes = require "elevenlabs.workspace.engine.finish"
local texts = require "elevenlabs.workspace.text"

local conclude, emit_done = finishes.conclude, finishes.emit_done
local finish_unsent = finishes.finish_unsent

local M = {}

local STOP_MESSAGES = {
  cancelled = "cancelled before it was sent",
  timeout = "deadline_ms (%s) passed before it was sent",
  closed = "the client was closed before it was sent",
  forked = "the process forked before it was sent: it is the parent's to send",
}

--- What a deadline ended names it.
local function stop_message(self, why)
  return STOP_MESSAGES[why]:format(self.deadline_ms and texts.number(self.deadline_ms))
end

--- End a call for a reason of ours. In flight, its attempt still completes, and an
--- answer that came first stands.
local function stop(self, call, why)
  if call.state == "flying" then
    call.stopped = call.stopped or why
    self.core:cancel(call.id)
  elseif call.state ~= "done" and call.state ~= "new" then
    local kind = why == "forked" and "cancelled" or why
    finish_unsent(self, call, { kind = kind, message = stop_message(self, why) })
    self.core:wake_at(0)
  end
end

--- End all calls that are to be sent, for the first time or again.
local function stop_waiting(self, why)
  local call = self.waiting:peek()
  while call do
    if call.state ~= "flying" then
      stop(self, call, why)
    end
    self.waiting:drop(call)
    call = self.waiting:peek()
  end
  call = self.resting:soonest()
  while call do
    if call.state ~= "flying" then
      stop(self, call, why)
    end
    self.resting:drop_soonest()
    call = self.resting:soonest()
  end
end

--- In the child of a fork: what was waiting is the parent's to send, and what was in
--- flight, which the core has ended, the parent's to send again.
function M.notice_fork(self)
  local _, _, forks = self.core:counts()
  if forks ~= self.forks then
    for _, call in pairs(self.flying) do
      call.is_parents = true
    end
    stop_waiting(self, "forked")
    self.forks = forks
  end
end

function M.stop_overdue(self)
  local call = self.deadlines:peek()
  while call and (call.state == "done" or call.deadline_ms <= self.now()) do
    stop(self, call, "timeout")
    self.deadlines:drop(call)
    call = self.deadlines:peek()
  end
end

local OUTAGE = ("no answer that settles anything for %d s"):format(budgets.OUTAGE_MS / 1000)

local function end_by_outage(self, call)
  if not call.policy.parks or (call.state ~= "waiting" and call.state ~= "resting") then
    return
  end
  call.policy.stopped = { reason = "outage", message = OUTAGE }
  if not call.verdict then
    finish_unsent(self, call, { kind = "network", message = OUTAGE })
  elseif conclude(self, call, call.verdict) then
    emit_done(self, call)
  end
end

--- Where nothing has succeeded for too long, end what waits for better times.
function M.give_up(self)
  local at = self.pace:gives_up_at()
  if not at or at > self.now() then
    return
  end
  for i = #self.resting, 1, -1 do
    if self.resting[i] then
      end_by_outage(self, self.resting[i])
    end
  end
  for i = self.waiting.first, self.waiting.last do
    if self.waiting[i] then
      end_by_outage(self, self.waiting[i])
    end
  end
  self.pace:reset_outage()
end

M.stop = stop
M.stop_waiting = stop_waiting

return M
