--- The one function that changes a call's state, and all that is counted with the state.
---
--- A call is new, queued, in_flight, backing_off or done. Whatever may allocate comes before a
--- transition: an error then leaves the call in the state before, and counts nothing.

local CONFIRMED = require("elevenlabs.workspace.engine.group").CONFIRMED
local lists = require "elevenlabs.workspace.engine.list"
local slots = require "elevenlabs.workspace.engine.slots"

local append, insert_by_due, remove = lists.append, lists.insert_by_due, lists.remove
local release, take = slots.release, slots.take

local function leave(self, call, group, state)
  if state == "queued" then
    remove(self.queued, call)
  elseif state == "in_flight" then
    release(self.slots, call.slot)
    call.slot = false
  elseif state == "backing_off" then
    remove(self.backing_off, call)
    group.backing_off = group.backing_off - 1
  end
end

--- Into the free slot, which the core has got.
local function begin_attempt(self, call, group)
  local slot, attempts = take(self.slots, call), call.attempts + 1
  call.slot, call.attempts, slot.attempts = slot, attempts, attempts
  group.attempts = group.attempts + 1
end

--- By its `due_ms`.
local function back_off(self, call, group)
  insert_by_due(self.backing_off, call)
  group.backing_off, group.retries = group.backing_off + 1, group.retries + 1
  self.counts.retries = self.counts.retries + 1
  self.has_news = true -- a run may take another item meanwhile
end

--- The call's `ending` is set.
local function finish(self, call, group)
  local counts, ending = self.counts, call.ending
  local outcome = ending.outcome
  counts[outcome] = counts[outcome] + 1
  self.finished, group.finished = self.finished + 1, group.finished + 1
  if ending == CONFIRMED then
    group.counted = group.counted + 1
  elseif group.ended then
    append(group.ended, call)
  end
  self.has_news = true
end

local function queue(self, call, group)
  local counts = self.counts
  local number = counts.calls + 1
  append(self.queued, call)
  group.started = group.started + 1
  call.number, counts.calls = number, number
end

---@param self elevenlabs.workspace.Engine
---@param call elevenlabs.workspace.Call
---@param state "queued"|"in_flight"|"backing_off"|"done"
return function(self, call, state)
  local group = call.group
  leave(self, call, group, call.state)
  call.state = state
  if state == "in_flight" then
    begin_attempt(self, call, group)
  elseif state == "done" then
    finish(self, call, group)
  elseif state == "queued" then
    queue(self, call, group)
  else
    back_off(self, call, group)
  end
end
