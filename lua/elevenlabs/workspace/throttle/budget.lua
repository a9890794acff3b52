--- A budget of retries for the whole client, which keeps retries from multiplying an outage. Pure:
--- time comes from outside.

local backoff = require "elevenlabs.workspace.throttle.backoff"

local M = {}

--- The client gives up after it has failed for so long without one settled call.
M.OUTAGE_MS = 120000

local FULL, RETRY_COST, TIMEOUT_COST, UNREACHED_COST = 500, 5, 10, 50
local FIRST_PROBE_MS, LONGEST_PROBE_MS = 1000, 30000

--- Keeps retries from multiplying an outage: a token bucket of the whole client. Once it
--- is empty the client is parked: it sends one probe at a time, until one is answered.
---@class elevenlabs.workspace.Budget
---@field parked boolean
local Budget = {}
Budget.__index = Budget

---@return elevenlabs.workspace.Budget
function M.new()
  return setmetatable({
    tokens = FULL,
    parked = false,
    probing = false,
    probe_at_ms = 0,
    probe_pause_ms = FIRST_PROBE_MS,
    failing_since_ms = false,
    excused_ms = 0, -- for so long a server has kept everybody waiting since then
    failed_ms = 0, -- when the last attempt failed
  }, Budget)
end

--- An attempt was answered, and what it was about is settled by that.
---@param first_try boolean
---@param was_probe boolean
function Budget:settled(first_try, was_probe)
  if first_try and self.tokens < FULL then
    self.tokens = self.tokens + 1
  end
  self.parked, self.failing_since_ms, self.excused_ms = false, false, 0
  self.probing = self.probing and not was_probe
  self.probe_pause_ms = FIRST_PROBE_MS
end

--- An attempt failed; it will be repeated.
---@param why "unreached"|"timeout"|"other" what reached nobody costs most: whoever asks
--- next meets the same wall
---@param was_probe boolean
---@param now_ms number
function Budget:failed(why, was_probe, now_ms)
  local cost = why == "unreached" and UNREACHED_COST or why == "timeout" and TIMEOUT_COST
  self.failing_since_ms, self.failed_ms = self.failing_since_ms or now_ms, now_ms
  self.tokens = math.max(0, self.tokens - (cost or RETRY_COST))
  self.probing = self.probing and not was_probe
  if was_probe and self.parked then
    self.probe_pause_ms = math.min(LONGEST_PROBE_MS, self.probe_pause_ms * 2)
    self.probe_at_ms = now_ms + self.probe_pause_ms
  elseif self.tokens == 0 and not self.parked then
    self.parked, self.probe_at_ms = true, now_ms + self.probe_pause_ms
  end
end

--- An attempt ended that says nothing of the server.
---@param was_probe boolean
function Budget:lost(was_probe)
  self.probing = self.probing and not was_probe
end

--- May an attempt be made?
function Budget:allows(now_ms)
  return not self.parked or (not self.probing and now_ms >= self.probe_at_ms)
end

--- An attempt is made.
---@return boolean whether it is a probe
function Budget:begin()
  self.probing = self.probing or self.parked
  return self.parked
end

--- When time alone will allow one: 0 for at once, nil for not before a probe's end.
---@return number|nil ms
function Budget:opens_at()
  if self.parked then
    return not self.probing and self.probe_at_ms or nil
  end
  return 0
end

--- The server keeps everybody waiting until then: that is no outage, as long as no pause is
--- followed by another for ever.
function Budget:excuse(until_ms)
  if self.failing_since_ms then
    local more = math.max(0, until_ms - self.failing_since_ms)
    more = math.min(more, backoff.MAX_PAUSE_MS - self.excused_ms)
    self.failing_since_ms = self.failing_since_ms + more
    self.excused_ms = self.excused_ms + more
  end
end

--- Nothing was to be sent since the last failure: that time is no outage either.
function Budget:was_idle(now_ms)
  if self.failing_since_ms then
    self.failing_since_ms = self.failing_since_ms + math.max(0, now_ms - self.failed_ms)
    self.failed_ms = now_ms
  end
end

--- When to give up, nil while nothing fails.
---@return number|nil ms
function Budget:gives_up_at()
  return self.failing_since_ms and self.failing_since_ms + M.OUTAGE_MS or nil
end

--- Given up: what comes next gets its own time.
function Budget:start_anew()
  self.failing_since_ms, self.excused_ms = false, 0
end

return M
