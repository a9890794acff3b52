--- The error value of this library: a table that reads, logs and concatenates like text.

local texts = require "elevenlabs.workspace.text"

local M = {}

--- What went wrong.
---@alias elevenlabs.workspace.Kind
---| "invalid_argument"   # refused here, before anything was sent; `field` names it
---| "authentication"     # the API key is missing or wrong
---| "permission"         # the key or its user may not do this
---| "payment_required"   # the subscription does not allow it
---| "invalid_request"    # the server found the request wrong
---| "not_found"          # no such resource, user or group, or none that the key may see
---| "conflict"           # with another change at the same time
---| "unprocessable"      # the server found a field wrong (422)
---| "rate_limited"       # too many requests, or too many at once
---| "server"             # the server failed (5xx)
---| "network"            # no connection, or one that broke
---| "timeout"            # connect_timeout_ms, attempt_timeout_ms or deadline_ms passed
---| "tls"                # no connection that could be trusted
---| "untrusted_response" # an answer that proves nothing: cut, not JSON, a redirect...
---| "cancelled"          # by call:cancel
---| "closed"             # by client:close
---| "out_of_memory"      # on this machine
---| "journal"            # its file is locked, damaged, of another kind or cannot be written

--- What became of a call that was not confirmed.
---@alias elevenlabs.workspace.FailedOutcome
---| "refused"     # the server said no
---| "unconfirmed" # sent, and nobody can know: read the resource before trusting it
---| "not_sent"    # never reached a server

--- The second result of a call that failed. It reads, concatenates and logs like text.
---@class elevenlabs.workspace.Error
---@field kind elevenlabs.workspace.Kind
---@field outcome elevenlabs.workspace.FailedOutcome
--- The call's number within the client: its events have the same. nil if there was no call, as after
--- `client:close`, in a dry run, or for an item of which an earlier run knows enough.
---@field call integer|nil
---@field message string one line, never with the API key
---@field field string|nil the argument or option at fault
---@field status integer|nil HTTP status; nil if no answer came
---@field code string|nil the server's own code
---@field request_id string|nil the server's name for the request, for its support
---@field retryable boolean the same call may succeed later
---@field attempts integer attempts that were begun
---@field ambiguous boolean|nil the refusal answers a repetition: the first may have been applied
--- false: the answer is a web page, such as a firewall's, and not the service's. `kind` then
--- follows from the status alone.
---@field from_service false|nil
---@field details any the server's `detail`, `error` or `errors`, decoded: a table, string or nil
---@field warning string|nil what was allowed but is probably a slip
local Error = { __name = "elevenlabs.workspace.error", __concat = texts.concat }

--- The server's text goes to terminals and logs, so no error has more than one line.
M.one_line = texts.one_line

function Error.__tostring(self)
  local parts = { self.outcome, " (", self.kind }
  if self.status then
    parts[#parts + 1] = ", HTTP " .. string.format("%d", self.status)
  end
  if self.code then
    parts[#parts + 1] = ", " .. self.code
  end
  parts[#parts + 1] = "): " .. self.message
  if self.request_id then
    parts[#parts + 1] = " [request-id " .. self.request_id .. "]"
  end
  return M.one_line(table.concat(parts))
end

--- Make these fields an error; `kind`, `outcome` and `message` are required.
---@param fields table
---@return elevenlabs.workspace.Error
function M.new(fields)
  fields.message = M.one_line(fields.message)
  fields.retryable = fields.retryable or false
  fields.attempts = fields.attempts or 0
  return setmetatable(fields, Error)
end

--- An error of what never left this machine, from { kind, message, field }.
---@return elevenlabs.workspace.Error
function M.not_sent(failure)
  return M.new {
    kind = failure.kind,
    outcome = "not_sent",
    message = failure.message,
    field = failure.field,
  }
end

--- An argument or option that is wrong.
---@param field string
---@param message string
---@return elevenlabs.workspace.Error
function M.invalid(field, message)
  return M.not_sent { kind = "invalid_argument", field = field, message = message }
end

--- A bulk run that its owner did not let begin.
---@return elevenlabs.workspace.Error
function M.not_begun()
  return M.not_sent {
    kind = "cancelled",
    message = "cancelled before it began; nothing was sent",
  }
end

---@return boolean
function M.is(value)
  return getmetatable(value) == Error
end

return M
