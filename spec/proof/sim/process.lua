--- One process of the user's: a client, its tasks, and the host that resumes them, until all
--- have ended or the process dies.

local invariants = require "spec.proof.sim.invariants"
local networks = require "spec.proof.sim.network"
local scenarios = require "spec.proof.sim.scenario"
local servers = require "spec.proof.sim.server"
local tasks = require "spec.proof.sim.tasks"
local users = require "spec.proof.sim.users"
local worlds = require "spec.proof.sim.world"

local M = {}

local BASE_URL = "https://server.invalid"
local LONGEST_STEP_MS = 60000

---@class spec.proof.sim.Process
local Process = {}
Process.__index = Process

-- ---- the client

--- The product's driver; who waits for what is written down.
local function make_driver(process, real)
  return {
    may_block = real.may_block,
    wait = function(client, done)
      local waits = process.watch.current.waits
      local depth = #waits + 1
      waits[depth] = done
      local why = real.wait(client, done)
      waits[depth] = nil
      return why
    end,
  }
end

local function on_event(process)
  return function(event)
    process.world:touch()
    if event.name == "done" then
      process.ends[event.call] = (process.ends[event.call] or 0) + 1
    end
    users.meddle(process, "on_event")
  end
end

local function make_client(process, product)
  local plan = process.plan
  return product.clients.over {
    core = process.core,
    base_url = BASE_URL,
    api_key = function()
      users.meddle(process, "api_key")
      return "key"
    end,
    driver = make_driver(process, product[plan.driver]),
    on_event = on_event(process),
    max_concurrency = plan.max_concurrency,
    max_attempts = plan.max_attempts,
    deadline_ms = plan.deadline_ms,
    is_threaded = plan.is_threaded,
  }
end

--- Inside a function of the user's, where the product would swallow an error of ours.
function Process:check(check, ...)
  local ok, why = pcall(check, ...)
  if not ok then
    self.watch:fail("broken", "the simulator fails: %s", tostring(why))
  end
end

-- ---- tasks

--- It begins with the host's next turn.
---@param run fun()
function Process:spawn(name, run)
  table.insert(self.watch.tasks, {
    name = name,
    co = coroutine.create(run),
    waits = {}, -- what `done` of whom it is in, the innermost last; false: in a callback
    sleeps_till = self.world.now,
  })
end

local function spawn_all(self)
  local plan = self.plan
  for _, owner in ipairs(plan.owners) do
    self:spawn(owner.name, function()
      tasks.bulk(self, owner)
    end)
  end
  for i, single in ipairs(plan.singles) do
    self:spawn("single " .. i, function()
      tasks.single(self, single)
    end)
  end
  for i, other in ipairs(plan.others) do
    self:spawn("other " .. i, function()
      tasks.other(self, other)
    end)
  end
end

local function resume(self, task)
  self.watch.current, task.sleeps_till = task, nil
  local ok, ms = coroutine.resume(task.co)
  self.watch.current = false
  if self.world.dead then
    error(worlds.CRASH, 0)
  elseif not ok then
    self.watch:fail("broken", "an error escapes from %s: %s", task.name, tostring(ms))
    task.waits = {}
  elseif ms then
    task.sleeps_till = self.world.now + ms
  end
end

-- ---- the host

--- Resume whoever does not sleep by himself.
local function turn(self)
  local all, now = self.watch.tasks, self.world.now
  if self.plan.order == "random" then
    self.world.random:shuffle(all)
  end
  if self.plan.host_steps and self.plan.driver == "manual" then
    self.client:step(0)
  end
  self.woke_sleeper = false
  for i = 1, #all do
    local sleeps_till = all[i].sleeps_till
    if not sleeps_till or sleeps_till <= now then
      self.woke_sleeper = self.woke_sleeper or sleeps_till ~= nil
      resume(self, all[i])
    end
  end
  for i = #all, 1, -1 do
    if coroutine.status(all[i].co) == "dead" then
      table.remove(all, i)
    end
  end
end

--- When the host has something to do: for its own sleepers, or where the client says so.
local function next_turn(self)
  local at, waits = math.huge, false
  for _, task in ipairs(self.watch.tasks) do
    at = math.min(at, task.sleeps_till or math.huge)
    waits = waits or not task.sleeps_till
  end
  if waits and self.core.closed and (self.woke_sleeper or not self.saw_end) then
    self.saw_end = true
    return self.world.now -- no descriptor any more: what waited has ended
  elseif waits then
    at = math.min(at, self.core:ready_at() or math.huge)
  end
  return at, waits
