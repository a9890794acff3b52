--- The one function that changes a call's state, and all that is counted with the state.
---
--- A call is new, queued, in_flight, backing_off or done. Whatever may allocate comes before a
--- transition: an error then leaves the call in the state before, and counts nothing.

local lists = require "elevenlabs.workspace.engine.list"
local reserve = require "elevenlabs.workspace.engine.stack"

local DEPTH = 3 -- of the calls that change a state

local append, insert_by_due, remove = lists.append, lists.insert_by_due, lists.remove

local function leave(self, call, state)
  if state == "in_flight" then
    self.slots:release(call.slot)
    call.slot = false
  elseif state == "queued" then
    remove(self.queued, call)
  elseif state == "backing_off" then
    remove(self.backing_off, call)
    call.group.backing_off = call.group.backing_off - 1
  end
end

--- Into the free slot, which the core has got.
local function begin_attempt(self, call)
  local group, slot = call.group, self.slots.free
  self.slots:take(call)
  call.slot, call.attempts = slot, call.attempts + 1
  slot.attempts = call.attempts
  group.attempts = group.attempts + 1
end

local function back_off(self, call)
  local group = call.group
  insert_by_due(self.backing_off, call) -- by its `due_ms`
  group.backing_off, group.retries = group.backing_off + 1, group.retries + 1
  self.counts.retries = self.counts.retries + 1
  self.has_news = true -- a run may take another item meanwhile
end

--- The call's `ending` is set.
local function finish(self, call)
  local group, counts, outcome = call.group, self.counts, call.ending.outcome
  counts[outcome] = counts[outcome] + 1
  self.finished, group.finished = self.finished + 1, group.finished + 1
  if group.ended then
    append(group.ended, call)
  end
  self.has_news = true
end

---@param self elevenlabs.workspace.Engine
---@param call elevenlabs.workspace.Call
---@param state "queued"|"in_flight"|"backing_off"|"done"
return function(self, call, state)
  reserve(DEPTH)
  leave(self, call, call.state)
  call.state = state
  if state == "in_flight" then
    begin_attempt(self, call)
  elseif state == "done" then
    finish(self, call)
  elseif state == "backing_off" then
    back_off(self, call)
  else
    append(self.queued, call)
    call.group.started = call.group.started + 1
    self.counts.calls = self.counts.calls + 1
    call.number = self.counts.calls
  end
end
