--- The life of a call: waiting for a place, in flight, done. Clock and core come
--- from outside, so that a simulator can put its own in their place.
---
--- A call is one attempt. A retry would be one more state between "in flight" and
--- "waiting", entered in `complete` where the verdict's action asks for it.
---
--- Any line here may raise where memory is short, and functions of the user's may do
--- anything at all: step, start, cancel, close, yield and never come back. So a call
--- leaves one place only when it stands in the next, and steps can be taken again.

local errors = require "elevenlabs.workspace.error"
local outcome = require "elevenlabs.workspace.outcome"
local secrets = require "elevenlabs.workspace.secrets"

local M = {}

-- A step that an error cuts short, or a yield in a function of the user's, leaves
-- completions behind: so soon the host is woken for them. (The step's end takes that
-- back; not 0, since a timer that went off cannot be taken back.)
local RESCUE_MS = 100

--- Proof of a call that the server confirmed. `tostring` of it begins with "confirmed".
---@class elevenlabs.workspace.Receipt
---@field outcome "confirmed"
---@field status integer HTTP status
---@field request_id string|nil the server's name for the request, for its support
---@field attempts integer attempts that were begun
---@field elapsed_ms number from the call's start to its end, waiting included
---@field body any the answer, decoded: any JSON value; nil where it was empty
---@field warning string|nil what was allowed but is probably a slip

local Receipt = { __name = "elevenlabs.workspace.receipt" }

function Receipt.__tostring(self)
  local request = self.request_id and (" [request-id %s]"):format(self.request_id) or ""
  return ("confirmed (HTTP %d)%s"):format(self.status, request)
end

--- A call under way, from `client:start`.
---@class elevenlabs.workspace.Call
local Call = {}
Call.__index = Call
Call.__name = "elevenlabs.workspace.call"

---@class elevenlabs.workspace.Engine
local Engine = {}
Engine.__index = Engine

--- A first-in first-out queue that frees what it has passed.
local function new_queue()
  return { first = 1, last = 0 }
end

local function push(queue, value)
  queue[queue.last + 1] = value -- may raise where memory is short: nothing is counted then
  queue.last = queue.last + 1
end

local function peek(queue)
  return queue[queue.first]
end

--- Take `value` from the front, where it still stands: what was done with it may have
--- run a function of the user's, and that a step.
local function drop(queue, value)
  if queue[queue.first] == value then
    queue[queue.first] = nil
    queue.first = queue.first + 1
  end
end

---@param parts table { core, now = function() -> ms, random = function() -> [0, 1),
--- wait = function(done) -> nil|why not, api_key = function() -> string|nil|false,
--- mask = function(value) -> value without secrets, on_event = nil, max_concurrency,
--- deadline_ms = nil }
---@return elevenlabs.workspace.Engine
function M.new(parts)
  return setmetatable({
    core = parts.core,
    now = parts.now,
    random = parts.random, -- for the jitter of a retry
    wait = parts.wait,
    api_key = parts.api_key,
    mask = parts.mask,
    on_event = parts.on_event,
    max_concurrency = parts.max_concurrency,
    deadline_ms = parts.deadline_ms,
    closed = false,
    waiting = new_queue(), -- calls without a place
    flying = {}, -- calls by the core's id
    flying_count = 0, -- and those being started: places taken
    arrived = {}, -- completions, the first `arrived_done` of which are dealt with
    arrived_done = 0,
    deadlines = new_queue(), -- all unfinished calls, by age and so by deadline
    finished = 0, -- since the last step
    forks = select(3, parts.core:counts()),
    counts = {
      calls = 0,
      confirmed = 0,
      refused = 0,
      unconfirmed = 0,
      not_sent = 0,
      event_errors = 0,
    },
  }, Engine)
end

--- A failure of the core's: its message may quote what the user gave, and so may
--- its field where that is no field's name.
local function masked_failure(mask, failure)
  local field = failure.field
  if field and mask(field) == secrets.MASK then
    field = secrets.MASK
  end
  return { kind = failure.kind, field = field, message = mask(failure.message) }
