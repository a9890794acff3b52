--- A core over a simulated network: attempts travel to the server and back in virtual time, or get
--- lost.

local evidences = require "elevenlabs.workspace.answer.evidence"
local weathers = require "spec.proof.sim.weather"

local M = {}

local ABORTED = 42
local ATTEMPT_TIMEOUT_MS = 30000
local TARGETS = { "user_email", "group_id", "workspace_api_key_id" }

---@class spec.proof.sim.Core
---@field active integer attempts in flight
---@field due table[] completions that nobody has collected
---@field wake number|nil
local Core = {}
Core.__index = Core

---@param world spec.proof.sim.World
---@param server spec.proof.sim.Server
---@param weather spec.proof.sim.Weather
---@param watch table of invariants: told of each attempt's start and end, and of each sleep
function M.new(world, server, weather, watch)
  return setmetatable({
    world = world,
    server = server,
    weather = weather,
    watch = watch,
    attempts = {}, -- in flight, by slot
    taken = {}, -- by slot: an attempt whose end nobody has collected
    divide = evidences.divider(),
    active = 0,
    begun = 0,
    due = {},
    wake = nil,
    closed = false,
  }, Core)
end

-- ---- the way of an attempt

--- The evidence of an attempt to which no answer came, as far as it is known before its end.
local function unanswered(attempt, fate)
  return {
    slot = attempt.slot,
    sent = fate.sent or false,
    resent = attempt.resent or false,
    curl_code = fate.code or 0,
    status = 0,
    head_ended = false,
    whole = false,
    body = "",
    message = fate.code and "it failed" or "",
  }
end

local function put_answer(fields, answer)
  fields.status, fields.body, fields.headers = answer.status, answer.body, answer.headers
  fields.head_ended = answer.head_ended ~= false
  fields.whole = answer.whole ~= false
  fields.answer = answer -- the simulator's own
end

