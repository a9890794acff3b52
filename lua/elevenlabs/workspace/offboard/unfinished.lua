--- Errors of commands that did not come to their end: why, how far the command came, and what to do
--- next.

local errors = require "elevenlabs.workspace.error"

local M = {}

-- The kind of an error by the reason of a stop; network if the table has none.
local KINDS = {
  authentication = "authentication",
  callback = "journal", -- a record could not be written
  cancelled = "cancelled",
  closed = "closed",
  journal = "journal",
  permission = "permission",
  rate_limited = "rate_limited",
  tls = "tls",
}

-- Reasons that pass by themselves. The same command may go further later.
local PASSES = { outage = true, rate_limited = true }

--- The error for a run that stopped early. Whoever knows whether a change was sent adds it.
---@param report elevenlabs.workspace.Report
---@return elevenlabs.workspace.Error
function M.stopped(report)
  return errors.new {
    kind = KINDS[report.stopped] or "network",
    outcome = "not_sent",
    message = "stopped early: " .. tostring(report.stop_message),
    retryable = PASSES[report.stopped],
  }
end

--- The error for a command that was cancelled between two runs.
---@return elevenlabs.workspace.Error
function M.cancelled()
  return M.stopped { stopped = "cancelled", stop_message = "it was cancelled" }
end

--- The same error, with a further sentence. An error of a command that sent a change never says
--- that nothing was sent.
---@param err elevenlabs.workspace.Error
---@param sentence string without a full stop
---@param has_sent boolean|nil the command sent a change
---@return elevenlabs.workspace.Error
function M.with(err, sentence, has_sent)
  local fields = {}
  for name, value in pairs(err) do
    fields[name] = value
  end
  fields.message = ("%s. %s"):format(err.message, sentence)
  fields.outcome = has_sent and "unconfirmed" or err.outcome
  return errors.new(fields)
end

--- The error of a reading of everything that stopped early. Nil if the reading came to its end.
---@param found elevenlabs.workspace.offboard.Discovery|nil
---@param err elevenlabs.workspace.Error|nil
---@param sentence string what to do next, if the reading was stopped
---@return elevenlabs.workspace.Error|nil
function M.of_reading(found, err, sentence)
  local stopped = not err and found and found.report.stopped and M.stopped(found.report)
  if stopped or err and err.kind == "cancelled" then
    return M.with(stopped or err, sentence)
  end
  return err
end

return M
