--- A bulk run stops: it takes no more items, and calls that wait are cancelled.

local errors = require "elevenlabs.workspace.error"
local pending = require "elevenlabs.workspace.bulk.pending"

local M = {}

--- Why a run took no more items.
---@alias elevenlabs.workspace.StopReason
---| "cancelled"          # by run:cancel
---| "deadline"           # deadline_ms passed
---| "closed"             # the client was closed
---| "source"             # the source of items failed
---| "journal"            # the journal cannot be written
---| "callback"           # on_result or on_progress raised an error
---| "driver"             # the driver could wait no longer
---| "outage"             # no success for 120 s
---| "rate_limited"       # the server asks for a pause of more than 300 s
---| "authentication"     # the key is refused, also when asked again; or there is none
---| "permission"         # the key lacks a permission; or the first 20 answers were all 403
---| "payment_required"   # the subscription does not allow it
---| "refusals"           # the first 50 answers were all the same refusal
---| "redirect"           # the server redirects: it is not the service, or not any more
---| "unexpected_answers" # 20 answers in a row were neither yes nor no
---| "proxy"              # the proxy cannot be used
---| "tls"                # the server's certificate is not trusted, or TLS fails

--- Take no more items. What waits ends now, what is in flight by itself.
function M.stop(run, reason, message)
  if run.stopping then
    return
  end
  run.stopping = { reason = reason, message = errors.one_line(message) }
  run.policy.stopped = run.stopping
  pending.cancel_waiting(run.held)
end

return M
