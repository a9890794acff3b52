--- Proof of a call that the server confirmed.

local texts = require "elevenlabs.workspace.text"

local M = {}

--- The proof of a call that the server confirmed. `print` shows a receipt on one line that begins
--- with "confirmed". A receipt concatenates like text.
---@class elevenlabs.workspace.Receipt
---@field outcome "confirmed" Always "confirmed".
--- The call's number within the client: the events of the call have the same number. Nil if an earlier
--- run of a journal got the confirmation.
---@field call integer|nil
--- The HTTP status. Nil if an earlier run of a journal got the confirmation.
---@field status integer|nil
--- The server's name for the request. The service's support asks for the name.
---@field request_id string|nil
---@field attempts integer Attempts that were begun.
---@field elapsed_ms number The time from the call's start to its end, waiting included.
---@field body any The decoded answer: any JSON value. Nil if the answer was empty.
--- What was allowed, but is probably a slip. Example: a secret key in place of its id.
---@field warning string|nil

-- A receipt is also the verdict on its attempt; these two fields of a verdict are always the same.
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

--- The receipt of an attempt. It has room for what the call sets later: `call`, `attempts`,
--- `elapsed_ms` and `warning`.
---@param status integer
---@param request_id string|nil
---@param body any
---@return elevenlabs.workspace.Receipt
function M.new(status, request_id, body)
  return setmetatable({
    outcome = "confirmed",
    call = 0,
    status = status,
    request_id = request_id,
    body = body,
    attempts = 0,
    elapsed_ms = 0,
    warning = nil,
  }, Receipt)
end

--- The receipt of an item that an earlier run confirmed. The run knows no more of it.
---@return elevenlabs.workspace.Receipt
function M.earlier()
  return setmetatable({ outcome = "confirmed", attempts = 0, elapsed_ms = 0 }, Receipt)
end

return M
