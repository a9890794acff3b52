--- What an answer means: the verdict on the evidence of one attempt. It keeps no state and decides
--- no timing.

local cjson = require "elevenlabs.workspace.cjson"
local core = require "elevenlabs.workspace.core"
local error_body = require "elevenlabs.workspace.answer.error_body"
local operations = require "elevenlabs.workspace.operations"
local receipts = require "elevenlabs.workspace.receipt"
local resources = require "elevenlabs.workspace.answer.resource"

local M = {}

local json = cjson.new()
json.decode_invalid_numbers(false) -- hexadecimal, NaN and Infinity are not JSON
json.decode_max_depth(64)

--- What to do next. "probe" and "stop" are for a bulk run; a single call takes them as "none".
---@alias elevenlabs.workspace.Action
---| "done"
---| "retry"  # send again
---| "resend" # send again if the operation is repeatable
---| "pause"  # send again after a pause of the whole client
---| "probe"  # send once more to be sure, then stop the run
---| "stop"   # stop the run: every item would end the same way
---| "none"   # do not send again

--- class = { outcome, kind, action, load }. `load`, if the server cannot keep up: "crowded" (too
--- many requests at once) or "busy".
local CLASSES = {
  -- nothing was sent
  unreachable = { "not_sent", "network", "retry" },
  connect_timeout = { "not_sent", "timeout", "retry", "busy" },
  proxy_unusable = { "not_sent", "network", "stop" },
  tls_untrusted = { "not_sent", "tls", "stop" },
  tls_failed = { "not_sent", "tls", "retry" },
  no_memory = { "not_sent", "out_of_memory", "none" },

  -- sent, and no answer that proves anything
  broken_off = { "unconfirmed", "network", "resend" },
  attempt_timeout = { "unconfirmed", "timeout", "resend", "busy" },
  unintelligible = { "unconfirmed", "untrusted_response", "resend" },
  unproved = { "unconfirmed", "untrusted_response", "resend" },
  too_large = { "unconfirmed", "untrusted_response", "none" }, -- a page: half of it may do
  unexpected_status = { "unconfirmed", "untrusted_response", "none" },
  redirected = { "unconfirmed", "untrusted_response", "stop" },
  -- A server or gateway may fail after the change was made. One that answers 503 did not begin.
  server_failed = { "unconfirmed", "server", "resend" },
  unavailable = { "unconfirmed", "server", "retry", "busy" },

  -- the server said no
  bad_key = { "refused", "authentication", "probe" },
  no_permission = { "refused", "permission", "probe" },
  unpaid = { "refused", "payment_required", "stop" },
  forbidden = { "refused", "permission", "none" },
  in_conflict = { "refused", "conflict", "retry" },
  throttled = { "refused", "rate_limited", "pause", "busy" },
  crowded = { "refused", "rate_limited", "pause", "crowded" },
  server_timeout = { "refused", "timeout", "pause", "busy" },
  not_found = { "refused", "not_found", "none" },
  unprocessable = { "refused", "unprocessable", "none" },
  rejected = { "refused", "invalid_request", "none" },
}

-- CURLcode numbers, named as in curl/curl.h.
local UNSENT = {
  [5] = "proxy_unusable", -- COULDNT_RESOLVE_PROXY
  [27] = "no_memory", -- OUT_OF_MEMORY
  [28] = "connect_timeout", -- OPERATION_TIMEDOUT
  [35] = "tls_failed", -- SSL_CONNECT_ERROR
  [58] = "tls_untrusted", -- SSL_CERTPROBLEM
  [60] = "tls_untrusted", -- PEER_FAILED_VERIFICATION
  [77] = "tls_untrusted", -- SSL_CACERT_BADFILE
  [97] = "proxy_unusable", -- PROXY
}
local SENT = {
  [1] = "unintelligible", -- UNSUPPORTED_PROTOCOL: HTTP/0.9 or garbage
  [8] = "unintelligible", -- WEIRD_SERVER_REPLY
  [23] = "unintelligible", -- WRITE_ERROR: our own caps and framing rules
  [27] = "unintelligible", -- OUT_OF_MEMORY: also what a 300 KB header line gives
  [28] = "attempt_timeout",
}

local REDIRECTS = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

