--- Sending: which call is next, its key, and the attempt.

local events = require "elevenlabs.workspace.engine.events"
local finishes = require "elevenlabs.workspace.engine.finish"
local groups = require "elevenlabs.workspace.engine.group"
local operations = require "elevenlabs.workspace.operations"

local finish_unsent = finishes.finish_unsent
local get_up, put_to_rest = groups.get_up, groups.put_to_rest

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

--- With so many in flight beside it.
local function may_send(self, call, others, now)
  local policy = call.policy
  return not policy.stopped and self.pace:allows(others, policy.parks, now)
end

--- The key for an attempt; nil and a failure; or nil where nothing is to be sent now: a key
--- function may take long, and meanwhile the client may be held back.
local function key_for(self, call)
  if not self.asks_key then
    return self.api_key()
  end
  local key, failure = ask_key(self)
  if call.state == "done" then
    return nil -- the key function stopped it
  elseif key == nil then
    return nil, failure
  elseif not may_send(self, call, self.flying_count - 1, self.now()) then
    return nil
  end
  call.mask = key and self.mask_with(key) or self.mask
  return key
end

--- Hand the call to the core. -> the attempt's id; nil and a failure; or nil where nothing is
--- to be sent now
local function start_attempt(self, call)
  local core, op = self.core, call.op
  if not operations[op].takes_args then
    return core[op](core)
  end
  local key, failure = key_for(self, call)
  if key == nil then
    return nil, failure
  end
  return core[op](core, call.args, key)
end

--- Where this raises, the attempt is taken back.
local function write_down(self, id, call)
  call.id = id
  self.flying[id] = call
  call.state, call.attempts = "flying", call.attempts + 1
  call.mark, call.probe = self.pace:begin(self.flying_count, call.policy.parks)
end

--- An attempt that cannot be written down must not be made: it was not sent yet.
local function take_back(self, call, state)
  self.flying_count = self.flying_count - 1
  if state == "resting" then
    put_to_rest(call)
  else
    call.state = state
  end
  if call.id then
    self.core:cancel(call.id)
  end
end

--- Send the call, or leave it as it was where it may not be sent any more once its key is there.
---@param sending table { call, state } for whoever must take it back
local function send(self, sending, call)
  local before = call.state
  sending.call, sending.state = call, before
  if before == "resting" then
    get_up(call)
  end
  call.id, call.state = false, "starting" -- for whoever steps while the key function runs
  self.flying_count = self.flying_count + 1
  local id, failure = start_attempt(self, call)
  if id then
    write_down(self, id, call)
    if self.on_event then
      events.emit(self, call, "attempt", NO_FACTS)
    end
  elseif failure and call.state ~= "done" then
    finish_unsent(self, call, failure)
  elseif call.state == "starting" then
    take_back(self, call, before)
  end
end

--- Off its queue: another has it now, or nobody.
local function has_left(call)
  return call.state == "flying" or call.state == "done"
end

--- The soonest that is due and may be sent, past calls that are being started further up
--- the stack.
local function next_due(self, now)
  local resting = self.resting
  while resting:soonest() and has_left(resting:soonest()) do
    resting:drop_soonest()
  end
  for i = #resting, 1, -1 do
    local call = resting[i]
    if call.due_ms > now then
      return nil
    elseif call.state == "resting" and may_send(self, call, self.flying_count, now) then
      return call
    end
  end
end

local function send_rested(self, sending)
  local call = next_due(self, self.now())
  while call do
    send(self, sending, call)
    call = next_due(self, self.now())
  end
end

--- From the front of the queue, past calls that are being started further up the stack.
local function send_waiting(self, sending)
  local row, pace, now = self.waiting, self.pace, self.now()
  local i = row.first
  while i <= row.last and pace:has_place(self.flying_count, now) do
    local call = row[i]
    if call and call.state == "waiting" then
      local policy = call.policy
      if not policy.stopped and pace:circuit_allows(policy.parks, now) then
        send(self, sending, call)
      end
    end
    i = i + 1 < row.first and row.first or i + 1
  end
  local first = row:peek()
  while first and first.state ~= "waiting" and first.state ~= "starting" do
    row:drop(first)
    first = row:peek()
  end
end

local function send_all(self, sending)
  if self.pace:is_circuit_open() then -- an item that failed before makes a bad probe
    send_waiting(self, sending)
    send_rested(self, sending)
  else
    send_rested(self, sending)
    send_waiting(self, sending)
  end
end

--- Whatever of those that wait and rest may be sent. One whose sending raises is left as it was
--- for the next step.
function M.send_more(self)
  local sending = { call = false, state = false }
  local ok, why = pcall(send_all, self, sending)
  if not ok then
    local call = sending.call
    if call and call.state == "starting" then
      take_back(self, call, sending.state)
    end
    self.core:wake_at(0) -- steps inside of this one may have seen nothing to send
    error(why, 0)
  end
end

M.has_left = has_left

return M
