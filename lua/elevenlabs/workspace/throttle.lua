--- How fast a client goes: the results of all attempts set its window, its pause and its budget of
--- retries, and these say when the next attempt may be made. If the client shares a limit, its places
--- in the limit stand for window and pause, and the limit's store says who makes the probe of an
--- outage.

local backoff = require "elevenlabs.workspace.throttle.backoff"
local budgets = require "elevenlabs.workspace.throttle.budget"
local limiters = require "elevenlabs.workspace.throttle.window"
local outcome = require "elevenlabs.workspace.answer.outcome"

local M = {}

--- One for all calls of a client.
---@class elevenlabs.workspace.Throttle
local Throttle = {}
Throttle.__index = Throttle

---@param max_concurrency integer
---@param random fun(): number in [0, 1)
---@param places elevenlabs.workspace.limits.Places|nil of a limit that the client shares
---@return elevenlabs.workspace.Throttle
function M.new(max_concurrency, random, places)
  return setmetatable({
    limiter = places or limiters.new(max_concurrency),
    shared = places or false,
    budget = budgets.new(),
    random = random,
    withheld_since_ms = false, -- the limit lets nothing through, and the server is not the reason
  }, Throttle)
end

--- How many may be in flight while there is no pause: of this client, or of all that share its limit.
---@return integer
function Throttle:window()
  return self.shared and self.shared:window() or self.limiter:places(math.huge)
end

--- How many may be in flight at this time, as far as known. 0: there is a pause, or the limit lets
--- nothing through.
---@return integer
function Throttle:places(now_ms)
  return self.limiter:places(now_ms)
end

--- True if the circuit lets the call through. Calls that do not wait out outages are not held back
--- here: they are not sent again while the circuit is open.
---@param waits_out_outages boolean of the call's group
---@return boolean
function Throttle:circuit_allows(waits_out_outages, now_ms)
  local budget = self.budget
  if self.shared then
    return true -- the limit has a place for a probe, and for nothing else
  end
  return not (waits_out_outages and budget.circuit_open) or budget:allows(now_ms)
end

--- When the pause and the circuit will let a call through. nil: not before a probe has ended.
---@return number|nil ms
function Throttle:allows_at(waits_out_outages, now_ms)
  local paused_until_ms = self.limiter:paused_until()
  if paused_until_ms > now_ms then
    return paused_until_ms
  elseif self.shared or not waits_out_outages then
    return 0
  end
  return self.budget:allows_at()
end

--- When the pause ends. Nothing is sent before this time.
---@return number ms
function Throttle:paused_until()
  return self.limiter:paused_until()
end

--- How long nothing will be sent of a call that waits out outages.
---@return number
function Throttle:paused_ms(now_ms)
  local circuit_at = not self.shared and self.budget:allows_at() or 0
  return math.max(0, math.max(self.limiter:paused_until(), circuit_at) - now_ms)
end

--- When the outage has lasted too long; nil while nothing fails, or while the limit lets nothing
--- through.
---@return number|nil ms
function Throttle:gives_up_at()
  return not self.withheld_since_ms and self.budget:gives_up_at() or nil
end

--- The next failure begins a new outage.
function Throttle:reset_outage()
  self.budget:reset_outage()
end

--- Nothing was to be sent since the last failure: this time is no part of the outage.
function Throttle:exclude_idle(now_ms)
  self.budget:exclude_idle(now_ms)
end

--- True if the budget was used up and no call was settled since.
---@return boolean
function Throttle:is_circuit_open()
  return self.budget.circuit_open
end

--- An attempt is made.
---@param in_flight integer including this attempt
---@return integer mark, boolean is_probe
function Throttle:begin(in_flight, waits_out_outages)
  local may_probe = waits_out_outages or self.shared
  return self.limiter:begin(in_flight), may_probe and self.budget:begin() or false
end

