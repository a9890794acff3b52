--- How many requests may be in flight: a window that grows while the server keeps up and shrinks
--- when it does not, and a pause of the whole client. Pure: time comes from outside.

local M = {}

local FIRST_WINDOW, MIN_WINDOW = 4, 1
local CUTS = { crowded = 0.7, busy = 0.5 }

---@class elevenlabs.workspace.Limiter
local Limiter = {}
Limiter.__index = Limiter

---@param most integer the window's ceiling
---@return elevenlabs.workspace.Limiter
function M.new(most)
  return setmetatable({
    ceiling = most,
    most = most, -- the ceiling, or less if the server names its own
    window = math.min(FIRST_WINDOW, most),
    used = 0, -- the most in flight since the window last changed
    successes = 0, -- since the window last changed
    begun = 0, -- attempts so far; an attempt's mark is its place in this count
    cut_mark = 0, -- `begun` when the window was last cut
    pause_mark = 0, -- `begun` when the pause last grew
    paused_until_ms = 0,
  }, Limiter)
end

--- How many may be in flight now.
---@return integer
function Limiter:places(now_ms)
  return now_ms < self.paused_until_ms and 0 or math.floor(self.window)
end

--- When the pause ends. If there is no pause, this time has passed.
---@return number ms
function Limiter:paused_until()
  return self.paused_until_ms
end

--- An attempt is made.
---@param in_flight integer including this attempt
---@return integer mark for `cut` and `pause`
function Limiter:begin(in_flight)
  self.begun = self.begun + 1
  if in_flight > self.used then
    self.used = in_flight
  end
  return self.begun
end

local function set_window(self, window)
  self.window = math.max(MIN_WINDOW, math.min(self.most, window))
  self.used, self.successes = 0, 0
end

--- An attempt ended without a sign of overload. After a full window of such attempts, the window
--- grows by one if it was full.
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

--- The server cannot keep up. The window is cut once per round trip, because attempts from before
--- the last cut tell nothing new.
---@param mark integer of the attempt
---@param load "crowded"|"busy" too many at once, or too much work
---@return boolean changed
function Limiter:cut(mark, load)
  if mark <= self.cut_mark then
    return false
  end
  self.cut_mark = self.begun
  set_window(self, self.window * CUTS[load])
  return true
end

--- The server said how many it takes at once.
---@param maximum integer
function Limiter:cap(maximum)
  self.most = math.max(MIN_WINDOW, math.min(self.ceiling, maximum))
  if self.window > self.most then
    set_window(self, self.most)
  end
end

--- Pause until `until_ms`, unless a longer pause is set. The client's own pauses are random. Only
--- one is set per round trip: the longest of many would not be random.
---@param mark integer of the attempt
---@param asked boolean the server asked for this pause
---@return boolean longer whether the pause is longer now
function Limiter:pause(mark, until_ms, asked)
  if until_ms <= self.paused_until_ms or (not asked and mark <= self.pause_mark) then
    return false
  end
  self.paused_until_ms, self.pause_mark = until_ms, self.begun
  return true
end

return M
