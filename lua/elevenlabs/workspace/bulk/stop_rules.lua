--- Rules that stop a bulk run: every further item would meet the same answer. Each run has its
--- own rules.

local backoff = require "elevenlabs.workspace.throttle.backoff"

local M = {}

local FIRST_FORBIDDEN, FIRST_SAME = 20, 50 -- answers
local ODD_IN_A_ROW, TLS_IN_A_ROW = 20, 3

-- Of a verdict whose action is "stop", by its class.
local REASONS = {
  bad_key = "authentication",
  no_permission = "permission",
  unpaid = "payment_required",
  redirected = "redirect",
  proxy_unusable = "proxy",
  tls_untrusted = "tls",
}

---@class elevenlabs.workspace.StopRules
local Rules = {}
Rules.__index = Rules

-- A refused read concerns one resource or one list. Only these classes stop a run of reads.
local STOPS_READS = {
  bad_key = true,
  redirected = true,
  proxy_unusable = true,
  tls_untrusted = true,
}

---@param has_succeeded boolean|nil an earlier run had a confirmation. It may have left nothing but
--- items that are refused, so refusals alone are no reason to stop
---@param is_read boolean|nil the run reads, and changes nothing
---@return elevenlabs.workspace.StopRules
function M.new(has_succeeded, is_read)
  return setmetatable({
    is_read = is_read or false,
    answers = has_succeeded and 1 or 0, -- final answers
    refusal = false, -- the refusal common to all answers; false: there is none
    odd = 0, -- answers with an unexpected status, in a row
    tls_failures = 0, -- in a row
  }, Rules)
end

local function stop(reason, verdict, format, ...)
  return { reason = reason, message = format:format(...) .. ": " .. verdict.message }
end

--- Refusals are the same if class and code are; of a 403, if the class is.
local function refusal_of(verdict)
  local code = verdict.class ~= "forbidden" and verdict.code or ""
  return verdict.outcome == "refused" and verdict.class .. code
end

--- Count the answers from the first on, for as long as all are the same refusal.
local function see_answer(self, verdict)
  local refusal = refusal_of(verdict) -- may raise: nothing is counted before
  self.answers = self.answers + 1
  if self.answers > 1 and not self.refusal then
    return nil
  end
  self.refusal = (self.answers == 1 or self.refusal == refusal) and refusal
  if not self.refusal then
    return nil
  elseif verdict.class == "forbidden" and self.answers >= FIRST_FORBIDDEN then
    return stop("permission", verdict, "the first %d answers were all a 403", FIRST_FORBIDDEN)
  elseif self.answers >= FIRST_SAME then
    return stop("refusals", verdict, "the first %d answers were all the same", FIRST_SAME)
  end
end

--- Note a confirmation.
function Rules:confirm()
  self.answers = self.answers + 1
  self.refusal, self.odd, self.tls_failures = false, 0, 0
end

--- Note the end of one attempt.
---@param verdict table of outcome.judge, with `asked_ms`
---@return table|nil stop { reason, message }
function Rules:see(verdict)
  if verdict.class == "confirmed" then
    return self:confirm()
  end
  self.odd = verdict.class == "unexpected_status" and self.odd + 1 or 0
  self.tls_failures = verdict.class == "tls_failed" and self.tls_failures + 1 or 0
  if verdict.action == "stop" and (not self.is_read or STOPS_READS[verdict.class]) then
    return stop(REASONS[verdict.class], verdict, "every item would end like this one")
  elseif verdict.asked_ms and backoff.is_too_long(verdict.asked_ms) then
    local seconds = math.floor(verdict.asked_ms / 1000)
    return stop("rate_limited", verdict, "the server asks for a pause of %d s", seconds)
  elseif self.is_read and self.tls_failures < TLS_IN_A_ROW then
    return nil
  elseif self.odd >= ODD_IN_A_ROW then
    return stop("unexpected_answers", verdict, "%d such answers in a row", ODD_IN_A_ROW)
  elseif self.tls_failures >= TLS_IN_A_ROW then
    return stop("tls", verdict, "%d failures of TLS in a row", TLS_IN_A_ROW)
  elseif verdict.status and verdict.action == "none" then
    return see_answer(self, verdict)
  end
end

return M
