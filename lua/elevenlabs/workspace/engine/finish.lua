--- Ends a call: makes its receipt or its error, and gives it to the call.

local deadlines = require "elevenlabs.workspace.engine.deadline"
local errors = require "elevenlabs.workspace.error"
local events = require "elevenlabs.workspace.engine.events"
local outcome = require "elevenlabs.workspace.answer.outcome"
local secrets = require "elevenlabs.workspace.secrets"
local transition = require "elevenlabs.workspace.engine.transition"

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

--- How long since the call began; rounded to microseconds.
local function elapsed_ms(self, call)
  return math.floor((self.now() - call.started_ms) * 1000 + 0.5) / 1000
end

--- The call is done.
---@param ending elevenlabs.workspace.Receipt|elevenlabs.workspace.Error
---@param response elevenlabs.workspace.Event|nil of its last attempt
---@param throttle elevenlabs.workspace.Event|nil of that attempt too
local function finish(self, call, ending, response, throttle)
  local outbox = self.outbox
  if outbox.on_event then
    local facts = { elapsed_ms = elapsed_ms(self, call) }
    local done = events.new(call, "done", call.attempts, ending, facts)
    outbox:put(response, throttle, done)
  end
  call.ending = ending
  if call.verdict then
    call.verdict = nil
  end
  if call.deadline then
    deadlines.drop(self.deadlines, call.deadline)
  end
  transition(self, call, "done")
  outbox:commit()
end

--- End a call that will not be sent, or not again. An earlier attempt may have been applied. A call
--- that is refused may have the key in its arguments, and who is told of the call may keep them.
---@param mask fun(value: any): any
function M.finish_unsent(self, call, failure, mask)
  if failure.kind == "invalid_argument" then
    call.args = secrets.in_fields(mask, call.args)
  end
  local err = errors.not_sent(masked_failure(mask, failure))
  err.call, err.attempts, err.warning = call.number, call.attempts, call.warning
  err.outcome = call.perhaps_applied and "unconfirmed" or err.outcome
  if call.verdict then
    local message = ("%s again; the last answer: %s"):format(err.message, call.verdict.message)
    err.message = errors.one_line(message)
  end
  finish(self, call, err)
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

local function error_of(call, verdict)
  local became, ambiguous = with_history(call, verdict)
  local message = verdict.message
  if verdict.is_late then
    local format = "%s; %s leaves no time for another attempt"
    message = format:format(message, deadlines.describe(call.deadline))
  end
  return errors.new {
    kind = verdict.kind,
    outcome = became,
    call = call.number,
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
end

--- End a call by the verdict on its last attempt.
---@param response elevenlabs.workspace.Event|nil of that attempt
---@param throttle elevenlabs.workspace.Event|nil of that attempt too
function M.conclude(self, call, verdict, response, throttle)
  local ending = verdict
  if verdict.outcome == "confirmed" then
    ending.call, ending.attempts = call.number, call.attempts
    ending.elapsed_ms, ending.warning = elapsed_ms(self, call), call.warning
  else
    ending = error_of(call, verdict)
  end
  finish(self, call, ending, response, throttle)
end

--- What an event may show of an argument that was not checked.
local function shown(self, value)
  return type(value) == "string" and not value:find "^sk_" and self.mask(value) or nil
end

--- Count a call that ends before it is queued, because its arguments are refused, and tell of it.
--- Nothing allocates once the call is counted.
---@param call table { op, args } as the user gave them
---@param err elevenlabs.workspace.Error gets the call's number
function M.refuse(self, call, err)
  local outbox, counts, event = self.outbox, self.counts, nil
  err.call = 0
  if outbox.on_event then
    local args = {
      resource_id = shown(self, call.args.resource_id),
      resource_type = shown(self, call.args.resource_type),
    }
    local refused = { op = call.op, args = args, number = 0 }
    event = events.new(refused, "done", 0, err, { elapsed_ms = 0 })
    outbox:put(event)
  end
  local number = counts.calls + 1
  counts.calls, counts.not_sent, err.call = number, counts.not_sent + 1, number
  if event then
    event.call = number
    outbox:commit()
  end
end

M.masked_failure = masked_failure

return M
