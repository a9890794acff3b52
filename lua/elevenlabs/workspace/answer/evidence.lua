--- The evidence of an attempt: how it ended, as a core reports it. The core in C makes its own
--- (csrc/binding/result.c); every other core makes it here, in the same form.

local cjson = require "elevenlabs.workspace.cjson"
local core = require "elevenlabs.workspace.core"
local operations = require "elevenlabs.workspace.operations"

local M = {}

--- The evidence of one attempt.
---@class elevenlabs.workspace.Evidence
---@field slot integer where the attempt was
---@field sent boolean the request may have left this machine
---@field resent boolean libcurl sent it again: an earlier one may have been applied
---@field curl_code integer libcurl's result; 0: the transfer ended without error
---@field status integer HTTP status; 0: none
---@field proxy_status integer a proxy's answer to CONNECT; 0: none
---@field head_ended boolean the blank line that ends the headers was seen
---@field whole boolean the body is proved whole by its length or its terminal chunk
---@field is_text boolean the body is well-formed UTF-8; its control characters are tab, LF and CR
--- true: the answer is a good one; whether the content of a read is, Lua judges. A string: why it is
--- not. nil: nobody judged the answer, and it confirms nothing.
---@field proof true|string|nil
---@field shows_key boolean the body, a header or the message may hold the attempt's key
---@field headers table<string, string> lower-case names
---@field body string
---@field message string what went wrong below HTTP; "" on success
---@field elapsed_ms number from the attempt's start to its end
---@field plain_code integer|nil of a core in Lua alone, see `divider`
--- Why the engine ended the attempt. The engine sets this, no core does.
---@field stopped "cancelled"|"timeout"|"closed"|nil

-- An attempt that the server confirmed. Most attempts end so: these values are read through the
-- metatable, because a table of all fields costs memory.
local USUAL = {
  slot = 0,
  sent = true,
  resent = false,
  curl_code = 0,
  status = 200,
  proxy_status = 0,
  head_ended = true,
  whole = true,
  shows_key = false,
  headers = {},
  body = '{"status":"ok"}',
  message = "",
  elapsed_ms = 0,
}
local Evidence = { __index = USUAL }

--- True if a text of the answer may hold the key. An escape or an entity in the body may hide it.
local function shows(evidence, key)
  local body = evidence.body
  local is_shown = body:find "[\\&]" or body:find(key, 1, true)
    or evidence.message:find(key, 1, true)
  for _, value in pairs(evidence.headers) do
    is_shown = is_shown or value:find(key, 1, true)
  end
  return is_shown and true
end

-- The bodies of plain confirmations.
local CODES = { [""] = 0, ["null"] = 1, ['{"status":"ok"}'] = 2 }

--- The code of the body; nil: the answer is not a plain confirmation.
local function plain_code(op, evidence)
  return operations[op].answer == "confirmation"
      and evidence.proof == true
      and not evidence.resent
      and not evidence.shows_key
      and CODES[evidence.body]
    or nil
end

--- Evidence of these fields; the others are those of a confirmation. The answer is judged as the
--- core in C judges it.
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param fields table of elevenlabs.workspace.Evidence; becomes the evidence
---@param key string|false|nil the attempt's
---@return elevenlabs.workspace.Evidence
function M.new(op, fields, key)
  setmetatable(fields, Evidence)
  fields.proof, fields.is_text = core.judge(op, fields)
  fields.shows_key = key and shows(fields, key) or nil
  fields.plain_code = plain_code(op, fields)
  return fields
end

--- The evidence of an attempt that was cancelled before it was sent.
---@return elevenlabs.workspace.Evidence
function M.cancelled(op, slot)
  return M.new(op, {
    slot = slot,
    sent = false,
    curl_code = 42, -- CURLE_ABORTED_BY_CALLBACK
    status = 0,
    head_ended = false,
    whole = false,
    body = "",
    message = "cancelled",
  })
end

-- ---- what a step returns

--- The decoded body of a plain confirmation; nil if it is empty.
---@param code integer the third value of a plain confirmation
function M.body_of(code)
  if code == CODES["null"] then
    return cjson.null
  end
  return code ~= CODES[""] and { status = "ok" } or nil
end

--- A function that gives what `step` and `close` of a core return. Each core has its own. The array
--- of plain confirmations is used again. Each has four values there: slot, request id or false, code
--- of the body, elapsed_ms.
---@return fun(list: elevenlabs.workspace.Evidence[]): table, integer, table plain confirmations, how
--- many they are, and the evidence of all else
function M.divider()
  local plain, maximum = {}, nil
  return function(list)
    local count, others = 0, {}
    for _, evidence in ipairs(list) do
      local code, said = evidence.plain_code, evidence.headers["maximum-concurrent-requests"]
      if code and (said == nil or said == maximum) then
        local at = 4 * count
        plain[at + 1], plain[at + 2] = evidence.slot, evidence.headers["request-id"] or false
        plain[at + 3], plain[at + 4] = code, evidence.elapsed_ms
        count = count + 1
      else
        others[#others + 1] = evidence
        maximum = said or maximum
      end
    end
    return plain, count, others
  end
end

return M
