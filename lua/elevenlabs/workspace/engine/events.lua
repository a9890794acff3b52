--- Events: what a client tells its on_event function.

local texts = require "elevenlabs.workspace.text"

local M = {}

local NOTHING = {}

--- What a client tells its on_event function as it works, for logs and metrics. An event holds no
--- API key and no target. `tostring` of an event is one line.
---@class elevenlabs.workspace.Event
--- "attempt": a request is on its way; "response": the request's end; "throttle": the client holds
--- back; "retry": the call will be sent again; "done": the call's end. A call whose arguments
--- are refused has the event "done" alone, with no attempts.
---@field name "attempt"|"response"|"throttle"|"retry"|"done"
---@field op "unshare"|"share"|"get"|"list"|"connect"
--- The call's number within the client, from 1. Its receipt or error has the same.
---@field call integer
---@field resource_id string|nil nil for connect
---@field resource_type string|nil nil for connect
---@field attempts integer attempts that were begun so far
---@field elapsed_ms number|nil of the attempt (response) or of the whole call (done)
---@field delay_ms number|nil until the call is sent again (retry), or any call is (throttle)
---@field window integer|nil how many requests may be in flight from now on (throttle)
---@field outcome "confirmed"|"refused"|"unconfirmed"|"not_sent"|nil of response, retry, done
---@field kind elevenlabs.workspace.Kind|nil if the outcome is not confirmed
---@field status integer|nil HTTP status, if an answer came
---@field code string|nil the server's own code
---@field request_id string|nil
---@field message string|nil if the outcome is not confirmed

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
  local what = M.describe_call(self.call, self.op, self.resource_type, self.resource_id)
  local parts = { what .. ": " .. self.name }
  if self.name == "attempt" then
    parts[1] = ("%s %d"):format(parts[1], self.attempts)
  elseif self.elapsed_ms then
    parts[1] = ("%s after %.0f ms"):format(parts[1], self.elapsed_ms)
  elseif self.delay_ms then
    parts[1] = ("%s, %.0f ms to wait"):format(parts[1], self.delay_ms)
  end
  parts[2] = self.outcome and describe_result(self)
  parts[#parts + 1] = self.window and ("%d requests at once"):format(self.window)
  return texts.one_line(table.concat(parts, ": "))
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
