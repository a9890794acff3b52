--- The sandbox's limits, and the faults that it draws at random: what becomes of a request before
--- the workspace sees it. Lua 5.1, no I/O; clock and random numbers come from outside. Codes
--- marked `ours` are this sandbox's own, as in the model.

local M = {}

-- ---- verdicts. `admitted`: counts as in flight. `apply`: reaches the workspace. `refusal`:
-- is sent in place of the answer. `close`: no answer

local SERVED = { admitted = true, apply = true }

local INTERNAL = {
  status = 500,
  type = "internal_error",
  code = "internal_error", -- ours
  message = "A fault of the sandbox (--fail-rate): the change may have been made.",
}

local UNAVAILABLE = {
  status = 503,
  type = "service_unavailable",
  code = "service_unavailable", -- ours
  message = "A fault of the sandbox (--fail-rate): no change was made.",
}

local FAILURES = {
  { admitted = true, apply = false, refusal = INTERNAL },
  { admitted = true, apply = false, refusal = UNAVAILABLE },
  { admitted = true, apply = true, refusal = INTERNAL },
  { admitted = true, apply = false, close = true },
  { admitted = true, apply = true, close = true },
}

local TOO_MANY_AT_ONCE = {
  admitted = false,
  apply = false,
  refusal = {
    status = 429,
    type = "rate_limit_error",
    code = "concurrent_limit_exceeded",
    message = "Too many concurrent requests (--max-concurrent).",
  },
}

local TOO_MANY_A_SECOND = {
  admitted = false,
  apply = false,
  refusal = {
    status = 429,
    type = "rate_limit_error",
    code = "rate_limit_exceeded",
    message = "Too many requests in this second (--rate-limit).",
    retry_after = 1,
  },
}

-- ---- the gate that all requests pass

local Gate = {}
Gate.__index = Gate

---@param options table { fail_rate = nil from 0 to 1, rate_limit = nil requests a second,
--- max_concurrent = nil, now = function: seconds, random = function: from 0 to below 1 }
function M.new(options)
  return setmetatable({
    fail_rate = options.fail_rate or 0,
    rate_limit = options.rate_limit or math.huge,
    max_concurrent = options.max_concurrent or math.huge,
    now = options.now,
    random = options.random,
    in_flight = 0,
    second = nil, -- the second that `taken` counts
    taken = 0,
  }, Gate)
end

--- The limit counts by seconds of the clock, so that after `retry-after` a new second has begun.
local function over_rate(self)
  local second = math.floor(self.now())
  if second ~= self.second then
    self.second, self.taken = second, 0
  end
  return self.taken >= self.rate_limit
end

--- Call this when a request arrives. A refused request counts in neither limit.
---@return table verdict { admitted, apply, refusal = nil, close = nil }: not to be changed
function Gate:enter()
  if self.in_flight >= self.max_concurrent then
    return TOO_MANY_AT_ONCE
  elseif over_rate(self) then
    return TOO_MANY_A_SECOND
  end
  self.in_flight, self.taken = self.in_flight + 1, self.taken + 1
  if self.random() >= self.fail_rate then
    return SERVED
  end
  return FAILURES[1 + math.floor(self.random() * #FAILURES)]
end

--- Call this once for each request, however it ended.
---@param verdict table what enter returned
function Gate:leave(verdict)
  self.in_flight = self.in_flight - (verdict.admitted and 1 or 0)
end

--- The headers that the limits add to an answer.
---@param verdict table
---@return table<string, string>
function Gate:headers(verdict)
  local headers = {}
  if self.max_concurrent < math.huge then
    headers["current-concurrent-requests"] = ("%d"):format(self.in_flight)
    headers["maximum-concurrent-requests"] = ("%d"):format(self.max_concurrent)
  end
  local retry_after = verdict.refusal and verdict.refusal.retry_after
  headers["retry-after"] = retry_after and ("%d"):format(retry_after)
  return headers
end

return M
