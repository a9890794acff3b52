--- Events: what a client tells its on_event function.

local texts = require "elevenlabs.workspace.text"

local M = {}

local NOTHING = {}

--- What a client tells its `on_event` function as it works, for logs and metrics. An event holds no
--- API key and no target. `print` shows an event on one line.
---
--- ```lua
--- local client = workspace.new {
---   api_key = "sk_sandbox_ada",
---   on_event = function(event)
---     if event.name == "done" then print(event) end
---   end,
--- }
--- ```
---@class elevenlabs.workspace.Event
--- "attempt": a request is on its way. "response": the end of a request. "throttle": the client
--- holds back. "retry": the call will be sent again. "done": the end of the call. A
--- call whose arguments are refused has the event "done" alone, with no attempts.
---@field name "attempt"|"response"|"throttle"|"retry"|"done"
--- The operation of the call. "list" reads a page of a list, for offboarding. Nil for an event of the
--- client itself.
---@field op "unshare"|"share"|"get"|"list"|"connect"|nil
--- The call's number within the client, from 1. The receipt or the error of the call has the same
--- number. Nil for an event of the client itself.
---@field call integer|nil
---@field resource_id string|nil The id of the resource. Nil for list and connect.
---@field resource_type string|nil The type of the resource. Nil for list and connect.
---@field attempts integer|nil Attempts of the call that were begun so far.
---@field elapsed_ms number|nil How long the attempt took (response), or the whole call (done).
--- The time until the call is sent again (retry), or until any call is sent (throttle).
---@field delay_ms number|nil
---@field window integer|nil How many requests may be in flight from now on (throttle).
--- What became of the attempt (response, retry) or of the call (done).
---@field outcome "confirmed"|"refused"|"unconfirmed"|"not_sent"|nil
---@field kind elevenlabs.workspace.Kind|nil The kind of the error, if the outcome is not confirmed.
---@field status integer|nil The HTTP status, if an answer came.
---@field code string|nil The server's own code.
---@field request_id string|nil The server's name for the request.
--- The error's message, if the outcome is not confirmed. In an event of the client itself: what is the
--- matter with the limit's store.
---@field message string|nil

local Event = { __name = "elevenlabs.workspace.event", __concat = texts.concat }

--- "refused (permission, HTTP 403, no_access): no admin access"
local function describe_result(event)
  local reason = {}
  reason[#reason + 1] = event.kind
  reason[#reason + 1] = event.status and ("HTTP %d"):format(event.status)
  reason[#reason + 1] = event.code
  return event.outcome
    .. (reason[1] and (" (%s)"):format(table.concat(reason, ", ")) or "")
    .. (event.message and ": " .. event.message or "")
end

--- "call 3, unshare voice voice_narrator", without the target.
---@return string
function M.describe_call(number, op, resource_type, resource_id)
  local what = ("call %d, %s"):format(number, op)
  if not resource_id then
    return what
  end
  return ("%s %s %s"):format(what, tostring(resource_type), tostring(resource_id))
end

--- "call 3, unshare voice voice_narrator: response after 12 ms: confirmed (HTTP 200)"
function Event.__tostring(self)
  local what = self.call
      and M.describe_call(self.call, self.op, self.resource_type, self.resource_id)
    or "the client"
  local parts = { what .. ": " .. self.name }
  if self.name == "attempt" then
    parts[1] = ("%s %d"):format(parts[1], self.attempts)
  elseif self.elapsed_ms then
    parts[1] = ("%s after %.0f ms"):format(parts[1], self.elapsed_ms)
  elseif self.delay_ms then
    parts[1] = ("%s, %.0f ms to wait"):format(parts[1], self.delay_ms)
  end
  parts[2] = self.outcome and describe_result(self) or self.message
  parts[#parts + 1] = self.window and ("%d requests at once"):format(self.window)
  return texts.one_line(table.concat(parts, ": "))
end

--- An event of the client itself.
---@param name string
---@param message string one line
---@param window integer
---@return elevenlabs.workspace.Event
function M.of_client(name, message, window)
  return setmetatable({ name = name, message = message, window = window }, Event)
end

--- An event of a call.
---@param call elevenlabs.workspace.Call
---@param name string
---@param attempts integer
---@param result table|nil an outcome with its fields
---@param facts table|nil { elapsed_ms, delay_ms, window }
---@return elevenlabs.workspace.Event
function M.new(call, name, attempts, result, facts)
  result, facts = result or NOTHING, facts or NOTHING
  return setmetatable({
    name = name,
    op = call.op,
    call = call.number,
    resource_id = call.args.resource_id,
    resource_type = call.args.resource_type,
    attempts = attempts,
    elapsed_ms = facts.elapsed_ms,
    delay_ms = facts.delay_ms,
    window = facts.window,
    outcome = result.outcome,
    kind = result.kind,
    status = result.status,
    code = result.code,
    request_id = result.request_id,
    message = result.outcome ~= "confirmed" and result.message and texts.one_line(result.message)
      or nil,
  }, Event)
end

return M
