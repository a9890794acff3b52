--- Decides, at the end of an attempt, whether its call is sent again, and when.

local backoff = require "elevenlabs.workspace.throttle.backoff"
local deadlines = require "elevenlabs.workspace.engine.deadline"
local events = require "elevenlabs.workspace.engine.events"
local evidences = require "elevenlabs.workspace.answer.evidence"
local finishes = require "elevenlabs.workspace.engine.finish"
local groups = require "elevenlabs.workspace.engine.group"
local lists = require "elevenlabs.workspace.engine.list"
local operations = require "elevenlabs.workspace.operations"
local outcome = require "elevenlabs.workspace.answer.outcome"
local receipts = require "elevenlabs.workspace.receipt"
local retry_after = require "elevenlabs.workspace.throttle.retry_after"
local transition = require "elevenlabs.workspace.engine.transition"

local CONFIRMED, conclude = groups.CONFIRMED, finishes.conclude

local M = {}

-- ---- plain confirmations

local function complete_told(self, call, request_id, body_code, elapsed_ms)
  local id = request_id and self.mask_others(request_id) or nil
  local receipt = receipts.new(200, id, evidences.body_of(body_code))
  local response
  if self.outbox.on_event then
    response = events.new(call, "response", call.attempts, receipt, { elapsed_ms = elapsed_ms })
  end
  conclude(self, call, receipt, response)
end

--- The rules hear of a confirmation first: to hear of it again after an error changes nothing. The
--- throttle gets the result after all that may allocate.
local function complete_plain(self, number, request_id, body_code, elapsed_ms)
  local slot = self.slots[number]
  local call = slot.call
  if not call then
    return -- an error came after its transition
  end
  local group = call.group
  if group.rules then
    group.rules:confirm()
  end
  if group.keeps == "receipts" or self.outbox.on_event then
    complete_told(self, call, request_id, body_code, elapsed_ms)
  else
    if request_id and group.keeps == "calls" then
      call.request_id = self.mask_others(request_id)
    end
    call.ending = CONFIRMED
    transition(self, call, "done")
  end
  self.throttle:settled(slot)
end

-- ---- all others

--- When to send the call again; nil: not again.
---@param counted integer attempts, as the call's group counts them
---@return number|nil ms
local function retry_at(self, call, verdict, counted, now)
  local group = call.group
  if call.stopped or call.is_parents or group.stopped or self.closed then
    return nil
  elseif verdict.action == "probe" and group.probes_key then
    call.key_probed = true
    return now
  elseif
    not outcome.may_retry(call.op, verdict.action)
    -- The one before may have been applied.
    or (verdict.resent and not operations[call.op].is_repeatable)
    or backoff.is_too_long(verdict.asked_ms)
    or counted >= (call.max_attempts or group.max_attempts)
    or (self.throttle:is_circuit_open() and not group.waits_out_outages)
  then
    return nil
  end
  local due = math.max(now + verdict.own_ms, self.throttle:paused_until())
  verdict.is_late = call.deadline ~= nil and due >= call.deadline.due_ms
  return not verdict.is_late and due or nil
end

--- Add to a verdict that is no confirmation what `throttle:record_result` and `retry_at` need: what
--- the server asked for, and the call's own backoff.
local function prepare_retry(self, call, evidence, verdict)
  verdict.resent = evidence.resent
  if outcome.is_transient(verdict.action) then
    local headers = evidence.headers
    local slow = verdict.status == 429 or verdict.status == 503
    verdict.asked_ms = retry_after.parse(headers["retry-after"], headers.date)
    verdict.own_ms = backoff.delay_ms(call.attempts, slow, self.random())
  elseif call.key_probed and verdict.action == "probe" then
    verdict.action = "stop"
  end
end

--- Judge an attempt, tell the rules of its run, and record its result in the throttle. What may raise
--- comes first: all fields are set, and the rules may stop the run. Once there is a verdict, the
--- attempt is not judged again.
local function record_result(self, call, evidence, now)
  if call.stopped then
    evidence.stopped = call.stopped
    if call.stopped == "timeout" then
      evidence.message = deadlines.describe(call.deadline) .. " passed"
    end
  end
  local slot = self.slots[evidence.slot]
  local mask = evidence.shows_key and slot.mask or self.mask_others
  local verdict = outcome.judge(call.op, evidence, mask, call.args)
  if verdict.action ~= "done" then
    prepare_retry(self, call, evidence, verdict)
  end
  local maximum = evidence.headers["maximum-concurrent-requests"]
  maximum = maximum and maximum:find "^%d+$" and tonumber(maximum) or nil
  evidence.held_back, evidence.verdict = false, false
  groups.see(call.group, verdict)
  evidence.verdict = verdict
  evidence.held_back = self.throttle:record_result(slot, verdict, maximum, now)