end

-- ---- events

--- What a client tells its on_event function as it works, for logs and metrics. It holds
--- no API key and no target.
---@class elevenlabs.workspace.Event
--- "attempt": a request is on its way; "response": its end; "done": the call's end.
---@field name "attempt"|"response"|"done"
---@field op "unshare"|"share"|"get"|"connect"
---@field call integer the call's number within the client, from 1
---@field resource_id string|nil nil for connect
---@field resource_type string|nil nil for connect
---@field attempts integer attempts that were begun so far
---@field elapsed_ms number|nil of the attempt (response) or of the whole call (done)
---@field outcome "confirmed"|"refused"|"unconfirmed"|"not_sent"|nil of response and done
---@field kind elevenlabs.workspace.Kind|nil where the outcome is not confirmed
---@field status integer|nil HTTP status, where there was one
---@field code string|nil the server's own code
---@field request_id string|nil
---@field message string|nil where the outcome is not confirmed

--- The user's function may raise: that is counted, and no call suffers by it.
local function emit(self, call, name, result, elapsed_ms)
  if not self.on_event then
    return
  end
  local ok = pcall(self.on_event, {
    name = name,
    op = call.op,
    call = call.number,
    resource_id = call.resource_id,
    resource_type = call.resource_type,
    attempts = call.attempts,
    elapsed_ms = elapsed_ms,
    outcome = result and result.outcome,
    kind = result and result.kind,
    status = result and result.status,
    code = result and result.code,
    request_id = result and result.request_id,
    message = result and result.message,
  })
  self.counts.event_errors = self.counts.event_errors + (ok and 0 or 1)
end

-- ---- starting and ending

---@return boolean whether this ended it: a finalizer that steps may have come between
local function finish(self, call, receipt, err)
  if call.state == "done" then
    return false
  end
  local ended = receipt and receipt.outcome or err.outcome
  if call.state == "starting" then
    self.flying_count = self.flying_count - 1
  end
  call.receipt, call.err = receipt or false, err or false
  call.state, call.args, call.mask = "done", nil, nil
  self.finished = self.finished + 1
  self.counts[ended] = self.counts[ended] + 1
  return true
end

--- Since the call began, in whole microseconds.
local function elapsed_ms(self, call)
  return math.floor((self.now() - call.started_ms) * 1000 + 0.5) / 1000
end

local function emit_done(self, call)
  emit(self, call, "done", call.receipt or call.err, elapsed_ms(self, call))
end

local function finish_unsent(self, call, failure)
  local err = errors.not_sent(masked_failure(call.mask, failure))
  err.attempts, err.warning = call.attempts, call.warning
  if finish(self, call, nil, err) then
    emit_done(self, call)
  end
end

local STOP_MESSAGES = {
  cancelled = "cancelled before it was sent",
  timeout = "its deadline passed before it was sent",
  closed = "the client was closed before it was sent",
  forked = "the process forked before it was sent: it is the parent's to send",
}

--- End a call for a reason of ours. In flight, its attempt still completes, and an
--- answer that came first stands.
local function stop(self, call, why)
  if call.state == "flying" then
    call.stopped = call.stopped or why
    self.core:cancel(call.id)
  elseif call.state ~= "done" and call.state ~= "new" then
    local kind = why == "forked" and "cancelled" or why
    finish_unsent(self, call, { kind = kind, message = STOP_MESSAGES[why] })
    self.core:wake_at(0)
  end
end

--- End all calls that were not sent.
local function stop_waiting(self, why)
  local call = peek(self.waiting)
  while call do
    if call.state ~= "flying" then
      stop(self, call, why)
    end
    drop(self.waiting, call)
    call = peek(self.waiting)
  end
end

--- In the child of a fork: what was waiting is the parent's to send. (What was in
--- flight the core has ended.)
local function notice_fork(self)
  local forks = select(3, self.core:counts())
  if forks ~= self.forks then
    stop_waiting(self, "forked")
    self.forks = forks
  end
end

