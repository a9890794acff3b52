--- Decides, at the end of an attempt, whether its call is sent again, and when. Before, the throttle
--- gets the result.

local backoff = require "elevenlabs.workspace.throttle.backoff"
local events = require "elevenlabs.workspace.engine.events"
local evidences = require "elevenlabs.workspace.answer.evidence"
local finishes = require "elevenlabs.workspace.engine.finish"
local groups = require "elevenlabs.workspace.engine.group"
local operations = require "elevenlabs.workspace.operations"
local outcome = require "elevenlabs.workspace.answer.outcome"
local receipts = require "elevenlabs.workspace.receipt"
local retry_after = require "elevenlabs.workspace.throttle.retry_after"
local sends = require "elevenlabs.workspace.engine.send"
local texts = require "elevenlabs.workspace.text"

local conclude, emit_done = finishes.conclude, finishes.emit_done
local leave_slot, start_backoff = sends.leave_slot, groups.start_backoff

local M = {}

-- A step that an error cuts short, or a yield in a function of the user's, leaves
-- completions behind: so soon the host is woken for them. (The step's end takes that
-- back; not 0, since a timer that went off cannot be taken back.)
local RESCUE_MS = 100

--- When to send the call again; nil: not again.
---@return number|nil ms
local function retry_at(self, call, verdict, now)
  local group = call.group
  if call.stopped or call.is_parents or group.stopped then
    return nil
  elseif self.closed then
    return nil
  elseif verdict.action == "probe" and group.probes_key then
    call.key_probed = true
    return now
  elseif
    not outcome.may_retry(call.op, verdict.action)
    -- The one before may have been applied.
    or (verdict.resent and not operations[call.op].is_repeatable)
    or backoff.is_too_long(verdict.asked_ms)
    or call.counted >= group.max_attempts
    or (self.throttle:is_circuit_open() and not group.waits_out_outages)
  then
    return nil
  end
  local due = math.max(now + verdict.own_ms, self.throttle:paused_until())
  verdict.is_late = call.deadline_ms ~= nil and due >= call.deadline_ms
  return not verdict.is_late and due or nil
end

--- Add to a verdict that is no confirmation what `throttle:record_result` and `retry_at` need: what
--- the server asked for, the call's own backoff, and room for the fields that are set later.
local function prepare_retry(self, call, evidence, verdict)
  verdict.resent = evidence.resent
  if outcome.is_transient(verdict.action) then
    local headers = evidence.headers
    local slow = verdict.status == 429 or verdict.status == 503
    verdict.asked_ms = retry_after.parse(headers["retry-after"], headers.date)
    verdict.own_ms = backoff.delay_ms(call.attempts, slow, self.random())
    verdict.held_back, verdict.is_late = false, false
  elseif call.key_probed and verdict.action == "probe" then
    verdict.action = "stop"
  end
end

local function back_off(self, call, verdict, due)
  self.backing_off:put(call, due)
  call.verdict = verdict
  start_backoff(call)
  self.counts.retries = self.counts.retries + 1
  call.group.retries = call.group.retries + 1
  self.turns:announce() -- a run may take more items while this call backs off
end

local function emit_result(self, call, evidence, verdict, due)
  local now = self.now()
  events.emit(self, call, "response", { result = verdict, elapsed_ms = evidence.elapsed_ms })
  if verdict.held_back then
    events.emit(self, call, "throttle", {
      window = self.throttle:window(),
      delay_ms = math.max(0, self.throttle:paused_until() - now),
    })
  end
  if due then
    events.emit(self, call, "retry", { result = verdict, delay_ms = due - now })
  else
    emit_done(self, call)
  end
end

--- True if the attempt says something of its own call. A probe that nobody answered says that the
--- outage goes on.
local function is_trial(call, evidence)
  return evidence.sent and (not call.probe or evidence.status > 0)
end

