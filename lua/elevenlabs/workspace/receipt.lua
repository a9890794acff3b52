--- Proof of a call that the server confirmed.

local texts = require "elevenlabs.workspace.text"

local M = {}

--- Proof of a call that the server confirmed. `tostring` of it begins with "confirmed". It concatenates like text.
---@class elevenlabs.workspace.Receipt
---@field outcome "confirmed"
---@field status integer|nil HTTP status; nil where an earlier run of a journal got it
---@field request_id string|nil the server's name for the request, for its support
---@field attempts integer attempts that were begun
---@field elapsed_ms number from the call's start to its end, waiting included
---@field body any the answer, decoded: any JSON value; nil where it was empty
---@field warning string|nil what was allowed but is probably a slip

-- It is its attempt's verdict too, of which these are no news.
local Receipt = {
  __name = "elevenlabs.workspace.receipt",
  __index = { class = "confirmed", action = "done" },
  __concat = texts.concat,
}

function Receipt.__tostring(self)
  if not self.status then
    return "confirmed by an earlier run"
  end
  local request = self.request_id and (" [request-id %s]"):format(self.request_id) or ""
  return texts.one_line(("confirmed (HTTP %d)%s"):format(self.status, request))
end

--- Of an attempt. The call adds `attempts`, `elapsed_ms` and `warning`, for which there is room.
---@param status integer
---@param request_id string|nil
---@param body any
---@return elevenlabs.workspace.Receipt
function M.new(status, request_id, body)
  return setmetatable({
    outcome = "confirmed",
    status = status,
    request_id = request_id,
    body = body,
    attempts = 0,
    elapsed_ms = 0,
    warning = nil,
  }, Receipt)
end

--- Of an earlier run, as the journal has it.
---@return elevenlabs.workspace.Receipt
function M.earlier()
  return setmetatable({ outcome = "confirmed", attempts = 0, elapsed_ms = 0 }, Receipt)
end

return M
