--- The life of a call: waiting for a place, in flight, done. Clock and core come
--- from outside, so that a simulator can put its own in their place.
---
--- A call is one attempt. A retry would be one more state between "in flight" and
--- "waiting", entered in `complete` where the verdict's action asks for it.

local errors = require "elevenlabs.workspace.error"
local outcome = require "elevenlabs.workspace.outcome"
local secrets = require "elevenlabs.workspace.secrets"

local M = {}

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

local function pop(queue)
  local value = queue[queue.first]
  queue[queue.first] = nil
  queue.first = queue.first + 1
  return value
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
    flying_count = 0,
    arrived = {}, -- completions, the first `arrived_done` of which are dealt with
    arrived_done = 0,
    deadlines = new_queue(), -- all unfinished calls, by age and so by deadline
    finished = 0, -- since the last step
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
    state = "waiting",
    attempts = 0,
    mask = self.mask,
  }, Call)
  if call.deadline_ms then
    push(self.deadlines, call)
  end
  push(self.waiting, call)
  self.counts.calls = self.counts.calls + 1
  self.core:wake_at(0)
  return call
end

local function finish(self, call, receipt, err)
  local ended = receipt and receipt.outcome or err.outcome
  call.receipt, call.err = receipt, err
  call.state, call.args, call.mask = "done", nil, nil
  self.finished = self.finished + 1
  self.counts[ended] = self.counts[ended] + 1
end

local function emit_done(self, call)
  emit(self, call, "done", call.receipt or call.err, self.now() - call.started_ms)
end

local function finish_unsent(self, call, failure)
  local err = errors.not_sent(masked_failure(call.mask, failure))
  err.attempts, err.warning = call.attempts, call.warning
  finish(self, call, nil, err)
  emit_done(self, call)
end

local STOP_MESSAGES = {
  cancelled = "cancelled before it was sent",
  timeout = "its deadline passed before it was sent",
  closed = "the client was closed before it was sent",
}

--- End a call for a reason of ours. In flight, its attempt still completes, and an
--- answer that came first stands.
local function stop(self, call, why)
  if call.state == "done" or call.stopped then
    return
  end
  call.stopped = why
  if call.state == "flying" then
    self.core:cancel(call.id)
  elseif call.state == "waiting" then
    finish_unsent(self, call, { kind = why, message = STOP_MESSAGES[why] })
    self.core:wake_at(0)
  end
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

local function send(self, call)
  local key, failure, id
  if call.op == "connect" then
    id, failure = self.core:connect()
  else
    key, failure = ask_key(self)
    if call.state == "done" then
      return -- the key function stopped it
    elseif key ~= nil then
      call.mask = key and masker_with(self, key) or self.mask
      id, failure = self.core[call.op](self.core, call.args, key)
    end
  end
  if not id then
    return finish_unsent(self, call, failure)
  end
  call.id, call.state, call.attempts = id, "flying", call.attempts + 1
  self.flying[id] = call
  self.flying_count = self.flying_count + 1
  emit(self, call, "attempt")
end

local function send_waiting(self)
  while self.flying_count < self.max_concurrency and peek(self.waiting) do
    local call = pop(self.waiting)
    if call.state == "waiting" then
      send(self, call)
    end
  end
end

--- Outcome, kind and action are our words; all else may repeat the server's.
local function conclude(self, call, verdict)
  local mask = call.mask
  local elapsed = self.now() - call.started_ms
  if verdict.outcome == "confirmed" then
    return finish(self, call, setmetatable({
      outcome = "confirmed",
      status = verdict.status,
      request_id = mask(verdict.request_id),
      attempts = call.attempts,
      elapsed_ms = elapsed,
      body = mask(verdict.value),
      warning = call.warning,
    }, Receipt))
  end
  finish(self, call, nil, errors.new {
    kind = verdict.kind,
    outcome = verdict.outcome,
    message = mask(verdict.message),
    field = mask(verdict.field),
    status = verdict.status,
    code = mask(verdict.code),
    request_id = mask(verdict.request_id),
    retryable = outcome.may_retry(call.op, verdict.action),
    attempts = call.attempts,
    details = mask(verdict.details),
    warning = call.warning,
  })
end

--- One attempt came to its end. Whatever may raise comes first: an error leaves the
--- completion for the next step.
local function complete(self, evidence)
  local call = self.flying[evidence.id]
  evidence.stopped = call.stopped
  conclude(self, call, outcome.judge(call.op, evidence))
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
  complete_arrived(self)
end

local function stop_overdue(self)
  local now = self.now()
  local call = peek(self.deadlines)
  while call and (call.state == "done" or call.deadline_ms <= now) do
    stop(self, pop(self.deadlines), "timeout")
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

-- ---- the host's side

--- Run what is due and wait at most `timeout_ms` (default 0) for a completion.
---@param timeout_ms number|nil
---@return integer completed calls that became done since the last step
function Engine:step(timeout_ms)
  if not self.closed then
    advance(self)
    complete_all(self, self.core.step, self.finished > 0 and 0 or timeout_ms or 0)
    advance(self) -- into the places that became free
  end
  local finished = self.finished
  self.finished = 0
  return finished
end

--- End every call; none may follow. Idempotent.
function Engine:close()
  if self.closed then
    return
  end
  self.closed = true
  for _, call in pairs(self.flying) do
    call.stopped = call.stopped or "closed"
  end
  complete_all(self, self.core.close)
  while peek(self.waiting) do
    stop(self, pop(self.waiting), "closed")
  end
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
    return self.receipt, self.err
  end
  return nil, errors.new {
    kind = "invalid_argument",
    outcome = "unconfirmed",
    message = why or "the driver returned before the call was done",
    attempts = self.attempts,
  }
end

return M
