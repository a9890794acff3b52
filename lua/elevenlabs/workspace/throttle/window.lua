--- How many requests may be in flight: a window that grows while the server keeps up and
--- shrinks when it does not, and a gate for the whole client. Pure.

local M = {}

local START, SMALLEST = 4, 1
local CUTS = { crowded = 0.7, busy = 0.5 }

---@class elevenlabs.workspace.Limiter
local Limiter = {}
Limiter.__index = Limiter

---@param most integer the window's ceiling
---@return elevenlabs.workspace.Limiter
function M.new(most)
  return setmetatable({
    ceiling = most,
    most = most, -- the ceiling, or less where the server names its own
    window = math.min(START, most),
    used = 0, -- the most in flight since the window last changed
    successes = 0, -- since then
    begun = 0, -- attempts so far, to tell which began before a cut
    cut_at = 0, -- `begun` at the last cut
    gate_at = 0, -- and when the gate last shut for a reason of our own
    opens_ms = 0, -- the gate
  }, Limiter)
end

--- How many may be in flight now.
---@return integer
function Limiter:places(now_ms)
  return now_ms < self.opens_ms and 0 or math.floor(self.window)
end

--- May one more be in flight now?
---@return boolean
function Limiter:has_place(in_flight, now_ms)
  return now_ms >= self.opens_ms and in_flight + 1 <= self.window
end

--- When the gate opens; in the past where it is open.
---@return number ms
function Limiter:opens_at()
  return self.opens_ms
end

--- An attempt is made.
---@param in_flight integer with it
---@return integer mark for `succeeded`, `cut` and `shut`
function Limiter:begin(in_flight)
  self.begun = self.begun + 1
  if in_flight > self.used then
    self.used = in_flight
  end
  return self.begun
end

local function set_window(self, window)
  self.window = math.max(SMALLEST, math.min(self.most, window))
  self.used, self.successes = 0, 0
end

--- An answer came that asks for no less. A full window of them, with the window in use,
--- makes it larger by one.
function Limiter:succeeded()
  self.successes = self.successes + 1
  if self.successes + 1 <= self.window then
    return
  elseif self.used + 1 > self.window then
    set_window(self, self.window + 1)
  else
    self.used, self.successes = 0, 0
  end
end

--- The server cannot keep up. One cut per round trip: what was sent before the last cut
--- tells nothing new.
---@param mark integer of the attempt
---@param load "crowded"|"busy" too many at once, or too much work
---@return boolean whether the window changed
function Limiter:cut(mark, load)
  if mark <= self.cut_at then
    return false
  end
  self.cut_at = self.begun
  set_window(self, self.window * CUTS[load])
  return true
end

--- The server said how many it takes at once.
---@param maximum integer
function Limiter:cap(maximum)
  self.most = math.max(SMALLEST, math.min(self.ceiling, maximum))
  if self.window > self.most then
    set_window(self, self.most)
  end
end

--- Shut the gate until then, if it is not shut for longer.
---@param asked boolean the server asked for it; what we choose ourselves counts once per
--- round trip, as the longest of many random times would not be random
---@return boolean whether it is shut for longer now
function Limiter:shut(mark, until_ms, asked)
  if until_ms <= self.opens_ms or (not asked and mark <= self.gate_at) then
    return false
  end
  self.opens_ms, self.gate_at = until_ms, self.begun
  return true
end

return M
