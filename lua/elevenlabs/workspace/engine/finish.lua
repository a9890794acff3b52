--- Ends a call: it gets its receipt or its error.

local errors = require "elevenlabs.workspace.error"
local events = require "elevenlabs.workspace.engine.events"
local groups = require "elevenlabs.workspace.engine.group"
local outcome = require "elevenlabs.workspace.answer.outcome"
local secrets = require "elevenlabs.workspace.secrets"
local texts = require "elevenlabs.workspace.text"

local end_backoff, put_ended = groups.end_backoff, groups.put_ended

local M = {}

--- A failure of the core without secrets. Its message may quote what the user gave; so may its
--- field, if the user gave an unknown one.
local function masked_failure(mask, failure)
  local field = failure.field
  if field and mask(field) == secrets.MASK then
    field = secrets.MASK
  end
  return { kind = failure.kind, field = field, message = mask(failure.message) }
end

--- End a call. Nothing here needs memory.
---@param ending elevenlabs.workspace.Receipt|elevenlabs.workspace.Error
---@return boolean ended false: the call was done, because a finalizer stepped before
local function finish(self, call, ending)
  local group, state, counts = call.group, call.state, self.counts
  if state == "done" then
    return false
  elseif state == "starting" then
    self.in_flight_count = self.in_flight_count - 1
  elseif state == "backing_off" then
    end_backoff(call)
  end
  call.state, call.ending = "done", ending
  if call.verdict then
    call.verdict = nil
  end
  self.finished, group.finished = self.finished + 1, group.finished + 1
  if group.ended then
    put_ended(group.ended, call)
  end
  counts[ending.outcome] = counts[ending.outcome] + 1
  self.turns:announce()
  return true
end

--- How long since the call began; rounded to microseconds.
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

--- End a call that will not be sent, or not again. An earlier attempt may have been applied.
local function finish_unsent(self, call, failure)
  local err = errors.not_sent(masked_failure(self.mask, failure))
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

--- The outcome of a call. If an earlier attempt may have been applied, "not_sent" becomes
--- "unconfirmed", and a refusal becomes ambiguous.
---@return string outcome, true|nil ambiguous
local function with_history(call, verdict)
  local became = verdict.outcome
  if became == "not_sent" and call.perhaps_applied then
    became = "unconfirmed"
  end
  return became, verdict.ambiguous or (became == "refused" and call.perhaps_applied) or nil
end

--- End a call by the verdict on its last attempt.
---@return boolean ended as of `finish`
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

return M
