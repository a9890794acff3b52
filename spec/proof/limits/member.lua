--- A simulated client: calls to make, attempts in flight, and its places in the limit. It does what
--- an engine does: after each event it sends what it may, and talks to the store if that is due.

local cjson = require "cjson"

local M = {}

---@class spec.proof.limits.Member
local Member = {}
Member.__index = Member

local FAILURES_TO_PARK = 5

---@param stage table { world, service, store, judge, places = the module }
---@param number integer
function M.new(stage, number)
  local world = stage.world
  local self = setmetatable({
    stage = stage,
    world = world,
    number = number,
    rate = 1 + (world.random:next() - 0.5) * 2e-4, -- of its clock
    offset = world.random:int(0, 10 ^ 9),
    -- How long its host waits for a reply. Some hosts have no bound.
    patience_ms = world.random:spread(250, 10000),
    backlog = 0,
    in_flight = 0,
    begins = 0,
    failures = 0, -- in a row
    cut_off_until = 0,
    stopped_until = 0,
    is_dead = false,
    wake_number = 0,
  }, Member)
  self.places = stage.places.new {
    now = function()
      return self:clock()
    end,
    random = function()
      return world.random:next()
    end,
    max_concurrency = world.random:int(1, 40),
    attempt_timeout_ms = stage.service.attempt_ms,
  }
  return self
end

function Member:clock()
  return self.offset + self.world.now * self.rate
end

function Member:name()
  return "client " .. self.number
end

--- Run `act` for this process: later if it stands still, never if it is dead.
function Member:do_now(act)
  if self.is_dead then
    return
  elseif self.world.now < self.stopped_until then
    return self.world:at(self.stopped_until, function()
      self:do_now(act)
    end)
  end
  act()
  self:look()
end

function Member:add_calls(count)
  self:do_now(function()
    self.backlog = math.max(0, self.backlog + count)
  end)
end

-- ---- attempts

local function park(self, is_parked)
  self.places:park(is_parked)
  self.failures = 0
end

local function learn_failure(self, attempt)
  self.backlog, self.failures = self.backlog + 1, self.failures + 1
  if attempt.is_probe and self.places:is_parked() then
    self.places:probe_failed()
  elseif self.failures >= FAILURES_TO_PARK and not self.places:is_parked() then
    self.world:note("%s parks", self:name())
    park(self, true)
  end
end

local function learn(self, attempt, answer)
  local places = self.places
  if answer.maximum then
    places:cap(answer.maximum)
  end
  if answer.outcome == "unreached" then
    return learn_failure(self, attempt)
  end
  if places:is_parked() then
    park(self, false)
  end
  self.failures = 0
  if answer.outcome == "ok" then
    places:succeeded()
    return self.stage.judge:succeeded()
  end
  self.backlog = self.backlog + 1 -- again
  if places:cut(attempt.mark, answer.outcome) then
    self.cut_attempt = attempt
  end
  if answer.pause_ms then
    local until_ms = self:clock() + answer.pause_ms
    if places:pause(attempt.mark, until_ms, answer.asked) then
      self.stage.judge:paused(self)
    end
  end
end

local function begin(self)
  self.backlog, self.in_flight = self.backlog - 1, self.in_flight + 1
  self.begins = self.begins + 1
  local attempt = {
    mark = self.places:begin(self.in_flight),
    at = self.world.now,
    is_probe = self.places:is_parked(),
  }
  self.stage.judge:begins(self, attempt)
  self.probe = attempt.is_probe and attempt or self.probe
  self.stage.service:request(function(answer)
    self.probe = self.probe ~= attempt and self.probe or nil
    self:do_now(function()
      self.in_flight = self.in_flight - 1
      learn(self, attempt, answer)
    end)
  end)
  self.stage.judge:began(self)
end

-- ---- exchanges

local function exchange(self)
  local world, places = self.world, self.places
  local message = places:ask(self.in_flight, self.in_flight + self.backlog)
  self.stage.judge:asked(self, message)
  world:note("%s asks %s", self:name(), cjson.encode(message))
  self.stage.store:send(self, cjson.encode(message), function(text)
    self:do_now(function()
      world:note("%s is told %s", self:name(), text)
      places:take(message, cjson.decode(text))
    end)
  end)
  world:after(self.patience_ms, function()
    self:do_now(function()
      places:fail(message, "timeout")
    end)
  end)
end

--- Send what may be sent, and see when the store is to be asked.
function Member:look()
  while self.backlog > 0 and self.places:has_place(self.in_flight, self:clock()) do
    begin(self)
  end
  local wants = self.in_flight + self.backlog
  local due_ms = self.places:due_at(self.in_flight, wants)
  if due_ms and due_ms <= self:clock() then
    exchange(self)
    due_ms = self.places:due_at(self.in_flight, wants)
  end
  self.wake_number = self.wake_number + 1
  local number = self.wake_number
  local pause_ms = self.places:paused_until() - self:clock()
  local wake_ms = due_ms and due_ms - self:clock() or 1000
  if self.backlog > 0 and pause_ms > 0 then
    wake_ms = math.min(wake_ms, pause_ms)
  end
  self.world:after(math.max(0.01, wake_ms), function()
    if self.wake_number == number then
      self:do_now(function() end)
    end
  end)
end

-- ---- what befalls a client

function Member:kill()
  self.world:note("%s is killed", self:name())
  self.is_dead = true
end

function Member:stop(ms)
  self.world:note("%s stands still for %.0f ms", self:name(), ms)
  self.stopped_until = self.world.now + ms
end

function Member:cut_off(ms)
  self.world:note("%s is cut off for %.0f ms", self:name(), ms)
  self.cut_off_until = self.world.now + ms
end

--- A child of this process, which has none of its requests.
---@return spec.proof.limits.Member
function Member:fork(number)
  self.world:note("%s forks %d", self:name(), number)
  local child = M.new(self.stage, number)
  local now, random = child.places.now, child.places.random
  for field, value in pairs(self.places) do
    child.places[field] = value
  end
  child.offset, child.rate = self.offset, self.rate
  child.places.now, child.places.random = now, random
  child.places:forked()
  return child
end

return M
