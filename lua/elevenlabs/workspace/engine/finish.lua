--- The end of a call: its receipt or its error.

local errors = require "elevenlabs.workspace.error"
local events = require "elevenlabs.workspace.engine.events"
local groups = require "elevenlabs.workspace.engine.group"
local outcome = require "elevenlabs.workspace.answer.outcome"
local secrets = require "elevenlabs.workspace.secrets"
local texts = require "elevenlabs.workspace.text"

local get_up, put_ended = groups.get_up, groups.put_ended

local M = {}

--- A failure of the core's: its message may quote what the user gave, and so may
--- its field where that is no field's name.
local function masked_failure(mask, failure)
  local field = failure.field
  if field and mask(field) == secrets.MASK then
    field = secrets.MASK
  end
  return { kind = failure.kind, field = field, message = mask(failure.message) }
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

--- An earlier attempt may have been applied, so "not sent" and "no" are not all the truth.
local function with_history(call, verdict)
  local became = verdict.outcome
  if became == "not_sent" and call.perhaps_applied then
    became = "unconfirmed"
  end
  return became, verdict.ambiguous or (became == "refused" and call.perhaps_applied) or nil
end

function M.conclude(self, call, verdict)
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

M.finish = finish
M.emit_done = emit_done
M.finish_unsent = finish_unsent
M.masked_failure = masked_failure
M.mask_of = mask_of

return M
