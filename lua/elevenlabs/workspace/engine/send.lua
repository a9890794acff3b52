--- Begins attempts: the calls that are due and have a place are handed to the core.

local events = require "elevenlabs.workspace.engine.events"
local finish_unsent = require("elevenlabs.workspace.engine.finish").finish_unsent
local operations = require "elevenlabs.workspace.operations"
local transition = require "elevenlabs.workspace.engine.transition"

local M = {}

--- Between the core's answer and the transition nothing allocates: an attempt is in flight for both,
--- or for neither.
local function send(self, call, key, mask)
  local outbox, slot = self.outbox, self.slots.free
  if outbox.on_event then
    outbox:put(events.new(call, "attempt", call.attempts + 1))
  end
  slot.mask = mask -- before the attempt: a mask from before would let this key through
  local sent_key = operations[call.op].sends_key and key
  local is_sent, failure = self.core:send(call.request, sent_key, slot.number)
  if not is_sent then
    finish_unsent(self, call, failure, mask)
    return
  end
  transition(self, call, "in_flight")
  outbox:commit()
  slot.mark, slot.probe = self.throttle:begin(self.slots.count, call.group.waits_out_outages)
end

--- True if the group and the circuit let the call be sent.
local function may_send(self, group, now)
  return not group.stopped and self.throttle:circuit_allows(group.waits_out_outages, now)
end

--- Send calls of a list from its front.
local function send_list(self, call, places, now, key, mask)
  local slots, is_open = self.slots, self.throttle:is_circuit_open()
  while call and slots.count < places and call.due_ms <= now do
    local following, group = call.next, call.group
    if not group.stopped and (not is_open or may_send(self, group, now)) then
      send(self, call, key, mask)
    end
    call = following
  end
end

--- Send all calls that are due and have a place. If this raises, the call that was to be sent is left
--- as it was.
---@param key string|false
---@param mask fun(value: any): any masks the key
function M.send_more(self, key, mask)
  local now = self.now()
  local places = self.throttle:places(now)
  local first, second = self.backing_off, self.queued
  if self.throttle:is_circuit_open() then -- a call that has failed makes a bad probe
    first, second = second, first
  end
  send_list(self, first.first, places, now, key, mask)
  send_list(self, second.first, places, now, key, mask)
end

local function count_due(call, now, most)
  local count = 0
  while call and count < most and call.due_ms <= now do
    count = count + (call.group.stopped and 0 or 1)
    call = call.next
  end
  return count
end

--- How many places the client could use now: those in flight, and the calls that could be sent if
--- nothing held them back.
---@return integer
function M.count_wanted(self)
  local now, count, most = self.now(), self.slots.count, self.max_concurrency
  count = count + count_due(self.backing_off.first, now, most - count)
  return count + count_due(self.queued.first, now, most - count)
end

local function first_due(self, call, now)
  while call and call.due_ms <= now and not may_send(self, call.group, now) do
    call = call.next
  end
  return call and call.due_ms <= now and call or nil
end

--- A call that may be sent now; nil: there is none.
---@return elevenlabs.workspace.Call|nil
function M.next_due(self)
  local now = self.now()
  if self.slots.count >= self.throttle:places(now) then
    return nil
  end
  return first_due(self, self.backing_off.first, now) or first_due(self, self.queued.first, now)
end

--- There is no key: end as many calls as would have been sent.
---@param failure table
function M.refuse_due(self, failure)
  local count = self.throttle:places(self.now()) - self.slots.count
  local call = count > 0 and M.next_due(self)
  while call do
    finish_unsent(self, call, failure, self.mask)
    count = count - 1
    call = count > 0 and M.next_due(self)
  end
end

return M
