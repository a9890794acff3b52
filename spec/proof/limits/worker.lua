--- A client without an engine: it holds places in a limit, begins attempts as it may, and has more to
--- send than it may. The watcher that it sends to answers each attempt.

local M = {}

local Worker = {}
Worker.__index = Worker

local WANTS = 1000 -- more than any window

---@param places elevenlabs.workspace.limits.Places
---@param begin fun() send one attempt
---@param maximum integer that the watcher takes
function M.new(places, begin, maximum)
  return setmetatable(
    { places = places, begin = begin, maximum = maximum, in_flight = 0 },
    Worker
  )
end

--- So many attempts were answered.
function Worker:ended(count)
  self.in_flight = self.in_flight - count
  self.places:cap(self.maximum)
  for _ = 1, count do
    self.places:succeeded()
  end
end

local function send_all(self)
  local places = self.places
  while places:has_place(self.in_flight, places.now()) do
    self.in_flight = self.in_flight + 1
    places:begin(self.in_flight)
    self.begin()
  end
end

--- Send what may be sent, and talk to the store if that is due.
---@return number ms until it is due again
function Worker:look()
  local places = self.places
  send_all(self)
  if places:due_at(self.in_flight, WANTS) <= places.now() then
    places:exchange(self.in_flight, WANTS)
    send_all(self)
  end
  return math.max(0, places:due_at(self.in_flight, WANTS) - places.now())
end

return M
