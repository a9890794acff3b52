--- The error value of this library: a table that reads, logs and concatenates like text.

local texts = require "elevenlabs.workspace.text"

local M = {}

--- What went wrong.
---@alias elevenlabs.workspace.Kind
---| "invalid_argument"   # Refused here, before anything was sent. `field` names the fault.
---| "authentication"     # The API key is missing or wrong.
---| "permission"         # The key or its owner may not do this.
---| "payment_required"   # The subscription does not allow it.
---| "invalid_request"    # The server found the request wrong. See `details`.
---| "not_found"          # There is no such resource, user or group that the key may see.
---| "conflict"           # Another change was made at the same time. Call again.
---| "unprocessable"      # The server found a field wrong (422). See `details`.
---| "rate_limited"       # Too many requests, or too many at once. Call again later.
---| "server"             # The server failed (5xx). Call again later.
---| "network"            # There was no connection, or the connection broke.
---| "timeout"            # `connect_timeout_ms`, `attempt_timeout_ms` or `deadline_ms` passed.
---| "tls"                # No connection could be trusted. See `ca_file` and the date.
---| "untrusted_response" # The answer proves nothing: cut, no JSON, a redirect, a proxy's page.
---| "cancelled"          # `call:cancel` or `run:cancel` ended the call.
---| "closed"             # `client:close` ended the call.
---| "out_of_memory"      # Memory ran out on this machine.
---| "journal"            # The file is locked, damaged, of another kind, or cannot be written.

--- What became of a call that was not confirmed.
---@alias elevenlabs.workspace.FailedOutcome
---| "refused"     # The server said no.
---| "unconfirmed" # The request was sent, and nobody can know. Read the resource.
---| "not_sent"    # The request never reached a server.

--- The second result of a call that failed. An error prints, concatenates and logs like text. In
--- Lua 5.1, 5.2 and LuaJIT raise one with `error(tostring(err))`: `assert` hides the cause there.
---@class elevenlabs.workspace.Error
---@field kind elevenlabs.workspace.Kind What went wrong. Decide by this field.
---@field outcome elevenlabs.workspace.FailedOutcome What became of the request.
--- The call's number within the client: the events of the call have the same number. Nil if there was
--- no call, as after `client:close`, in a dry run, or for an item of which an earlier run knows enough.
---@field call integer|nil
---@field message string One line for people. The API key is never in the line.
---@field field string|nil The argument or option at fault.
---@field status integer|nil The HTTP status. Nil if no answer came.
---@field code string|nil The server's own code, such as "missing_permissions".
--- The server's name for the request. The service's support asks for the name.
---@field request_id string|nil
--- True if the same call may succeed later. A journal that another run has is such a case.
---@field retryable boolean
---@field attempts integer Attempts that were begun.
--- True if the server refused a repetition: an earlier attempt may have been applied.
---@field ambiguous boolean|nil
--- False if the answer is a web page, such as a firewall's, and not the service's. `kind` then
--- follows from the status alone.
---@field from_service false|nil
--- The server's `detail`, `error` or `errors`, decoded: a table, a string or nil. Of a file with
--- errors, the list of the first 100.
---@field details any
--- What was allowed, but is probably a slip. Example: a secret key in place of its id.
---@field warning string|nil
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

--- The error of a call that cannot be made because the client is closed.
---@return elevenlabs.workspace.Error
function M.closed()
  return M.not_sent { kind = "closed", message = "the client is closed" }
end

---@return boolean
function M.is(value)
  return getmetatable(value) == Error
end

return M
