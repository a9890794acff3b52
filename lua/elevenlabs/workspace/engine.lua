--- The life of a call: waiting for a place, in flight, resting before it is sent again,
--- done. Clock, random numbers and core come from outside, so that a simulator can put its
--- own in their place.
---
--- Any line here may raise where memory is short, and functions of the user's may do
--- anything at all: step, start, cancel, close, yield and never come back. So a call
--- leaves one place only when it stands in the next, and steps can be taken again.

local backoff = require "elevenlabs.workspace.throttle.backoff"
local budgets = require "elevenlabs.workspace.throttle.budget"
local errors = require "elevenlabs.workspace.error"
local events = require "elevenlabs.workspace.engine.events"
local names = require "elevenlabs.workspace.names"
local operations = require "elevenlabs.workspace.operations"
local outcome = require "elevenlabs.workspace.answer.outcome"
local paces = require "elevenlabs.workspace.throttle"
local queue = require "elevenlabs.workspace.engine.queue"
local resources = require "elevenlabs.workspace.answer.resource"
local retry_after = require "elevenlabs.workspace.throttle.retry_after"
local secrets = require "elevenlabs.workspace.secrets"
local texts = require "elevenlabs.workspace.text"
local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

-- A step that an error cuts short, or a yield in a function of the user's, leaves
-- completions behind: so soon the host is woken for them. (The step's end takes that
-- back; not 0, since a timer that went off cannot be taken back.)
local RESCUE_MS = 100

--- A call under way, from `client:start`. `tostring` of it is one line.
---@class elevenlabs.workspace.Call
local Call = {}
Call.__index = Call
Call.__name = "elevenlabs.workspace.call"
Call.__concat = texts.concat
-- What most calls never are; read through the metatable. A call that has one of these for itself
-- may need memory for it, so that whoever sets it does so before anything that cannot be undone.
Call.counted = 0 -- attempts, as the policy counts them
Call.mask = false -- its key's, where a function gives the keys; else the engine's
Call.verdict = false -- on the last attempt, where there will be another
Call.confirming = false -- asks once more where the key was refused
Call.perhaps_applied = false -- by an earlier attempt, or an earlier run
Call.is_parents = false -- this process is a child of the one that began it
Call.stopped = false

---@class elevenlabs.workspace.Engine
local Engine = {}
Engine.__index = Engine

--- How a call is repeated, and what its owner wants to know. Calls of one kind share one.
---@class elevenlabs.workspace.Policy
---@field max_attempts integer
---@field counts_unsent boolean do attempts that reached nobody count?
---@field parks boolean waits out an outage; otherwise it gives up where the budget is empty
---@field confirms boolean asks once more where the key was refused
---@field started integer how many calls it has
---@field finished integer how many of them are done
---@field resting integer how many rest before they are sent again
---@field ended nil|table { first, last }: those that are done, until their owner takes them; a
--- chain by their `next_ended`, as a call's end must need no memory
---@field retries integer attempts of its calls that were followed by another
---@field stopped table|false { reason, message }: repeat nothing any more
---@field on_verdict nil|fun(verdict: table) told of each attempt's end

local SINGLE_ATTEMPTS = 4

---@param fields table of elevenlabs.workspace.Policy
---@return elevenlabs.workspace.Policy
function M.policy(fields)
  fields.started, fields.finished, fields.resting, fields.retries = 0, 0, 0, 0
  fields.stopped = false
  return fields
end

