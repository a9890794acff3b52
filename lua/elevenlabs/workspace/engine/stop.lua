--- Ends calls for a reason of the client's own: cancel, deadline, close, a fork or an outage.

local budgets = require "elevenlabs.workspace.throttle.budget"
local deadlines = require "elevenlabs.workspace.engine.deadline"
local finishes = require "elevenlabs.workspace.engine.finish"

local conclude, finish_unsent = finishes.conclude, finishes.finish_unsent

local M = {}

local STOP_MESSAGES = {
  cancelled = "cancelled before it was sent",
  timeout = "%s passed before it was sent",
  closed = "the client was closed before it was sent",
  forked = "the process forked before it was sent: it is the parent's to send",
}

local function stop_message(self, call, why)
  local held_by = why == "timeout" and self.throttle:why(self.now())
  return STOP_MESSAGES[why]:format(call.deadline and deadlines.describe(call.deadline))
    .. (held_by and ": " .. held_by or "")
end

--- End a call because of `why`. An attempt in flight still completes. An answer that came before
--- the cancel counts.
---@param why "cancelled"|"timeout"|"closed"|"forked"
local function stop(self, call, why)
  if call.state == "in_flight" then
    call.stopped = call.stopped or why
    self.core:cancel(call.slot.number)
  elseif call.state ~= "done" and call.state ~= "new" then -- new: an error kept it from its queue
    local kind = why == "forked" and "cancelled" or why
    finish_unsent(self, call, { kind = kind, message = stop_message(self, call, why) }, self.mask)
  end
end

local function stop_list(self, list, why, group)
  local call = list.first
  while call do
    local following = call.next
    if not group or call.group == group then
      stop(self, call, why)
    end
    call = following
  end
end

--- End calls that are queued or back off.
---@param group elevenlabs.workspace.CallGroup|nil of this group alone
function M.stop_unsent(self, why, group)
  stop_list(self, self.queued, why, group)
  stop_list(self, self.backing_off, why, group)
end

--- End all calls of a group.
---@param group elevenlabs.workspace.CallGroup
function M.stop_group(self, why, group)
  M.stop_unsent(self, why, group)
  for _, slot in ipairs(self.slots) do
    if slot.call and slot.call.group == group then
      stop(self, slot.call, why)
    end
  end
end

--- In the child of a fork, end all calls: the parent sends those that are queued or back off. The
--- core has ended those in flight, and the parent alone may send them again.
function M.notice_fork(self)
  local _, _, forks = self.core:counts()
  if forks ~= self.forks then
    for _, slot in ipairs(self.slots) do
      if slot.call then
        slot.call.is_parents = true
      end
    end
    M.stop_unsent(self, "forked")
    self.throttle:forked()
    self.exchanging_until_ms = 0
    self.forks = forks
  end
end

--- End single calls whose deadline has passed.
function M.stop_overdue(self)
  local deadline = self.deadlines.first
  while deadline and deadline.due_ms <= self.now() do
    stop(self, deadline.call, "timeout")
    deadlines.drop(self.deadlines, deadline)
    deadline = self.deadlines.first
  end
end

local OUTAGE = ("no answer that settles anything for %d s"):format(budgets.OUTAGE_MS / 1000)

local function end_by_outage(self, call)
  while call do
    local following = call.next
    if call.group.waits_out_outages then
      call.group.stopped = call.group.stopped or { reason = "outage", message = OUTAGE }
      if call.verdict then
        conclude(self, call, call.verdict)
      else
        finish_unsent(self, call, { kind = "network", message = OUTAGE }, self.mask)
      end
    end
    call = following
  end
end

--- If the outage has lasted too long, end the calls that wait it out.
function M.give_up(self)
  local at = self.throttle:gives_up_at()
  if not at or at > self.now() then
    return
  end
  end_by_outage(self, self.backing_off.first)
  end_by_outage(self, self.queued.first)
  self.throttle:reset_outage()
end

M.stop = stop

return M
