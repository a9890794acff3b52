--- How fast a client goes: what each attempt's end teaches the window, the gate and the
--- budget, and what they then allow. One for all calls of a client.

local backoff = require "elevenlabs.workspace.throttle.backoff"
local budgets = require "elevenlabs.workspace.throttle.budget"
local limiters = require "elevenlabs.workspace.throttle.window"
local outcome = require "elevenlabs.workspace.answer.outcome"

local M = {}

---@class elevenlabs.workspace.Pace

local Pace = {}
Pace.__index = Pace

---@param max_concurrency integer
---@param random fun(): number in [0, 1)
---@return elevenlabs.workspace.Pace
function M.new(max_concurrency, random)
  return setmetatable({
    limiter = limiters.new(max_concurrency),
    budget = budgets.new(),
    random = random,
  }, Pace)
end

--- How many may be in flight while the gate is open.
---@return integer
function Pace:window()
  return self.limiter:places(math.huge)
end

--- May one more be in flight?
---@return boolean
function Pace:has_place(in_flight, now_ms)
  return self.limiter:has_place(in_flight, now_ms)
end

--- May a call be sent, as far as an outage is concerned?
---@param parks boolean does this call wait it out?
---@return boolean
function Pace:trusts(parks, now_ms)
  return not parks or self.budget:allows(now_ms)
end

---@return boolean
function Pace:allows(in_flight, parks, now_ms)
  return self:has_place(in_flight, now_ms) and self:trusts(parks, now_ms)
end

--- When time alone will allow what it does not allow now; nil where it will not.
---@return number|nil ms
function Pace:opens_at(parks, now_ms)
  local gate = self.limiter:opens_at()
  return gate > now_ms and gate or not parks and 0 or self.budget:opens_at()
end

--- Not before this is anything sent.
function Pace:gate_opens_at()
  return self.limiter:opens_at()
end

--- For how long nothing is sent, by the gate or because an outage is waited out.
---@return number
function Pace:paused_ms(now_ms)
  local at = math.max(self.limiter:opens_at(), self.budget:opens_at() or 0)
  return math.max(0, at - now_ms)
end

--- When to give up waiting for a success; nil while nothing fails.
---@return number|nil ms
function Pace:gives_up_at()
  return self.budget:gives_up_at()
end

--- What comes next gets its own time.
function Pace:start_anew()
  self.budget:start_anew()
end

--- Nothing was to be sent since the last failure.
function Pace:was_idle(now_ms)
  self.budget:was_idle(now_ms)
end

--- Is the budget for retries empty?
function Pace:is_parked()
  return self.budget.parked
end

--- An attempt is made.
---@param in_flight integer with it
---@return integer mark, boolean is_probe
function Pace:begin(in_flight, parks)
  return self.limiter:begin(in_flight), parks and self.budget:begin()
end

--- Did the server say no, and mean it?
local function is_final(verdict)
  return verdict.outcome == "refused" and not outcome.is_transient(verdict.action)
end

local function failure_cost(verdict)
  return verdict.outcome == "not_sent" and "unreached"
    or verdict.kind == "timeout" and "timeout"
    or "other"
end

local function learn_failure(self, attempt, verdict, now_ms)
  local was_parked = self.budget.parked
  self.budget:failed(failure_cost(verdict), attempt.probe, now_ms)
  local cut = verdict.load and self.limiter:cut(attempt.mark, verdict.load)
  return cut or self.budget.parked ~= was_parked
end

--- Hold the whole client back where the server asks for it. Of too many at once the
--- smaller window takes care.
local function shut_gate(self, attempt, verdict, now_ms)
  local asked_ms, own_ms = verdict.asked_ms, verdict.own_ms
  local wants_gate = verdict.action == "gate" and verdict.load ~= "crowded"
  if backoff.is_too_long(asked_ms) or not (asked_ms or wants_gate) then
    return false
  end
  local pause_ms = asked_ms and backoff.pause_ms(asked_ms, own_ms, self.random()) or own_ms
  local shut = self.limiter:shut(attempt.mark, now_ms + pause_ms, asked_ms ~= nil)
  self.budget:excuse(self.limiter:opens_at())
  return shut
end

--- An attempt ended. No line here needs memory, so that an error leaves nothing half done.
---@param attempt table { mark, probe } as `begin` gave them
---@param verdict table of outcome.judge, and where it may be sent again `asked_ms`, the server's
--- Retry-After, and `own_ms`, this call's own backoff
---@param maximum integer|nil how many at once the server says it takes
---@return boolean whether the client holds back more than before
function Pace:learn(attempt, verdict, maximum, now_ms)
  if maximum then
    self.limiter:cap(maximum)
  end
  if verdict.outcome == "confirmed" or is_final(verdict) then
    self.limiter:succeeded()
    self.budget:settled(attempt.attempts == 1, attempt.probe)
    return false
  elseif not outcome.is_transient(verdict.action) then
    self.budget:lost(attempt.probe)
    return false
  end
  local held_back = learn_failure(self, attempt, verdict, now_ms)
  return shut_gate(self, attempt, verdict, now_ms) or held_back
end

return M