---@param parts table { core, now = function() -> ms, random = function() -> [0, 1),
--- wait = function(done) -> nil|why not, api_key = string|false|function() -> that,
--- mask = function(value) -> value without secrets, on_event = nil, max_concurrency,
--- max_attempts = nil, deadline_ms = nil, sweeps = nil: does `wait` find out after each step
--- who is done, so that nobody takes turns? }
---@return elevenlabs.workspace.Engine
function M.new(parts)
  local self
  local key = parts.api_key -- in a closure alone: no field shows it
  local asks_key = type(key) == "function"
  local mask_with = secrets.with_keys(parts.mask) -- an answer may repeat its attempt's key
  self = setmetatable({
    core = parts.core,
    now = parts.now,
    random = parts.random,
    wait = function(done)
      if self.sweeps then
        return parts.wait(done)
      end
      return self.turns:wait(parts.wait, done)
    end,
    sweeps = parts.sweeps,
    asks_key = asks_key, -- of a function of the user's, which may do anything
    api_key = asks_key and key or function()
      return key
    end,
    mask = not asks_key and key and mask_with(key) or parts.mask,
    mask_with = mask_with,
    on_event = parts.on_event,
    deadline_ms = parts.deadline_ms,
    max_attempts = parts.max_attempts,
    max_concurrency = parts.max_concurrency,
    single = M.policy {
      max_attempts = parts.max_attempts or SINGLE_ATTEMPTS,
      counts_unsent = true,
      parks = false,
      confirms = false,
    },
    pace = paces.new(parts.max_concurrency, parts.random),
    closed = false,
    waiting = queue.new_row(), -- calls that were not sent yet
    resting = queue.new_agenda(), -- calls to be sent again
    -- Times at which somebody wants a step to end, by whose they are.
    alarms = setmetatable({}, { __mode = "k" }),
    woken = false, -- somebody wants that at once
    rang = false, -- the last step met such a time: the host is to step once more
    turns = turns.new(),
    flying = {}, -- calls by the core's id
    flying_count = 0, -- and those being started: places taken
    arrived = {}, -- completions, the first `arrived_done` of which are dealt with
    arrived_done = 0,
    deadlines = queue.new_row(), -- all unfinished calls, by age and so by deadline
    finished = 0, -- calls that are done
    reported = 0, -- of them when the last step ended
    forks = select(3, parts.core:counts()),
    counts = {
      calls = 0,
      confirmed = 0,
      refused = 0,
      unconfirmed = 0,
      not_sent = 0,
      retries = 0,
      event_errors = 0,
    },
  }, Engine)
  return self
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

-- ---- starting and ending

local NO_FACTS = {}

local function emit(self, call, name, facts)
  if self.on_event then
    events.emit(self, call, name, facts)
  end
end

--- Calls that rest are counted by their policy.
local function put_to_rest(call)
  call.state, call.policy.resting = "resting", call.policy.resting + 1
end

local function get_up(call)
  call.policy.resting = call.policy.resting - 1
end

local function put_ended(ended, call)
  if ended.last then
    ended.last.next_ended = call
  else
    ended.first = call
  end
  ended.last = call
end

---@param ending elevenlabs.workspace.Receipt|elevenlabs.workspace.Error
---@return boolean whether this ended it: a finalizer that steps may have come between
local function finish(self, call, ending)
  local policy, state, counts = call.policy, call.state, self.counts
  if state == "done" then
    return false
  elseif state == "starting" then
    self.flying_count = self.flying_count - 1
  elseif state == "resting" then
    get_up(call)
  end
  call.state, call.ending = "done", ending
  if call.verdict then
    call.verdict = nil
  end
  if call.mask then
    call.mask = nil
  end
  self.finished, policy.finished = self.finished + 1, policy.finished + 1
  if policy.ended then
    put_ended(policy.ended, call)
  end
  counts[ending.outcome] = counts[ending.outcome] + 1
  self.turns:announce()
  return true
end

--- Since the call began, in whole microseconds.
local function elapsed_ms(self, call)
  return math.floor((self.now() - call.started_ms) * 1000 + 0.5) / 1000
end

local function emit_done(self, call)
  if self.on_event then
    events.emit(self, call, "done", {
      result = call.ending,
      elapsed_ms = elapsed_ms(self, call),
    })
  end
end

local function mask_of(self, call)
  return call.mask or self.mask
end

--- What was to be sent will not be. An earlier attempt may have been applied all the same.
local function finish_unsent(self, call, failure)
  local err = errors.not_sent(masked_failure(mask_of(self, call), failure))
  err.attempts, err.warning = call.attempts, call.warning
  err.outcome = call.perhaps_applied and "unconfirmed" or err.outcome
  if call.verdict then
    local message = ("%s again; the last answer: %s"):format(err.message, call.verdict.message)
    err.message = errors.one_line(message)
  end
  if finish(self, call, err) then
    emit_done(self, call)
  end
