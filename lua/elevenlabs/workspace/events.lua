--- What a client tells its on_event function as it works.

local M = {}

--- What a client tells its on_event function as it works, for logs and metrics. It holds
--- no API key and no target.
---@class elevenlabs.workspace.Event
--- "attempt": a request is on its way; "response": its end; "throttle": the client holds
--- back; "retry": the call will be sent again; "done": the call's end.
---@field name "attempt"|"response"|"throttle"|"retry"|"done"
---@field op "unshare"|"share"|"get"|"connect"
---@field call integer the call's number within the client, from 1
---@field resource_id string|nil nil for connect
---@field resource_type string|nil nil for connect
---@field attempts integer attempts that were begun so far
---@field elapsed_ms number|nil of the attempt (response) or of the whole call (done)
---@field delay_ms number|nil until it is sent again (retry), or until anything is (throttle)
---@field window integer|nil how many requests may be in flight from now on (throttle)
---@field outcome "confirmed"|"refused"|"unconfirmed"|"not_sent"|nil of response, retry, done
---@field kind elevenlabs.workspace.Kind|nil where the outcome is not confirmed
---@field status integer|nil HTTP status, where there was one
---@field code string|nil the server's own code
---@field request_id string|nil
---@field message string|nil where the outcome is not confirmed

--- The user's function may raise: that is counted, and no call suffers by it.
---@param engine elevenlabs.workspace.Engine
---@param call elevenlabs.workspace.Call
---@param name string
---@param facts table { result = an outcome with its fields, elapsed_ms, delay_ms, window }
function M.emit(engine, call, name, facts)
  local result = facts.result or {}
  local ok = pcall(engine.on_event, {
    name = name,
    op = call.op,
    call = call.number,
    resource_id = call.args.resource_id,
    resource_type = call.args.resource_type,
    attempts = call.attempts,
    elapsed_ms = facts.elapsed_ms,
    delay_ms = facts.delay_ms,
    window = facts.window,
    outcome = result.outcome,
    kind = result.kind,
    status = result.status,
    code = result.code,
    request_id = result.request_id,
    message = result.outcome ~= "confirmed" and result.message or nil,
  })
  engine.counts.event_errors = engine.counts.event_errors + (ok and 0 or 1)
end

return M
