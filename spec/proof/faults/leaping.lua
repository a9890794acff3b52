--- A driver for specs with a real network: what the client waits for by the clock alone is
--- there at once, as its clock leaps; what it waits for from a server takes its time.

local core = require "elevenlabs.workspace.core"

local M = {}

local LONGEST_WAIT_MS = 300000 -- what the library promises; more would be a defect
local LONGEST_RUN_MS = 24 * 3600 * 1000
local STEP_MS = 20 -- a bound: what is due by the leaping clock is seen so late at most

--- Nothing is in flight: on to the time that the client wants to be woken at.
local function leap(self, client)
  local ms = assert(client:timeout_ms(), "nothing will ever happen")
  local by = math.max(0, ms - self.ahead_ms) -- the client has set it by its own clock
  self.ahead_ms, self.waited_ms = self.ahead_ms + by, self.waited_ms + by
  self.longest_ms = math.max(self.longest_ms, self.waited_ms)
  assert(self.longest_ms <= LONGEST_WAIT_MS, "it waits for too long")
  assert(self.ahead_ms <= LONGEST_RUN_MS, "it does not end")
end

--- One for each client. `longest_ms` is the longest time that nothing was in flight.
---@return elevenlabs.workspace.Driver
function M.new()
  local self = { ahead_ms = 0, waited_ms = 0, longest_ms = 0 }
  local function now()
    return core.now() + self.ahead_ms
  end
  function self.wait(client, done)
    client.engine.now = now
    while not done() do
      local in_flight = client:stats().in_flight > 0
      self.waited_ms = in_flight and 0 or self.waited_ms
      client:step(in_flight and STEP_MS or 0)
      if not done() and client:stats().in_flight == 0 then
        leap(self, client)
      end
    end
  end
  return self
end

return M
