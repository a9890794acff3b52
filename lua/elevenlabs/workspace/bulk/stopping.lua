--- Stops a bulk run: no more items are taken, and waiting calls are cancelled.

local errors = require "elevenlabs.workspace.error"

local M = {}

--- Why a run stopped before its source was exhausted.
---@alias elevenlabs.workspace.StopReason
---| "cancelled"          # `run:cancel` was called.
---| "deadline"           # `deadline_ms` passed.
---| "closed"             # The client was closed.
---| "source"             # The source of items failed.
---| "journal"            # The journal cannot be written.
---| "callback"           # `on_result` or `on_progress` raised an error.
---| "driver"             # The driver could not wait any longer.
---| "outage"             # There was no success for 120 s.
---| "rate_limited"       # The server asks for a pause of more than 300 s.
---| "authentication"     # The key is refused, also when asked again; or there is no key.
---| "permission"         # The key lacks a permission; or the first 20 answers were all 403.
---| "payment_required"   # The subscription does not allow it.
---| "refusals"           # The first 50 answers were all the same refusal.
---| "redirect"           # The server redirects: another server than the service answers.
---| "unexpected_answers" # 20 answers in a row were neither a confirmation nor a refusal.
---| "proxy"              # The proxy cannot be used.
---| "tls"                # The server's certificate is not trusted, or TLS fails.

--- The first reason counts. A call in flight ends by itself.
---@param run elevenlabs.workspace.Run
---@param reason elevenlabs.workspace.StopReason
---@param message string for people; a full stop at its end goes, since sentences go on after it
function M.stop(run, reason, message)
  if run.stopping then
    return
  end
  run.stopping = { reason = reason, message = (errors.one_line(message):gsub("%.$", "")) }
  run.call_group.stopped = run.stopping
  run.engine:cancel_group(run.call_group, true)
end

return M
