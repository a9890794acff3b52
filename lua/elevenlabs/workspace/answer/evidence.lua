--- The evidence of an attempt: how it ended, as a core reports it. The core in C makes its own
--- (csrc/binding/result.c); every other core makes it here, with the same fields.

local core = require "elevenlabs.workspace.core"

local M = {}

--- A completion of a core: the evidence of one attempt.
---@class elevenlabs.workspace.Evidence
---@field id integer the core's number of the attempt
---@field sent boolean the request may have left this machine
---@field resent boolean libcurl sent it again: an earlier one may have been applied
---@field curl_code integer libcurl's result; 0: the transfer ended without error
---@field status integer HTTP status; 0: none
---@field proxy_status integer a proxy's answer to CONNECT; 0: none
---@field head_ended boolean the blank line that ends the headers was seen
---@field whole boolean the body is proved whole by its length or its terminal chunk
---@field is_text boolean the body is well-formed UTF-8; its control characters are tab, LF and CR
--- true: the body confirms a change if the status is 200. A string: why it does not. nil: nobody
--- judged the body, and it confirms nothing.
---@field body_proof true|string|nil
---@field headers table<string, string> lower-case names
---@field body string
---@field message string what went wrong below HTTP; "" on success
---@field elapsed_ms number from the attempt's start to its end
--- Why the engine ended the attempt. The engine sets this, no core does.
---@field stopped "cancelled"|"timeout"|"closed"|nil

-- An attempt that the server confirmed. Most attempts end so: these values are read through the
-- metatable, because a table of all fields costs memory.
local USUAL = {
  id = 0,
  sent = true,
  resent = false,
  curl_code = 0,
  status = 200,
  proxy_status = 0,
  head_ended = true,
  whole = true,
  is_text = true,
  headers = {},
  body = '{"status":"ok"}',
  message = "",
  elapsed_ms = 0,
}
local Evidence = { __index = USUAL }

--- Evidence of these fields; the others are those of a confirmation. The body is judged as the
--- core in C judges it.
---@param fields table of elevenlabs.workspace.Evidence; becomes the evidence
---@return elevenlabs.workspace.Evidence
function M.new(fields)
  setmetatable(fields, Evidence)
  fields.body_proof = core.judge_body(fields.body, fields.whole)
  return fields
end

return M