end

local STOP_MESSAGES = {
  cancelled = "cancelled before it was sent",
  timeout = "deadline_ms (%s) passed before it was sent",
  closed = "the client was closed before it was sent",
  forked = "the process forked before it was sent: it is the parent's to send",
}

--- What a deadline ended names it.
local function stop_message(self, why)
  return STOP_MESSAGES[why]:format(self.deadline_ms and texts.number(self.deadline_ms))
end

--- End a call for a reason of ours. In flight, its attempt still completes, and an
--- answer that came first stands.
local function stop(self, call, why)
  if call.state == "flying" then
    call.stopped = call.stopped or why
    self.core:cancel(call.id)
  elseif call.state ~= "done" and call.state ~= "new" then
    local kind = why == "forked" and "cancelled" or why
    finish_unsent(self, call, { kind = kind, message = stop_message(self, why) })
    self.core:wake_at(0)
  end
end

--- End all calls that are to be sent, for the first time or again.
local function stop_waiting(self, why)
  local call = self.waiting:peek()
  while call do
    if call.state ~= "flying" then
      stop(self, call, why)
    end
    self.waiting:drop(call)
    call = self.waiting:peek()
  end
  call = self.resting:soonest()
  while call do
    if call.state ~= "flying" then
      stop(self, call, why)
    end
    self.resting:drop_soonest()
    call = self.resting:soonest()
  end
end

--- In the child of a fork: what was waiting is the parent's to send, and what was in
--- flight, which the core has ended, the parent's to send again.
local function notice_fork(self)
  local _, _, forks = self.core:counts()
  if forks ~= self.forks then
    for _, call in pairs(self.flying) do
      call.is_parents = true
    end
    stop_waiting(self, "forked")
    self.forks = forks
  end
end

--- The user may change the table before the call is sent. (Room for what most have: a table that
--- grows costs as much as all else here.)
local function copy_raw(args)
  local copy = { resource_id = nil, resource_type = nil, user_email = nil, role = nil }
  for k, v in next, args do
    copy[k] = v
  end
  return copy
end

--- Would these arguments be sent?
---@return boolean ok
---@return elevenlabs.workspace.Error|string|nil why not, or a warning
function Engine:check(op, args)
  local ok, why = self.core:validate(op, args)
  if not ok then
    return false, errors.not_sent(masked_failure(self.mask, why))
  end
  return true, why
end

--- A copy of the arguments, checked.
---@param op "unshare"|"share"|"get"
---@param args table
---@return table|nil
---@return elevenlabs.workspace.Error|string|nil why not, or a warning
---@return table|nil copy of what would not be sent
function Engine:take(op, args)
  local copy = copy_raw(args)
  local ok, why = self:check(op, copy)
  if not ok then
    return nil, why, copy
  end
  return copy, why
end

--- An outage counts from when its calls began to meet it, and not the time in which there
--- were none.
local function start_clock(self, policy, now)
  if policy.started == 0 then
    self.pace:start_anew()
  else
    self.pace:was_idle(now)
  end
end

--- A call that stands nowhere yet, with all fields that no later line may need memory for.
local function new_call(self, op, args, policy, now)
  return setmetatable({
    engine = self,
    number = self.counts.calls + 1,
    op = op,
    args = args,
    policy = policy,
    started_ms = now,
    state = "new",
    attempts = 0,
    id = false,
    mark = false, -- the pace's, of the attempt in flight
    probe = false, -- of the attempt in flight: is it one that tries whether an outage is over?
    ending = false, -- its receipt or error
    next_ended = false,
    place = false, -- its run's
    deadline_ms = nil,
    warning = nil,
  }, Call)
end

--- Before calls are queued: what a fork ended is done with, and a step is due.
function Engine:expect_calls()
  notice_fork(self)
  self.core:wake_at(0)
end