local function complete(self, attempt, fields)
  self.attempts[attempt.slot] = nil
  self.active = self.active - 1
  fields.attempt = attempt -- the simulator's own
  fields.elapsed_ms = self.world.now - attempt.started_ms
  attempt.evidence = evidences.new(attempt.op, fields, attempt.key)
  attempt.ended_ms = self.world.now
  self.due[#self.due + 1] = attempt.evidence
end

local function reach(self, attempt, fate)
  if attempt.killed then
    return
  end
  if fate.applies == true or (fate.applies == "perhaps" and self.world.random:chance(0.5)) then
    self.server:apply(attempt)
  end
end

--- The connection breaks: before the answer, or inside it.
local function put_part(self, fields)
  local random = self.world.random
  if random:chance(0.5) then
    fields.status, fields.head_ended = 200, random:chance(0.7)
    fields.body = fields.head_ended and random:pick { "", "{", "{}" } or ""
  end
end

local function finish(self, attempt, fate)
  if self.attempts[attempt.slot] ~= attempt then
    return -- cancelled
  end
  local fields = unanswered(attempt, fate)
  if not fate.code then
    put_answer(fields, self.server:answer(attempt, fate, self.weather))
  elseif fate.reaches then
    put_part(self, fields)
  end
  self.world:note("ends #%d code %d status %d", attempt.id, fields.curl_code, fields.status)
  complete(self, attempt, fields)
end

--- libcurl may send a request twice by itself: the server gets both then.
local function schedule(self, attempt, fate)
  local world, weather = self.world, self.weather
  local there_ms, back_ms = weather:latency(), weather:latency()
  attempt.leaves_ms = world.now + there_ms / 2
  attempt.resent = fate.sent and weather.resends > 0 and world.random:chance(weather.resends)
  local reach_ms = world.now + there_ms + world.random:next() * (fate.after_ms or 0)
  if fate.reaches then
    world:at(reach_ms, function()
      reach(self, attempt, fate)
    end)
  end
  if attempt.resent then
    world:at(reach_ms + weather:latency(), function()
      reach(self, attempt, weathers.FATES.good)
    end)
  end
  local ends_ms = attempt.resent and 2 * there_ms + back_ms or there_ms + back_ms
  local timeout_ms = math.min(fate.ms or math.huge, ATTEMPT_TIMEOUT_MS)
  if fate.ms or ends_ms >= timeout_ms then
    fate = ends_ms >= timeout_ms and not fate.ms and weathers.FATES.unanswered or fate
    ends_ms = timeout_ms
  end
  world:at(world.now + ends_ms, function()
    finish(self, attempt, fate)
  end)
end

local function begin(self, op, args, key, slot)
  self.begun = self.begun + 1
  local attempt = {
    id = self.begun,
    slot = slot,
    op = op,
    key = key,
    entry = args and self.server:entry(args),
    started_ms = self.world.now,
  }
  self.watch:attempt(self, attempt)
  self.attempts[slot], self.taken[slot], self.active = attempt, attempt, self.active + 1
  local name = op == "connect" and "good" or self.weather:fate_at(self.world.now)
  self.world:note(
    "attempt #%d %s %s: %s",
    attempt.id,
    op,
    attempt.entry and attempt.entry.key or "",
    name
  )
  schedule(self, attempt, weathers.FATES[name])
end

-- ---- the functions of a core

function Core:prepare(op, args)
  local ok, failure = true, nil
  if op ~= "connect" then
    ok, failure = self:validate(op, args)
  end
  return ok and { op = op, args = args } or nil, failure
end

function Core:send(request, key, slot)
  self.world:touch()
  if self.closed then
    return nil, { kind = "closed", message = "the client is closed" }
  elseif self.taken[slot] then
    self.watch:fail("broken", "slot %d is used twice", slot)
  end
  begin(self, request.op, request.op ~= "connect" and request.args or nil, key, slot)
  return true
end

local function invalid(field)
  return nil, { kind = "invalid_argument", field = field, message = field .. " is missing" }
end

function Core.validate(_, op, args)
  local targets = 0
  for _, name in ipairs(TARGETS) do
    targets = targets + (args[name] and 1 or 0)
  end
  if type(args.resource_id) ~= "string" then
    return invalid "resource_id"
  elseif targets ~= (op == "get" and 0 or 1) then
    return invalid "user_email"
  elseif op == "share" and not args.role then
    return invalid "role"
  end
  return true
end

local function collect(self)
  local due = self.due
  self.due = {}
  for _, evidence in ipairs(due) do
    self.taken[evidence.slot] = nil
    self.watch:collected(evidence)
  end
  return self.divide(due)
end

--- When a step will have work. nil: never.
function Core:ready_at()
  if self.closed then
    return nil
  end
  return self.due[1] and self.world.now or self.wake
end

--- Let time pass until a completion, the time that was asked for, or `till`.
function Core:pass(till)
  local world = self.world
  while not self.due[1] and world.now < till and not (self.wake and self.wake <= world.now) do
    world:advance(math.min(till, self.wake or math.huge, world:next_at() or math.huge))
  end
end

function Core:step(timeout_ms)
  self.world:touch()
  if self.closed then
    return self.divide {}
  end
  self.watch:step()
  self.world:advance(self.world.now) -- what is due
  local till = self.world.now + (timeout_ms or 0)
  local wakes = math.min(till, self.wake or math.huge)
  if not self.due[1] and wakes > self.world.now then
    self.watch:sleep(wakes, true)
    self:pass(till)
  end
  if self.wake and self.wake <= self.world.now then
    self.wake = nil
  end
  return collect(self)
end

--- A request that is on its way may arrive all the same.
function Core:cancel(slot)
  self.world:touch()
  local attempt = self.attempts[slot]
  if not attempt then
    return
  end
  local left = attempt.leaves_ms <= self.world.now
  attempt.killed = not left or self.world.random:chance(0.5)
  self.world:note("cancelled #%d", attempt.id)
  local fields = unanswered(attempt, { sent = left, code = ABORTED })
  fields.resent = left and fields.resent
  complete(self, attempt, fields)
end

function Core:close()
  self.world:touch()
  local attempts = {}
  for _, attempt in pairs(self.attempts) do
    attempts[#attempts + 1] = attempt
  end
  table.sort(attempts, function(a, b)
    return a.id < b.id
  end)
  for _, attempt in ipairs(attempts) do
    self:cancel(attempt.slot)
  end
  self.closed, self.wake = true, nil
  return collect(self)
end

function Core:wake_at(at)
  self.world:touch()
  self.wake = at
end

function Core:pollfd()
  return not self.closed and 3 or nil
end

function Core:timeout_ms()
  local at = self:ready_at()
  return at and math.max(0, at - self.world.now)
end

function Core:counts()
  return self.begun, 0, 0
end

return M