--- True if the server said no, and would say no again.
local function is_final(verdict)
  return verdict.outcome == "refused" and not outcome.is_transient(verdict.action)
end

local function failure_cost(verdict)
  return verdict.outcome == "not_sent" and "unreached"
    or verdict.kind == "timeout" and "timeout"
    or "other"
end

--- Tell the limit that the client shares of the circuit, and of a probe that did not succeed.
local function tell_limit(self, failed_probe)
  if failed_probe then
    self.shared:probe_failed()
  end
  self.shared:park(self.budget.circuit_open)
end

local function record_failure(self, attempt, verdict, now_ms)
  local was_open = self.budget.circuit_open
  self.budget:failed(failure_cost(verdict), attempt.probe, now_ms)
  if self.shared then
    tell_limit(self, attempt.probe)
  end
  local cut = verdict.load and self.limiter:cut(attempt.mark, verdict.load)
  return cut or self.budget.circuit_open ~= was_open
end

--- Pause the whole client if the server asks for it. After too many requests at once there is no
--- pause: the window is smaller then.
local function pause(self, attempt, verdict, now_ms)
  local asked_ms, own_ms = verdict.asked_ms, verdict.own_ms
  local wants_pause = verdict.action == "pause" and verdict.load ~= "crowded"
  if backoff.is_too_long(asked_ms) or not (asked_ms or wants_pause) then
    return false
  end
  local pause_ms = asked_ms and backoff.pause_ms(asked_ms, own_ms, self.random()) or own_ms
  local is_longer = self.limiter:pause(attempt.mark, now_ms + pause_ms, asked_ms ~= nil)
  self.budget:exclude_pause(self.limiter:paused_until())
  return is_longer
end

--- An attempt's answer settled its call.
---@param attempt table as for `record_result`
function Throttle:settled(attempt)
  self.limiter:succeeded()
  self.budget:settled(attempt.attempts == 1, attempt.probe)
  if self.shared then
    tell_limit(self, false)
  end
end

--- An attempt ended. No line here allocates: an error cannot leave the result half recorded.
---@param attempt table { mark, probe } as `begin` gave them, and { attempts } of the call so far
---@param verdict table of outcome.judge; if the call may be sent again, also `asked_ms`, the
--- server's Retry-After, and `own_ms`, the call's own backoff
---@param maximum integer|nil how many at once the server says it takes
---@return boolean held_back whether the client holds back more than before
function Throttle:record_result(attempt, verdict, maximum, now_ms)
  if maximum then
    self.limiter:cap(maximum)
  end
  if verdict.outcome == "confirmed" or is_final(verdict) then
    self:settled(attempt)
    return false
  elseif not outcome.is_transient(verdict.action) then
    self.budget:inconclusive(attempt.probe)
    if self.shared then
      tell_limit(self, attempt.probe) -- or all clients would wait for its end
    end
    return false
  end
  local held_back = record_failure(self, attempt, verdict, now_ms)
  return pause(self, attempt, verdict, now_ms) or held_back
end

-- ---- a limit that the client shares

--- Why the limit lets nothing through, for people; nil: it does, or it pauses, or there is none.
---@return string|nil
function Throttle:why(now_ms)
  return self.shared and self.shared:why(now_ms) or nil
end

--- The limit's store answered, or did not. Time in which the limit let nothing through is no part of
--- an outage, unless the outage itself was the reason.
function Throttle:exchanged(now_ms)
  local budget, shared, since_ms = self.budget, self.shared, self.withheld_since_ms
  if budget.circuit_open and not shared:is_parked() then
    budget:settled(false, false) -- by the probe of another client
  end
  if since_ms then
    budget:exclude(since_ms, now_ms)
  end
  local why, is_outage = shared:why(now_ms)
  self.withheld_since_ms = why and not is_outage and now_ms or false
end

--- This process is the child of a fork.
function Throttle:forked()
  if self.shared then
    self.shared:forked()
  end
end

return M
