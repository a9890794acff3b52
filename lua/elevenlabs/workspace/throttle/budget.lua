--- A budget of retries for the whole client, which keeps retries from multiplying an outage: a
--- token bucket, a circuit that opens when the bucket is empty, and the clock of the outage. Pure.

local backoff = require "elevenlabs.workspace.throttle.backoff"

local M = {}

--- The client gives up after it has failed for so long without one settled call.
M.OUTAGE_MS = 120000

local MAX_TOKENS, RETRY_COST, TIMEOUT_COST, UNREACHED_COST = 500, 5, 10, 50
local FIRST_PROBE_MS, MAX_PROBE_MS = 1000, 30000

---@class elevenlabs.workspace.Budget
---@field circuit_open boolean one probe at a time may be sent, until a call is settled
local Budget = {}
Budget.__index = Budget

---@return elevenlabs.workspace.Budget
function M.new()
  return setmetatable({
    tokens = MAX_TOKENS,
    circuit_open = false,
    probing = false, -- a probe is in flight
    probe_at_ms = 0,
    probe_pause_ms = FIRST_PROBE_MS,
    failing_since_ms = false, -- when the outage began, plus all excluded time
    excluded_ms = 0, -- the part of the excluded time that the server asked for
    failed_ms = 0, -- when the last attempt failed
  }, Budget)
end

--- An attempt was answered, and the answer settles its call.
---@param first_try boolean it was the first attempt of its call
---@param was_probe boolean
function Budget:settled(first_try, was_probe)
  if first_try and self.tokens < MAX_TOKENS then
    self.tokens = self.tokens + 1
  end
  if self.failing_since_ms or self.circuit_open or was_probe then
    self.circuit_open, self.failing_since_ms, self.excluded_ms = false, false, 0
    self.probing = self.probing and not was_probe
    self.probe_pause_ms = FIRST_PROBE_MS
  end
end

--- An attempt failed, and a later one may succeed. An attempt that reached nobody costs most,
--- because the next attempt will most likely reach nobody either.
---@param why "unreached"|"timeout"|"other"
---@param was_probe boolean
---@param now_ms number
function Budget:failed(why, was_probe, now_ms)
  local cost = why == "unreached" and UNREACHED_COST or why == "timeout" and TIMEOUT_COST
  self.failing_since_ms, self.failed_ms = self.failing_since_ms or now_ms, now_ms
  self.tokens = math.max(0, self.tokens - (cost or RETRY_COST))
  self.probing = self.probing and not was_probe
  if was_probe and self.circuit_open then
    self.probe_pause_ms = math.min(MAX_PROBE_MS, self.probe_pause_ms * 2)
    self.probe_at_ms = now_ms + self.probe_pause_ms
  elseif self.tokens == 0 and not self.circuit_open then
    self.circuit_open, self.probe_at_ms = true, now_ms + self.probe_pause_ms
  end
end

--- An attempt ended, and its end says nothing about the server.
---@param was_probe boolean
function Budget:inconclusive(was_probe)
  self.probing = self.probing and not was_probe
end

--- True if an attempt may be made.
---@return boolean
function Budget:allows(now_ms)
  return not self.circuit_open or (not self.probing and now_ms >= self.probe_at_ms)
end

--- An attempt is made.
---@return boolean whether it is a probe
function Budget:begin()
  self.probing = self.probing or self.circuit_open
  return self.circuit_open
end

--- When an attempt may be made. 0: at once. nil: not before the probe in flight has ended.
---@return number|nil ms
function Budget:allows_at()
  if self.circuit_open then
    return not self.probing and self.probe_at_ms or nil
  end
  return 0
end

--- The server asked for a pause until then: the pause is no part of the outage. At most 300 s of
--- pauses are excluded, because a server may ask for one pause after another for ever.
function Budget:exclude_pause(until_ms)
  if self.failing_since_ms then
    local more = math.max(0, until_ms - self.failing_since_ms)
    more = math.min(more, backoff.MAX_PAUSE_MS - self.excluded_ms)
    self.failing_since_ms = self.failing_since_ms + more
    self.excluded_ms = self.excluded_ms + more
  end
end

--- Nothing could be sent since then, and the server was not the reason: this time is no part of the
--- outage.
function Budget:exclude(since_ms, now_ms)
  if self.failing_since_ms then
    local began_ms = math.max(since_ms, self.failing_since_ms)
    self.failing_since_ms = self.failing_since_ms + math.max(0, now_ms - began_ms)
  end
end

--- Nothing was to be sent since the last failure: this time is no part of the outage.
function Budget:exclude_idle(now_ms)
  if self.failing_since_ms then
    self.failing_since_ms = self.failing_since_ms + math.max(0, now_ms - self.failed_ms)
    self.failed_ms = now_ms
  end
end

--- When the outage has lasted too long; nil while nothing fails.
---@return number|nil ms
function Budget:gives_up_at()
  return self.failing_since_ms and self.failing_since_ms + M.OUTAGE_MS or nil
end

--- The next failure begins a new outage.
function Budget:reset_outage()
  self.failing_since_ms, self.excluded_ms = false, 0
end

return M
