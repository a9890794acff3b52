--- The simulated service: it counts what is in flight, and answers. A request goes on if its client
--- is killed or stands still.

local M = {}

---@class spec.proof.limits.Service
local Service = {}
Service.__index = Service

---@param world spec.proof.limits.World
---@param judge spec.proof.limits.Judge
function M.new(world, judge)
  local random = world.random
  return setmetatable({
    world = world,
    judge = judge,
    capacity = random:int(4, 40),
    -- Otherwise clients learn of the capacity by refusals alone.
    says_maximum = random:chance(0.7),
    attempt_ms = random:spread(1500, 8000), -- the clients' time-out
    usual_ms = random:spread(20, 400),
    in_flight = 0,
    busy_until = 0,
    down_until = 0,
  }, Service)
end

local function answer_of(self)
  local world = self.world
  local answer = { maximum = self.says_maximum and self.capacity or nil }
  if world.now < self.down_until then
    return { outcome = "unreached" }
  elseif self.in_flight > self.capacity then
    answer.outcome = "crowded"
  elseif world.now < self.busy_until then
    answer.outcome, answer.asked = "busy", world.random:chance(0.5)
    answer.pause_ms = world.random:spread(500, 20000)
  else
    answer.outcome = "ok"
  end
  return answer
end

--- A request arrives. `ended` gets the answer.
function Service:request(ended)
  local world = self.world
  self.in_flight = self.in_flight + 1
  local answer = answer_of(self)
  local ms = world.random:spread(self.usual_ms / 2, self.usual_ms * 2)
  if world.random:chance(0.02) then
    ms = self.attempt_ms
  end
  world:after(math.min(ms, self.attempt_ms), function()
    self.in_flight = self.in_flight - 1
    ended(answer)
  end)
end

return M
