--- Ends calls for a reason of the client's own: cancel, deadline, close, a fork or an outage.

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

local function stop_message(self, why)
  return STOP_MESSAGES[why]:format(self.deadline_ms and texts.number(self.deadline_ms))
end

--- End a call because of `why`. An attempt in flight still completes. An answer that came before
--- the cancel counts.
---@param why "cancelled"|"timeout"|"closed"|"forked"
local function stop(self, call, why)
  if call.state == "in_flight" then
    call.stopped = call.stopped or why
    self.core:cancel(call.slot)
  elseif call.state ~= "done" and call.state ~= "new" then
    local kind = why == "forked" and "cancelled" or why
    finish_unsent(self, call, { kind = kind, message = stop_message(self, why) })
    self.core:wake_at(0)
  end
end

--- End all calls that are queued or back off. Each leaves its queue after its end, so that an error
--- loses none.
local function stop_unsent(self, why)
  local call = self.queued:peek()
  while call do
    if call.state ~= "in_flight" then
      stop(self, call, why)
    end
    self.queued:drop(call)
    call = self.queued:peek()
  end
  call = self.backing_off:soonest()
  while call do
    if call.state ~= "in_flight" then
      stop(self, call, why)
    end
    self.backing_off:drop_soonest()
    call = self.backing_off:soonest()
  end
end

--- In the child of a fork, end all calls: the parent sends those that are queued or back off. The
--- core has ended those in flight, and the parent alone may send them again.
function M.notice_fork(self)
  local _, _, forks = self.core:counts()
  if forks ~= self.forks then
    for _, call in pairs(self.in_flight) do
      call.is_parents = true
    end
    stop_unsent(self, "forked")
    self.forks = forks
  end
end

--- End single calls whose deadline has passed. They have one length of deadline, so the oldest call
--- is due first.
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
  local is_unsent = call.state == "queued" or call.state == "backing_off"
  if not (call.group.waits_out_outages and is_unsent) then
    return
  end
  call.group.stopped = { reason = "outage", message = OUTAGE }
  if not call.verdict then
    finish_unsent(self, call, { kind = "network", message = OUTAGE })
  elseif conclude(self, call, call.verdict) then
    emit_done(self, call)
  end
end

--- If the outage has lasted too long, end the calls that wait it out.
function M.give_up(self)
  local at = self.throttle:gives_up_at()
  if not at or at > self.now() then
    return
  end
  for i = #self.backing_off, 1, -1 do
    if self.backing_off[i] then
      end_by_outage(self, self.backing_off[i])
    end
  end
  for i = self.queued.first, self.queued.last do
    if self.queued[i] then
      end_by_outage(self, self.queued[i])
    end
  end
  self.throttle:reset_outage()
end

M.stop = stop
M.stop_unsent = stop_unsent

return M