end

--- Frames come whether there is something to do or not.
local function to_frame(self, at)
  local frame_ms = self.plan.frame_ms
  if not frame_ms or at == math.huge then
    return at
  end
  return self.world.now + frame_ms * math.max(1, math.ceil((at - self.world.now) / frame_ms))
end

local function sleep(self)
  local world = self.world
  local at, waits = next_turn(self)
  if at > world.now and self.plan.frame_ms and self.core.active > 0 then
    at = math.min(at, world.now + self.plan.frame_ms)
  end
  at = to_frame(self, at)
  if at <= world.now then
    return self.watch:step() -- at once
  end
  self.watch:sleep(at, waits)
  if at == math.huge and self.core.active == 0 then
    self.watch:fail("lost", "nothing will ever happen")
    world:die "it hangs"
  elseif self.plan.frame_ms or not waits then
    world:advance(at)
  else
    self.core:pass(at)
  end
end

local function host(self)
  turn(self)
  while #self.watch.tasks > 0 do
    sleep(self)
    turn(self)
  end
end

-- ---- from birth to death

local function all_done(self)
  for _, entry in ipairs(self.calls) do
    if not entry.call:done() then
      return false
    end
  end
  return true
end

--- What was begun and never asked for ends too, or is ended.
local function wind_up(self)
  while self.plan.ends == "drain" and not self.core.closed and not all_done(self) do
    self.client:step(LONGEST_STEP_MS)
  end
  self.client:close()
  self.watch:calls(self.calls, self.ends, self.client:stats())
end

local function schedule(self)
  local world, plan = self.world, self.plan
  local clock, death = plan.clock, plan.death
  local function after(ms, run)
    world:at(world.now + ms, function()
      if not self.over then
        run()
      end
    end)
  end
  if death and death.after_ms then
    after(death.after_ms, function()
      world:die "after some time"
    end)
  end
  world.dies_at_touch = death and death.at_touch or false
  if clock.leap_at then
    after(clock.leap_at, function()
      world:leap(clock.leap_ms)
    end)
  end
  if clock.jump_at then
    after(clock.jump_at, function()
      world:note("the wall clock jumps by %.0f ms", clock.jump_ms)
      world.wall_ms = clock.jump_ms
    end)
  end
  local function meddle()
    self.server:meddle()
    after(plan.meddles_ms * (0.5 + world.random:next()), meddle)
  end
  if plan.meddles_ms then
    after(plan.meddles_ms, meddle)
  end
end

---@param product table of modules.load
---@param stage table { world, server, disk }
---@param plan table of scenario.draw
---@param number integer
function M.new(product, stage, plan, number)
  local world, server, disk = stage.world, stage.server, stage.disk
  local watch = invariants.new(world, server, disk, plan)
  local weather = scenarios.weather(world.random, plan, world.now)
  local self = setmetatable({
    world = world,
    server = server,
    plan = plan,
    number = number,
    watch = watch,
    core = networks.new(world, server, weather, watch),
    key_of = servers.key_of,
    calls = watch.single_calls,
    runs = watch.runs,
    ends = {}, -- of calls by number, as on_event tells
    singles = 0,
    depth = 0,
    woke_sleeper = false, -- in this turn
    saw_end = false, -- the host knows that the client is closed
    over = false,
  }, Process)
  self.client = make_client(self, product)
  watch.engine = self.client.engine
  disk:renew(watch, plan.disk.sync_ms, plan.disk.failing, plan.disk.fails_at)
  return self
end

--- Run it.
function Process:run()
  self.world:note(
    "process %d: %s driver%s, max_concurrency %d%s",
    self.number,
    self.plan.driver,
    self.plan.is_threaded and " and a thread" or "",
    self.plan.max_concurrency,
    self.plan.is_calm and ", calm" or ""
  )
  schedule(self)
  spawn_all(self)
  local ok, why = pcall(function()
    host(self)
    wind_up(self)
  end)
  self.over = true
  if not ok and not self.world.dead then
    self.watch:fail("broken", "an error escapes: %s", tostring(why))
  end
end

return M