--- Judge an attempt and record its result in the throttle, once. To add a field may raise, so all
--- fields that `complete` needs are added before the throttle changes.
local function record_result(self, call, evidence, now)
  if call.stopped then
    evidence.stopped = call.stopped
    if call.stopped == "timeout" then
      evidence.message = ("deadline_ms (%s) passed"):format(texts.number(self.deadline_ms))
    end
  end
  local verdict = evidence.receipt or outcome.judge(call.op, evidence, self.mask_of(evidence))
  if verdict.action ~= "done" then
    prepare_retry(self, call, evidence, verdict)
  end
  local maximum = evidence.headers["maximum-concurrent-requests"]
  maximum = maximum and maximum:find "^%d+$" and tonumber(maximum) or nil
  evidence.verdict = verdict
  if self.throttle:record_result(call, verdict, maximum, now) then
    verdict.held_back = true
  end
end

--- Count the attempt. -> when to send the call again; nil: this was its last attempt
local function count_failure(self, call, evidence, verdict)
  if call.group.counts_unsent or is_trial(call, evidence) then
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
  local verdict, group, due = evidence.verdict, call.group, nil
  if group.on_verdict then
    group.on_verdict(verdict)
  end
  if verdict.action ~= "done" then
    due = count_failure(self, call, evidence, verdict)
  end
  if due then
    if may_be_applied(call, evidence, verdict) then
      call.perhaps_applied = true
    end
    back_off(self, call, verdict, due)
  else
    conclude(self, call, verdict)
  end
  if self.arrived[self.arrived_done + 1] == evidence then -- no step inside this one was first
    leave_slot(self, call)
    self.in_flight_count, self.arrived_done = self.in_flight_count - 1, self.arrived_done + 1
    if self.on_event then
      emit_result(self, call, evidence, verdict, due)
    end
  end
end

local NO_HEADERS, NO_KEY = {}, { shows_key = false }

--- Evidence of a plain confirmation, with its receipt.
local function evidence_of(self, plain, at)
  local mask, request_id = self.mask_of(NO_KEY), plain[at + 2]
  local body = mask(evidences.body_of(plain[at + 3]))
  return {
    slot = plain[at + 1],
    elapsed_ms = plain[at + 4],
    receipt = receipts.new(200, request_id and mask(request_id) or nil, body),
    sent = true,
    resent = false,
    status = 200,
    headers = NO_HEADERS,
  }
end

--- Add the evidence of plain confirmations to `arrived`. A finalizer may step while memory is taken,
--- and then has added it.
local function add_plain(self)
  while self.plain_done < self.plain_count do
    local batch, done = self.batch, self.plain_done
    local evidence = evidence_of(self, self.plain, 4 * done)
    if self.batch == batch and self.plain_done == done then
      self.arrived[#self.arrived + 1] = evidence
      self.plain_done = done + 1
    end
  end
end

--- Record all results in the throttle before running callbacks. A callback may send, and must
--- already see the new pause. A completion without a call was dealt with by a step inside this one.
local function complete_arrived(self)
  add_plain(self)
  local arrived, in_flight, now = self.arrived, self.in_flight, self.now()
  for i = self.arrived_done + 1, #arrived do
    local evidence = arrived[i]
    local call = in_flight[evidence.slot]
    if call and not evidence.verdict then
      record_result(self, call, evidence, now)
    end
  end
  local evidence = self.arrived[self.arrived_done + 1]
  while evidence do
    local call = self.in_flight[evidence.slot]
    if call then
      complete(self, call, evidence)
    else
      self.arrived_done = self.arrived_done + 1
    end
    evidence = self.arrived[self.arrived_done + 1]
  end
end

--- True if there are completions that an error or a yield left behind.
function M.is_behind(self)
  return self.arrived_done < #self.arrived or self.plain_done < self.plain_count
end

--- Deal with completions that `ask` gives, after those that an error left behind.
function M.complete_all(self, ask, ...)
  if M.is_behind(self) then
    complete_arrived(self)
  end
  local arrived, others = {} -- nobody may write the core's table of no evidence
  self.plain, self.plain_count, others = ask(self.core, ...)
  self.arrived, self.arrived_done = others[1] and others or arrived, 0
  self.plain_done, self.batch = 0, self.batch + 1
  if M.is_behind(self) then
    self.core:wake_at(self.now() + RESCUE_MS)
    complete_arrived(self)
  end
end

return M
