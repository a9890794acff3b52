--- The one function that changes a call's state, and all that is counted with the state.
---
--- A call is new, queued, in_flight, backing_off or done. Whatever may allocate comes before a
--- transition: an error then leaves the call in the state before, and counts nothing. To call a
--- function may need memory for the stack, so a transition calls none.

local CONFIRMED = require("elevenlabs.workspace.engine.group").CONFIRMED

--- Before: for in_flight, the core has got the free slot; for done, the call's `ending` is set.
---@param self elevenlabs.workspace.Engine
---@param call elevenlabs.workspace.Call
---@param state "queued"|"in_flight"|"backing_off"|"done"
---@param after elevenlabs.workspace.Call|false|nil for backing_off: the call before it in that list
return function(self, call, state, after)
  local group, slots, counts, before = call.group, self.slots, self.counts, call.state

  if before == "in_flight" then
    local slot = call.slot
    slot.call, slot.next_free, call.slot = false, slots.free, false
    slots.free, slots.count = slot, slots.count - 1
  elseif before ~= "new" then
    local list, previous, following = self[before], call.previous, call.next
    if previous then
      previous.next = following
    else
      list.first = following
    end
    if following then
      following.previous = previous
    else
      list.last = previous
    end
    if before == "backing_off" then
      group.backing_off = group.backing_off - 1
    end
  end

  local list
  call.state = state
  if state == "in_flight" then
    local slot, attempts = slots.free, call.attempts + 1
    slots.free, slots.count, slot.call = slot.next_free, slots.count + 1, call
    call.slot, call.attempts, slot.attempts = slot, attempts, attempts
    group.attempts = group.attempts + 1
    return
  elseif state == "done" then
    local ending = call.ending
    local outcome = ending.outcome
    counts[outcome] = counts[outcome] + 1
    self.finished, group.finished = self.finished + 1, group.finished + 1
    self.has_news = true
    if ending == CONFIRMED then
      group.counted = group.counted + 1
      return
    elseif not group.ended then
      return
    end
    list = group.ended
    after = list.last
  elseif state == "queued" then
    local number = counts.calls + 1
    group.started, counts.calls, call.number = group.started + 1, number, number
    list = self.queued
    after = list.last
  else
    list = self.backing_off
    group.backing_off, group.retries = group.backing_off + 1, group.retries + 1
    counts.retries = counts.retries + 1
    self.has_news = true -- a run may take another item meanwhile
  end

  local following = list.first
  if after then
    following = after.next
    after.next = call
  else
    list.first = call
  end
  if following then
    following.previous = call
  else
    list.last = call
  end
  call.previous, call.next = after, following
end