end

--- True if the attempt counts against `max_attempts`. A probe that nobody answered does not: it says
--- that the outage goes on, and nothing of its own call.
local function is_try(slot, evidence)
  return evidence.sent and (not slot.probe or evidence.status > 0)
end

--- The attempts of a call, as its group counts them, with this one.
local function count_attempts(call, evidence)
  local counts = call.group.counts_unsent or is_try(call.slot, evidence)
  return call.counted + (counts and 1 or 0)
end

local function may_be_applied(call, evidence, verdict)
  return operations[call.op].is_change and (verdict.outcome == "unconfirmed" or evidence.resent)
end

--- The events of an attempt that ended.
---@return elevenlabs.workspace.Event response, elevenlabs.workspace.Event|nil throttle
local function make_events(self, call, evidence, verdict, now)
  local throttle
  local facts = { elapsed_ms = evidence.elapsed_ms }
  local response = events.new(call, "response", call.attempts, verdict, facts)
  if evidence.held_back then
    throttle = events.new(call, "throttle", call.attempts, nil, {
      window = self.throttle:window(),
      delay_ms = math.max(0, self.throttle:paused_until() - now),
    })
  end
  return response, throttle
end

--- Nothing allocates after `counted` is set: an attempt is counted once.
local function back_off(self, call, verdict, due, counted)
  local after = lists.last_due(self.backing_off, due)
  call.verdict = verdict
  call.due_ms = due
  call.counted = counted
  transition(self, call, "backing_off", after)
  self.outbox:commit()
end

--- One attempt came to its end.
local function complete(self, call, evidence, now)
  local verdict, counted, due = evidence.verdict, nil, nil
  local response, throttle
  if verdict.action ~= "done" then
    counted = count_attempts(call, evidence)
    due = retry_at(self, call, verdict, counted, now)
  end
  if self.outbox.on_event then
    response, throttle = make_events(self, call, evidence, verdict, now)
  end
  if not due then
    return conclude(self, call, verdict, response, throttle)
  elseif may_be_applied(call, evidence, verdict) then
    call.perhaps_applied = true
  end
  if response then
    local facts = { delay_ms = due - now }
    local retry = events.new(call, "retry", call.attempts, verdict, facts)
    self.outbox:put(response, throttle, retry)
  end
  back_off(self, call, verdict, due, counted)
end

-- ---- all that arrived

--- Each completion counts as dealt with once its call has its new state. Results of all go to the
--- throttle first: a call that backs off must know of the longest pause.
local function complete_others(self)
  local others, slots, now = self.others, self.slots, self.now()
  for i = self.others_done + 1, #others do
    local call = slots[others[i].slot].call
    if call and not others[i].verdict then
      record_result(self, call, others[i], now)
    end
  end
  for i = self.others_done + 1, #others do
    local call = slots[others[i].slot].call
    if call then
      complete(self, call, others[i], now)
    end
    self.others_done = i
  end
end

local function complete_arrived(self)
  local plain = self.plain
  for i = self.plain_done + 1, self.plain_count do
    local at = i * 4 - 3
    complete_plain(self, plain[at], plain[at + 1], plain[at + 2], plain[at + 3])
    self.plain_done = i
  end
  if self.others[1] then
    complete_others(self)
  end
end

--- True if an error left completions behind.
---@return boolean
function M.is_behind(self)
  return self.plain_done < self.plain_count or self.others_done < #self.others
end

--- Deal with completions that an error left behind. Nothing may be sent before: until then a slot
--- that was released must not be taken, because the completion may be looked at again.
M.catch_up = complete_arrived

--- Deal with completions that `ask` gives.
---@param ask fun(core: table, timeout_ms: number|nil): table, integer, table
function M.complete_all(self, ask, timeout_ms)
  self.plain, self.plain_count, self.others = ask(self.core, timeout_ms)
  self.plain_done, self.others_done = 0, 0
  complete_arrived(self)
end

return M