--- Queue a call, after `expect_calls`. Nothing is sent before the next step.
---@param op "unshare"|"share"|"get"|"connect"
---@param args table that were checked, without a metatable, and nobody else's to change
---@param policy elevenlabs.workspace.Policy
---@param now number by the engine's clock
---@param warning string|nil|false of the check
---@param perhaps_applied boolean|nil an earlier run may have sent it
---@return elevenlabs.workspace.Call|nil, elevenlabs.workspace.Error|nil
function Engine:queue(op, args, policy, now, warning, perhaps_applied)
  if self.closed then
    return nil, errors.not_sent { kind = "closed", message = "the client is closed" }
  end
  local call = new_call(self, op, args, policy, now)
  if warning then
    call.warning = warning
  end
  if perhaps_applied then
    call.perhaps_applied = true
  end
  if self.deadline_ms and policy == self.single then
    call.deadline_ms = now + self.deadline_ms
    self.deadlines:push(call)
  end
  self.waiting:push(call)
  call.state = "waiting" -- from here on it is one; nothing below needs memory
  if policy.parks and policy.started == policy.finished then
    start_clock(self, policy, now)
  end
  policy.started = policy.started + 1
  self.counts.calls = self.counts.calls + 1
  return call
end

--- Check and queue a call.
---@param op "unshare"|"share"|"get"|"connect"
---@param args table
---@param policy elevenlabs.workspace.Policy|nil default that of a single call
---@return elevenlabs.workspace.Call|nil, elevenlabs.workspace.Error|nil
function Engine:start(op, args, policy)
  local why = nil
  if operations[op].takes_args and not self.closed then
    args, why = self:take(op, args)
    if not args then
      return nil, why
    end
  end
  self:expect_calls()
  return self:queue(op, args, policy or self.single, self.now(), why)
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
    emit(self, call, "attempt", NO_FACTS)
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
      if not policy.stopped and pace:trusts(policy.parks, now) then
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

-- ---- the end of an attempt

--- An earlier attempt may have been applied, so "not sent" and "no" are not all the truth.
local function with_history(call, verdict)
  local became = verdict.outcome
  if became == "not_sent" and call.perhaps_applied then
    became = "unconfirmed"
  end
  return became, verdict.ambiguous or (became == "refused" and call.perhaps_applied) or nil
end

local function conclude(self, call, verdict)
  if verdict.outcome == "confirmed" then
    verdict.attempts, verdict.elapsed_ms = call.attempts, elapsed_ms(self, call)
    verdict.warning = call.warning
    return finish(self, call, verdict)
  end
  local became, ambiguous = with_history(call, verdict)
  local message = verdict.message
  if verdict.is_late then
    local format = "%s; deadline_ms (%s) leaves no time for another attempt"
    message = format:format(message, texts.number(self.deadline_ms))
  end
  local err = errors.new {
    kind = verdict.kind,
    outcome = became,
    message = message,
    field = verdict.field,
    status = verdict.status,
    code = verdict.code,
    request_id = verdict.request_id,
    retryable = outcome.may_retry(call.op, verdict.action),
    attempts = call.attempts,
    ambiguous = ambiguous,
    from_service = verdict.from_service,
    details = verdict.details,
    warning = call.warning,
  }
  return finish(self, call, err)
end

--- When to send the call again; nil where it is not to be.
local function retry_at(self, call, verdict, now)
  local policy = call.policy
  if call.stopped or call.is_parents or policy.stopped then
    return nil
  elseif self.closed then
    return nil
  elseif verdict.action == "probe" and policy.confirms then
    call.confirming = true
    return now
  elseif
    not outcome.may_retry(call.op, verdict.action)
    -- The one before may have been applied.
    or (verdict.resent and not operations[call.op].is_repeatable)
    or backoff.is_too_long(verdict.asked_ms)
    or call.counted >= policy.max_attempts
    or (self.pace:is_parked() and not policy.parks)
  then
    return nil
  end
  local due = math.max(now + verdict.own_ms, self.pace:gate_opens_at())
  verdict.is_late = call.deadline_ms ~= nil and due >= call.deadline_ms
  return not verdict.is_late and due or nil
end

