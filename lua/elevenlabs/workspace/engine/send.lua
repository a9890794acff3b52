--- Sending: which call is next, its key, and the attempt.

local events = require "elevenlabs.workspace.engine.events"
local finishes = require "elevenlabs.workspace.engine.finish"
local groups = require "elevenlabs.workspace.engine.group"
local operations = require "elevenlabs.workspace.operations"

local finish_unsent = finishes.finish_unsent
local end_backoff, start_backoff = groups.end_backoff, groups.start_backoff

local M = {}

local NO_FACTS = {}

local function invalid_key(message)
  return { kind = "invalid_argument", field = "api_key", message = message }
end

--- Ask for the key. The user's function may raise or return nonsense.
local function ask_key(self)
  local ok, key = pcall(self.api_key)
  if not ok then
    return nil, invalid_key "api_key raised an error"
  elseif key == nil or (key ~= false and type(key) ~= "string") then
    return nil, invalid_key("api_key must give a string (or false for none), got " .. type(key))
  end
  return key
end

--- True if the call may be sent.
---@param others integer how many are in flight beside it
local function may_send(self, call, others, now)
  local group = call.group
  return not group.stopped and self.throttle:allows(others, group.waits_out_outages, now)
end

--- The key for an attempt; or nil and a failure; or nil if nothing is to be sent now. The user's
--- function may take long. Meanwhile the call may have ended, or the client may have paused.
local function key_for(self, call)
  if not self.asks_key then
    return self.api_key()
  end
  local key, failure = ask_key(self)
  if call.state == "done" then
    return nil -- the key function stopped it
  elseif key == nil then
    return nil, failure
  elseif not may_send(self, call, self.in_flight_count - 1, self.now()) then
    return nil
  end
  return key
end

--- Put the call into a slot. If it is not sent, `leave_slot` takes it out.
local function take_slot(self, call, key)
  local slot = self.slots[self.free_slots]
  self.in_flight[slot] = call
  self.keep_key(slot, key)
  self.free_slots = self.free_slots - 1
  call.slot = slot
end

--- Needs no memory.
local function leave_slot(self, call)
  self.free_slots = self.free_slots + 1
  self.slots[self.free_slots] = call.slot
  self.in_flight[call.slot] = nil
  call.slot = false
end

--- Hand the call to the core. -> true; or nil and a failure; or nil if nothing is to be sent now
local function start_attempt(self, call)
  local request, why = call.request, nil
  if not request then
    request, why = self.core:prepare(call.op, call.args)
    call.request = request
  end
  local key = false
  if request and operations[call.op].sends_key then
    key, why = key_for(self, call)
  end
  if not request or key == nil then
    return nil, why
  end
  take_slot(self, call, key)
  return self.core:send(request, key, call.slot)
end

--- Needs no memory: the attempt is made.
local function write_down(self, call)
  call.state, call.attempts = "in_flight", call.attempts + 1
  call.mark, call.probe = self.throttle:begin(self.in_flight_count, call.group.waits_out_outages)
end

--- Rollback: give the call its state from before `send`. The core made no attempt.
local function take_back(self, call, state)
  self.in_flight_count = self.in_flight_count - 1
  if state == "backing_off" then
    start_backoff(call)
  else
    call.state = state
  end
  if call.slot then
    leave_slot(self, call)
  end
end

--- Ask for the key and send the call. Roll back if the call may not be sent any more.
---@param sending table { call, state }: what `send_more` needs for a rollback
local function send(self, sending, call)
  local before = call.state
  sending.call, sending.state = call, before
  if before == "backing_off" then
    end_backoff(call)
  end
  call.state = "starting" -- the key function may step, and must not send it too
  self.in_flight_count = self.in_flight_count + 1
  local is_sent, failure = start_attempt(self, call)
  if is_sent then
    write_down(self, call)
    if self.on_event then
      events.emit(self, call, "attempt", NO_FACTS)
    end
  elseif failure and call.state ~= "done" then
    finish_unsent(self, call, failure)
    if call.slot then
      leave_slot(self, call)
    end
  elseif call.state == "starting" then
    take_back(self, call, before)
  end
end

--- True if the call waits no more, though its queue may still hold it.
local function has_left_queue(call)
  return call.state == "in_flight" or call.state == "done"
end

--- The first call that is due and may be sent. A call that is "starting" is passed over: its key
--- function, further up the stack, has made this step.
local function next_due(self, now)
  local backing_off = self.backing_off
  while backing_off:soonest() and has_left_queue(backing_off:soonest()) do
    backing_off:drop_soonest()
  end
  for i = #backing_off, 1, -1 do
    local call = backing_off[i]
    if call.due_ms > now then
      return nil
    elseif call.state == "backing_off" and may_send(self, call, self.in_flight_count, now) then
      return call
    end
  end
end

local function send_backed_off(self, sending)
  local call = next_due(self, self.now())
  while call do
    send(self, sending, call)
    call = next_due(self, self.now())
  end
end

--- Send from the front of the queue. A call that is "starting" is passed over here too.
local function send_queued(self, sending)
  local fifo, throttle, now = self.queued, self.throttle, self.now()
  local i = fifo.first
  while i <= fifo.last and throttle:has_place(self.in_flight_count, now) do
    local call = fifo[i]
    if call and call.state == "queued" then
      local group = call.group
      if not group.stopped and throttle:circuit_allows(group.waits_out_outages, now) then
        send(self, sending, call)
      end
    end
    i = i + 1 < fifo.first and fifo.first or i + 1
  end
  local first = fifo:peek()
  while first and first.state ~= "queued" and first.state ~= "starting" do
    fifo:drop(first)
    first = fifo:peek()
  end
end

local function send_all(self, sending)
  if self.throttle:is_circuit_open() then -- a call that has failed makes a bad probe
    send_queued(self, sending)
    send_backed_off(self, sending)
  else
    send_backed_off(self, sending)
    send_queued(self, sending)
  end
end

--- Send all calls that may be sent. A call whose sending raises is left as it was for the next
--- step.
function M.send_more(self)
  local sending = { call = false, state = false }
  local ok, why = pcall(send_all, self, sending)
  if not ok then
    local call = sending.call
    if call and call.state == "starting" then
      take_back(self, call, sending.state)
    end
    self.core:wake_at(0) -- a nested step may have set a later wake time
    error(why, 0)
  end
end

M.has_left_queue = has_left_queue
M.leave_slot = leave_slot

return M