--- The user may change the table before the call is sent.
local function copy_raw(args)
  local copy = {}
  for k, v in next, args do
    copy[k] = v
  end
  return copy
end

--- Check and queue a call. Nothing is sent before the next step.
---@return elevenlabs.workspace.Call|nil, elevenlabs.workspace.Error|nil
function Engine:start(op, args)
  notice_fork(self)
  if self.closed then
    return nil, errors.not_sent { kind = "closed", message = "the client is closed" }
  end
  local warning
  if op ~= "connect" then
    local ok, why = self.core:validate(op, args)
    if not ok then
      return nil, errors.not_sent(masked_failure(self.mask, why))
    end
    warning = why
  end
  local started = self.now()
  local call = setmetatable({
    engine = self,
    number = self.counts.calls + 1,
    op = op,
    args = copy_raw(args),
    resource_id = rawget(args, "resource_id"),
    resource_type = rawget(args, "resource_type"),
    warning = warning,
    started_ms = started,
    deadline_ms = self.deadline_ms and started + self.deadline_ms,
    state = "new",
    attempts = 0,
    mask = self.mask,
    -- Fields from the start, so that no later line needs memory to set them.
    id = false,
    stopped = false,
    receipt = false,
    err = false,
  }, Call)
  if call.deadline_ms then
    push(self.deadlines, call)
  end
  push(self.waiting, call)
  call.state = "waiting" -- from here on it is one; nothing below needs memory
  self.counts.calls = self.counts.calls + 1
  self.core:wake_at(0)
  return call
end

-- ---- attempts

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

--- For an answer that repeats the key of its own attempt.
local function masker_with(self, key)
  local mask_key = secrets.masker { key }
  return function(value)
    return self.mask(mask_key(value))
  end
end

--- Hand the call to the core. -> the attempt's id, or nil and a failure
local function start_attempt(self, call)
  if call.op == "connect" then
    return self.core:connect()
  end
  local key, failure = ask_key(self)
  if call.state == "done" then
    return nil -- the key function stopped it
  elseif key == nil then
    return nil, failure
  end
  call.mask = key and masker_with(self, key) or self.mask
  return self.core[call.op](self.core, call.args, key)
end

--- An attempt that cannot be written down must not be made: it was not sent yet.
local function write_down(self, id, call)
  local ok, why = pcall(rawset, self.flying, id, call)
  if not ok then
    self.core:cancel(id)
    error(why, 0)
  end
  call.id, call.state, call.attempts = id, "flying", call.attempts + 1
end

local function send(self, call)
  call.state = "starting" -- for whoever steps while the key function runs
  self.flying_count = self.flying_count + 1
  local id, failure = start_attempt(self, call)
  if id then
    write_down(self, id, call)
    emit(self, call, "attempt")
  elseif call.state ~= "done" then
    finish_unsent(self, call, failure)
  end
end

--- Send the call, or leave it waiting for the next step where that raises.
local function try_to_send(self, call)
  local ok, why = pcall(send, self, call)
  if not ok and call.state == "starting" then
    call.state = "waiting"
    self.flying_count = self.flying_count - 1
  end
  if not ok then
    error(why, 0)
  end
end

--- From the front of the queue, past calls that are being started further up the stack.
local function send_waiting(self)
  local queue, i = self.waiting, self.waiting.first
  while i <= queue.last and self.flying_count < self.max_concurrency do
    if queue[i] and queue[i].state == "waiting" then
      try_to_send(self, queue[i])
    end
    i = math.max(i + 1, queue.first)
  end
  local first = peek(queue)
  while first and (first.state == "flying" or first.state == "done") do
    drop(queue, first)
    first = peek(queue)
  end
end