--- What a verdict that is no confirmation means for this call. Where it may be sent again, also
--- what the server asked for, how long the call would rest by itself, and room for `learn` and
--- `retry_at`.
local function weigh(self, call, evidence, verdict)
  verdict.resent = evidence.resent
  if outcome.is_transient(verdict.action) then
    local headers = evidence.headers
    local slow = verdict.status == 429 or verdict.status == 503
    verdict.asked_ms = retry_after.parse(headers["retry-after"], headers.date)
    verdict.own_ms = backoff.delay_ms(call.attempts, slow, self.random())
    verdict.held_back, verdict.is_late = false, false
  elseif call.confirming and verdict.action == "probe" then
    verdict.action = "stop"
  end
end

local function rest(self, call, verdict, due)
  self.resting:put(call, due)
  call.verdict = verdict
  put_to_rest(call)
  self.counts.retries = self.counts.retries + 1
  call.policy.retries = call.policy.retries + 1
  self.turns:announce() -- a run may take more while it rests
end

local function tell(self, call, evidence, verdict, due)
  local now = self.now()
  emit(self, call, "response", { result = verdict, elapsed_ms = evidence.elapsed_ms })
  if verdict.held_back then
    emit(self, call, "throttle", {
      window = self.pace:window(),
      delay_ms = math.max(0, self.pace:gate_opens_at() - now),
    })
  end
  if due then
    emit(self, call, "retry", { result = verdict, delay_ms = due - now })
  else
    emit_done(self, call)
  end
end

--- Was it an attempt of this item's own, and not one that found an outage going on?
local function is_trial(call, evidence)
  return evidence.sent and (not call.probe or evidence.status > 0)
end

--- What one attempt's end teaches, whatever it means for its call: once. A new field may
--- raise, so that those which `complete` needs are there before anything is learnt.
local function learn(self, call, evidence, now)
  if call.stopped then
    evidence.stopped = call.stopped
    if call.stopped == "timeout" then
      evidence.message = ("deadline_ms (%s) passed"):format(texts.number(self.deadline_ms))
    end
  end
  local verdict = outcome.judge(call.op, evidence, mask_of(self, call))
  if verdict.action ~= "done" then
    weigh(self, call, evidence, verdict)
  end
  local maximum = evidence.headers["maximum-concurrent-requests"]
  maximum = maximum and maximum:find "^%d+$" and tonumber(maximum) or nil
  evidence.verdict = verdict
  if self.pace:learn(call, verdict, maximum, now) then
    verdict.held_back = true
  end
end

--- -> when to send the call again; nil where this was its last attempt
local function count_failure(self, call, evidence, verdict)
  if call.policy.counts_unsent or is_trial(call, evidence) then
    call.counted = call.counted + 1
  end
  return retry_at(self, call, verdict, self.now())
end

local function may_be_applied(call, evidence, verdict)
  return operations[call.op].is_change and (verdict.outcome == "unconfirmed" or evidence.resent)
end

--- One attempt came to its end. Whatever may raise comes first: an error leaves the
--- completion for the next step.
local function complete(self, call, evidence)
  local verdict, policy, due = evidence.verdict, call.policy, nil
  if policy.on_verdict then
    policy.on_verdict(verdict)
  end
  if verdict.action ~= "done" then
    due = count_failure(self, call, evidence, verdict)
  end
  if due then
    if may_be_applied(call, evidence, verdict) then
      call.perhaps_applied = true
    end
    rest(self, call, verdict, due)
  else
    conclude(self, call, verdict)
  end
  if self.flying[evidence.id] == call then
    self.flying[evidence.id] = nil
    self.flying_count, self.arrived_done = self.flying_count - 1, self.arrived_done + 1
    if self.on_event then
      tell(self, call, evidence, verdict, due)
    end
  end
end

--- All of them teach before one is told of: a function of the user's may step, and must send
--- nothing into a pause that a later one asks for. One without a call could not be written
--- down, and so was taken back.
local function complete_arrived(self)
  local arrived, flying, now = self.arrived, self.flying, self.now()
  for i = self.arrived_done + 1, #arrived do
    local evidence = arrived[i]
    local call = flying[evidence.id]
    if call and not evidence.verdict then
      learn(self, call, evidence, now)
    end
  end
  local evidence = self.arrived[self.arrived_done + 1]
  while evidence do
    local call = self.flying[evidence.id]
    if call then
      complete(self, call, evidence)
    else
      self.arrived_done = self.arrived_done + 1
    end
    evidence = self.arrived[self.arrived_done + 1]
  end