-- The body's code comes before the status: a wrong key was answered with 400, a key without the
-- permission with 401.
local BY_CODE = {
  invalid_api_key = "bad_key",
  missing_permissions = "no_permission",
}
local REFUSED_BY_CODE = {
  rate_limit_exceeded = "throttled",
  concurrent_limit_exceeded = "crowded",
  too_many_concurrent_requests = "crowded",
  system_busy = "throttled",
}
local BY_STATUS = {
  [401] = "bad_key",
  [402] = "unpaid",
  [403] = "forbidden",
  [404] = "not_found",
  [408] = "server_timeout",
  [409] = "in_conflict",
  [422] = "unprocessable",
  [425] = "throttled",
  [429] = "throttled",
}
-- For a 4xx whose status has no class of its own.
local BY_TYPE = {
  authentication_error = "bad_key",
  payment_required = "unpaid",
  authorization_error = "forbidden",
  not_found = "not_found",
  conflict = "in_conflict",
  rate_limit_error = "throttled",
}

local BOM = "\239\187\191"

--- The decoded body; nil if the body is empty, no text or no JSON. The body of an error may begin with
--- a byte order mark.
local function decode(evidence)
  local body = evidence.body
  if evidence.status ~= 200 and body:sub(1, #BOM) == BOM then
    body = body:sub(#BOM + 1)
  end
  if body == "" or not evidence.is_text then
    return nil
  end
  return (json.decode(body))
end

--- Why a page does not hold the list or the map that was asked for, or nil. lua-cjson reads an empty
--- object and an empty array alike, so the core is asked.
---@param args { shape: "array"|"object"|nil, member: string|nil } which member of the page has which
--- shape; without a member the page itself
local function doubt_of_page(value, args, text)
  local asked = value
  if args.member then
    asked = value[args.member]
  end
  if args.shape and type(asked) == "table" and next(asked) == nil then
    local found = core.shape(text, args.member)
    return found ~= args.shape and ("its %s is no %s"):format(args.member or "body", args.shape)
  end
end

-- By the good answer of a read.
local READS = { resource = resources.doubt, page = doubt_of_page }

--- Why the answer is not the good answer of the operation, or nil. The core judges it; an answer that
--- nobody judged proves nothing. Whether a read holds what was asked for is judged here.
---@param good string the operation's good answer
local function doubt(good, evidence, args, value)
  if evidence.proof ~= true then
    return evidence.proof or "nobody judged its body"
  end
  local judge = READS[good]
  if judge and type(value) ~= "table" then
    return "its body is not JSON" -- for lua-cjson, which takes all that the core takes
  end
  return judge and judge(value, args, evidence.body)
end

-- In our words, because libcurl's message may quote the proxy's URL, with its password.
local PROXY_MESSAGE = "the proxy cannot be used: check its name, its URL and its credentials"

local GAVE_UP = "the server closed each connection, or refused each request, without an answer"
  .. " (libcurl tried %s times): the request may have been received"

--- libcurl has one message for a server that closes each connection and for a server that refuses
--- each HTTP/2 stream.
local function in_plain_words(message)
  local times = message:match "^Connection died, tried (%d+) times"
  return times and GAVE_UP:format(times) or message
end

---@return string class, string|nil why
local function classify_unsent(evidence)
  local class = UNSENT[evidence.curl_code] or "unreachable"
  if class == "proxy_unusable" or evidence.proxy_status == 407 then
    return "proxy_unusable", PROXY_MESSAGE
  end
  return class, evidence.message
end

local function classify_failure(status, code, type_)
  if BY_CODE[code] then
    return BY_CODE[code]
  end
  if status >= 500 then
    return status == 503 and "unavailable" or "server_failed"
  end
  return REFUSED_BY_CODE[code] or BY_STATUS[status] or BY_TYPE[type_] or "rejected"
end

---@return string class, string|nil why
local function classify_sent(good, evidence, why_not, said)
  local status = evidence.status
  if good == "page" and evidence.message:find("^the answer is larger than") then
    return "too_large", evidence.message
  elseif evidence.curl_code ~= 0 then
    return SENT[evidence.curl_code] or "broken_off", in_plain_words(evidence.message)
  elseif not evidence.head_ended then
    return "unintelligible", "the answer ended inside its headers"
  elseif status == 200 then
    return "unproved", "the server answered 200, but " .. why_not
  elseif REDIRECTS[status] then
    return "redirected", "the server answered with a redirect, which is never followed"
  elseif status < 400 or status > 599 then
    return "unexpected_status", "the server answered neither yes nor no"
  end
  local detail = error_body.read_detail(said)
  return classify_failure(status, detail.code, detail.type)
end

--- True if the body holds no secret. A body with an escape may hide one, so it counts as unclean.
local function is_clean(body, mask)
  return not body:find("\\", 1, true) and mask(body) == body
end

local function request_id_of(evidence, mask)
  local id = evidence.headers["request-id"]
  return id and error_body.text(mask(id), 128)
end

--- The receipt. Most bodies are clean, and a clean body is not copied.
local function confirm(evidence, value, mask)
  if not is_clean(evidence.body, mask) then
    value = mask(value)
  end
  return receipts.new(evidence.status, request_id_of(evidence, mask), value)
end

local function is_complete(evidence)
  return evidence.curl_code == 0 and evidence.head_ended and evidence.body ~= ""
end

--- What an answer that is no confirmation says, without secrets, and its details. The page of a
--- redirect says nothing.
---@return elevenlabs.workspace.Said, any details
local function read_answer(evidence, value, said, mask)
  if not is_clean(evidence.body, mask) then
    value, said = mask(value), mask(said)
  end
  local shown = error_body.read_detail(said)
  if shown.message or shown.code or not is_complete(evidence) or REDIRECTS[evidence.status] then
    return shown, said
  end
  local other, details = error_body.read_other(evidence.body, value, mask)
  return other, said or details
end

local function explain(evidence, why, shown)
  local answered = ("the server answered %d"):format(evidence.status)
  if shown.page and evidence.status == 200 then
    return answered .. ", but " .. shown.page
  elseif shown.excerpt then
    return (why or answered) .. ": " .. shown.excerpt
  end
  local message = shown.message or shown.page
  return why and message and why .. ": " .. message or why or message or answered
end

--- Judge one attempt of an operation.
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param evidence elevenlabs.workspace.Evidence
---@param mask fun(value: any): any takes secrets out of what is shown, before any text is cut. The
--- judgement is about the server's own words
---@param args table the operation's arguments
---@return elevenlabs.workspace.Receipt|table verdict if it is confirmed, the receipt, of class
--- "confirmed" and action "done"; else { class, outcome, kind, action, load, message, status, code,
--- field, request_id, ambiguous, from_service, details }, with `class` and `load` of CLASSES
function M.judge(op, evidence, mask, args)
  local value = decode(evidence)
  local said = type(value) == "table" and value.detail or nil
  local good = operations[op].answer
  local why_not = doubt(good, evidence, args, value)
  if not why_not then
    return confirm(evidence, value, mask)
  end
  local class, why
  if evidence.sent then
    class, why = classify_sent(good, evidence, why_not, said)
  else
    class, why = classify_unsent(evidence)
  end
  local row = CLASSES[class]
  local outcome, kind, action = row[1], row[2], row[3]
  if evidence.stopped and evidence.curl_code ~= 0 then
    kind, action, why = evidence.stopped, "none", evidence.message
  end
  local shown, details = {}, nil
  if not (good == "page" and evidence.status == 200) then -- a page may hold other people's secrets
    shown, details = read_answer(evidence, value, said, mask)
  end
  local from_service
  if shown.page then
    from_service = false
  end
  return {
    class = class,
    outcome = outcome,
    kind = kind,
    action = action,
    load = row[4],
    message = explain(evidence, mask(why), shown),
    status = evidence.status > 0 and evidence.status or nil,
    code = shown.code,
    field = shown.field,
    request_id = request_id_of(evidence, mask) or shown.request_id,
    ambiguous = outcome == "refused" and evidence.resent or nil,
    from_service = from_service,
    details = details,
  }
end

--- True if the same request may get a better answer later.
---@return boolean
function M.is_transient(action)
  return action == "retry" or action == "pause" or action == "resend"
end

--- True if the call may be sent again.
---@return boolean
function M.may_retry(op, action)
  return M.is_transient(action) and (action ~= "resend" or operations[op].is_repeatable)
end

return M