local function conclude(self, call, verdict)
  if verdict.outcome == "confirmed" then
    return finish(self, call, setmetatable({
      outcome = "confirmed",
      status = verdict.status,
      request_id = verdict.request_id,
      attempts = call.attempts,
      elapsed_ms = elapsed_ms(self, call),
      body = verdict.value,
      warning = call.warning,
    }, Receipt))
  end
  finish(self, call, nil, errors.new {
    kind = verdict.kind,
    outcome = verdict.outcome,
    message = verdict.message,
    field = verdict.field,
    status = verdict.status,
    code = verdict.code,
    request_id = verdict.request_id,
    retryable = outcome.may_retry(call.op, verdict.action),
    attempts = call.attempts,
    ambiguous = verdict.ambiguous,
    details = verdict.details,
    warning = call.warning,
  })
end

--- One attempt came to its end. Whatever may raise comes first: an error leaves the
--- completion for the next step.
local function complete(self, evidence)
  local call = self.flying[evidence.id]
  if not call then -- it could not be written down, and so was taken back
    self.arrived_done = self.arrived_done + 1
    return
  end
  evidence.stopped = call.stopped
  conclude(self, call, outcome.judge(call.op, evidence, call.mask))
  if self.flying[evidence.id] ~= call then
    return
  end
  self.flying[evidence.id] = nil
  self.flying_count = self.flying_count - 1
  self.arrived_done = self.arrived_done + 1
  emit(self, call, "response", call.receipt or call.err, evidence.elapsed_ms)
  emit_done(self, call)
end

local function complete_arrived(self)
  while self.arrived[self.arrived_done + 1] do
    complete(self, self.arrived[self.arrived_done + 1])
  end
end

--- Deal with completions that `ask` gives, after those that an error left behind.
local function complete_all(self, ask, ...)
  complete_arrived(self)
  self.arrived, self.arrived_done = ask(self.core, ...), 0
  if self.arrived[1] then
    self.core:wake_at(self.now() + RESCUE_MS)
  end
  complete_arrived(self)
end

local function stop_overdue(self)
  local now = self.now()
  local call = peek(self.deadlines)
  while call and (call.state == "done" or call.deadline_ms <= now) do
    stop(self, call, "timeout")
    drop(self.deadlines, call)
    call = peek(self.deadlines)
  end
end

--- Whatever time and free places allow, and the time at which there will be more.
local function advance(self)
  stop_overdue(self)
  send_waiting(self)
  local oldest = peek(self.deadlines)
  self.core:wake_at(oldest and oldest.deadline_ms)
end

--- What closing means, as often as it takes.
local function end_all(self)
  for _, call in pairs(self.flying) do
    call.stopped = call.stopped or "closed"
  end
  complete_all(self, self.core.close)
  stop_waiting(self, "closed")
end

-- ---- the host's side

--- Run what is due and wait at most `timeout_ms` (default 0) for a completion.
---@param timeout_ms number|nil
---@return integer completed calls that became done since the last step
function Engine:step(timeout_ms)
  notice_fork(self)
  if self.closed then
    end_all(self)
  else
    advance(self)
    complete_all(self, self.core.step, self.finished > 0 and 0 or timeout_ms or 0)
    advance(self) -- into the places that became free
  end
  local finished = self.finished
  self.finished = 0
  return finished
end

--- The core's descriptor, once the calls that a fork ended have been dealt with.
function Engine:pollfd()
  notice_fork(self)
  return self.core:pollfd()
end

--- End every call; none may follow. Idempotent, also where an error cut it short.
function Engine:close()
  notice_fork(self)
  self.closed = true
  end_all(self)
end

--- Has it ended? Its result is there then.
---@return boolean
function Call:done()
  return self.state == "done"
end

--- Ask the call to end. It is done after one of the next steps, and says what is
--- then true: what was answered before stands.
function Call:cancel()
  stop(self.engine, self, "cancelled")
end

--- The call's result; where it is not done, the client's driver waits for it.
---@return elevenlabs.workspace.Receipt|nil
---@return elevenlabs.workspace.Error|nil
function Call:result()
  local why = not self:done() and self.engine.wait(function()
    return self:done()
  end)
  if self:done() then
    return self.receipt or nil, self.err or nil
  end
  return nil, errors.new {
    kind = "invalid_argument",
    outcome = "unconfirmed",
    message = why or "the driver returned before the call was done",
    attempts = self.attempts,
  }
end

return M