end

--- Deal with completions that `ask` gives, after those that an error left behind.
local function complete_all(self, ask, ...)
  if self.arrived_done < #self.arrived then
    complete_arrived(self)
  end
  self.arrived, self.arrived_done = ask(self.core, ...), 0
  if self.arrived[1] then
    self.core:wake_at(self.now() + RESCUE_MS)
    complete_arrived(self)
  end
end

local function stop_overdue(self)
  local call = self.deadlines:peek()
  while call and (call.state == "done" or call.deadline_ms <= self.now()) do
    stop(self, call, "timeout")
    self.deadlines:drop(call)
    call = self.deadlines:peek()
  end
end

-- ---- outages

local OUTAGE = ("no answer that settles anything for %d s"):format(budgets.OUTAGE_MS / 1000)

local function end_by_outage(self, call)
  if not call.policy.parks or (call.state ~= "waiting" and call.state ~= "resting") then
    return
  end
  call.policy.stopped = { reason = "outage", message = OUTAGE }
  if not call.verdict then
    finish_unsent(self, call, { kind = "network", message = OUTAGE })
  elseif conclude(self, call, call.verdict) then
    emit_done(self, call)
  end
end

--- Where nothing has succeeded for too long, end what waits for better times.
local function give_up(self)
  local at = self.pace:gives_up_at()
  if not at or at > self.now() then
    return
  end
  for i = #self.resting, 1, -1 do
    if self.resting[i] then
      end_by_outage(self, self.resting[i])
    end
  end
  for i = self.waiting.first, self.waiting.last do
    if self.waiting[i] then
      end_by_outage(self, self.waiting[i])
    end
  end
  self.pace:start_anew()
end

-- ---- what comes next

local function earlier(a, b)
  return a and b and math.min(a, b) or a or b
end

--- Is it one to be sent, and of this kind? What a stopped run left is its own to end, and
--- one whose key function is still at work is sent after that.
local function is_to_send(call, parks)
  return call.policy.parks == parks
    and not has_left(call)
    and call.state ~= "starting"
    and not call.policy.stopped
end

--- When the soonest of those that wait may be sent, as far as they are concerned.
local function soonest_due(self, parks)
  for i = self.waiting.first, self.waiting.last do
    local call = self.waiting[i] -- one that rests was in the row before
    if call and call.state ~= "resting" and is_to_send(call, parks) then
      return 0
    end
  end
  for i = #self.resting, 1, -1 do
    if is_to_send(self.resting[i], parks) then
      return self.resting[i].due_ms
    end
  end
end

--- When time alone lets something be sent.
local function next_send_ms(self, now)
  local at
  if self.flying_count >= self.pace:window() then
    return nil -- and no look at the many that may wait then
  end
  for _, parks in ipairs { false, true } do
    local due, opens = soonest_due(self, parks), self.pace:opens_at(parks, now)
    at = earlier(at, due and opens and math.max(due, opens))
  end
  return at
end

--- The time of the next step that no socket will announce.
local function next_wake_ms(self)
  if self.woken or self.rang or self.turns.unheeded > 0 then
    return 0
  end
  local now, oldest = self.now(), self.deadlines:peek()
  local at = oldest and oldest.deadline_ms
  if self.waiting:peek() or self.resting:soonest() then
    at = earlier(earlier(at, next_send_ms(self, now)), self.pace:gives_up_at())
  end
  for _, alarm in next, self.alarms do
    at = earlier(at, alarm)
  end
  return at
end

--- At a step's end: let go of alarms that have passed. Their owners look when they are
--- resumed, and some may have been before this step.
local function ring(self)
  local now = self.now()
  self.rang, self.woken = self.woken, false
  for owner, alarm in next, self.alarms do
    if alarm <= now then
      self.alarms[owner], self.rang = nil, true
    end
  end
  if self.rang then
    self.turns:announce()
  end
end

local function send_all(self, sending)
  if self.pace:is_parked() then -- an item that failed before makes a bad probe
    send_waiting(self, sending)
    send_rested(self, sending)
  else
    send_rested(self, sending)
    send_waiting(self, sending)
  end
end

--- Whatever of those that wait and rest may be sent. One whose sending raises is left as it was
--- for the next step.
local function send_more(self)
  give_up(self)
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

--- Whatever time and free places allow, and the time at which there will be more.
local function advance(self)
  stop_overdue(self)
  if self.waiting:peek() or self.resting:soonest() then
    send_more(self)
  end
  self.core:wake_at(next_wake_ms(self))
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

--- Run what is due and wait at most `timeout_ms` (default 0) for a completion. A step
--- inside of it, by a function of the user's, counts as part of it.
---@param timeout_ms number|nil
---@return integer completed calls that became done since the last step
function Engine:step(timeout_ms)
  local before, news = self.reported, self.turns.news
  notice_fork(self)
  self.rang = false
  self.turns:step_begins()
  if self.closed then
    end_all(self)
  else
    advance(self)
    local has_news = self.finished > before or self.turns.news > news
    local is_behind = self.arrived_done < #self.arrived -- an error kept the last step from it
    complete_all(self, self.core.step, (has_news or is_behind) and 0 or timeout_ms or 0)
    ring(self)
    self.turns:step_ends()
    advance(self) -- into the places that became free
  end
  self.reported = self.finished
  return self.finished - before
end

--- The core's descriptor, once the calls that a fork ended have been dealt with.
function Engine:pollfd()
  notice_fork(self)
  return self.core:pollfd()
end

--- Let the step under way, or the next, end at once.
function Engine:wake()
  self.woken = true
  self.turns:announce()
  self.core:wake_at(0)
end

--- What others than whoever runs now wait for may be there.
function Engine:tell_others()
  if self.sweeps then
    self:wake()
  else
    self.turns:announce()
    self.core:wake_at(next_wake_ms(self))
  end
end

--- Grows where somebody who waits may have got what it waits for.
---@return integer
function Engine:news()
  return self.turns.news
end

--- Let a step end by then, once. One alarm for each owner; nil takes it back.
---@param owner any
---@param at_ms number|nil by the engine's clock
function Engine:set_alarm(owner, at_ms)
  self.alarms[owner] = at_ms
  self.core:wake_at(next_wake_ms(self))
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
  names.check_self(self, "call:done()")
  return self.state == "done"
end

--- Ask the call to end. It is done after one of the next steps, and says what is
--- then true: what was answered before stands.
function Call:cancel()
  names.check_self(self, "call:cancel()")
  stop(self.engine, self, "cancelled")
end

local STATES = {
  waiting = "waits to be sent",
  starting = "is being sent",
  flying = "in flight",
  resting = "waits to be sent again",
}

function Call.__tostring(self)
  local args = self.args
  local what = events.describe_call(self.number, self.op, args.resource_type, args.resource_id)
  local state = self.state == "done" and tostring(self.ending) or STATES[self.state]
  return texts.one_line(("%s: %s"):format(what, state))
end

--- The call's result; where it is not done, the client's driver waits for it. Of a "get" it is
--- the resource.
---@return elevenlabs.workspace.Receipt|elevenlabs.workspace.Resource|nil
---@return elevenlabs.workspace.Error|nil
function Call:result()
  names.check_self(self, "call:result()")
  local why = self.state ~= "done" and self.engine.wait(function()
    return self.state == "done"
  end)
  if self.state ~= "done" then
    return nil, errors.new {
      kind = "invalid_argument",
      outcome = "unconfirmed",
      message = why or "the driver returned before the call was done",
      attempts = self.attempts,
    }
  elseif self.ending.outcome == "confirmed" then
    local is_resource = operations[self.op].answer == "resource"
    return is_resource and resources.new(self.ending.body) or self.ending
  end
  return nil, self.ending
end

return M
