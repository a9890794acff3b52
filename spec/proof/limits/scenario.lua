--- What befalls the fleet of a seed: a storm, then a time in which replies are lost and nothing
--- worse, then calm, in which all must be well, and at last the end of all work.

local members = require "spec.proof.limits.member"

local M = {}

local STORM_MS, GENTLE_MS, SETTLE_MS = 60000, 30000, 8000
local LEASE_MS, LEAP_MS, TURN_MS = 3000, 2000, 3000
local MANY_CALLS = 10 ^ 9

local function alive(stage)
  local list = {}
  for _, member in ipairs(stage.members) do
    if not member.is_dead then
      list[#list + 1] = member
    end
  end
  return list
end

local function join(stage)
  local member = members.new(stage, #stage.members + 1)
  table.insert(stage.members, member)
  member:add_calls(stage.world.random:pick { 1, 20, 1000, MANY_CALLS })
end

-- ---- the storm

local EVENTS = {}

function EVENTS.calls(stage, member)
  member:add_calls(stage.world.random:pick { 1, 2, 50, 1000, MANY_CALLS })
end

function EVENTS.no_calls(_, member)
  member:add_calls(-math.huge)
end

function EVENTS.kill(stage, member)
  member:kill()
  join(stage)
end

function EVENTS.join(stage)
  if #alive(stage) < stage.most_members then
    join(stage)
  end
end

local function draw_absence(random)
  return random:chance(0.5) and random:spread(100, 5000) or random:spread(5000, 25000)
end

function EVENTS.stop(stage, member)
  member:stop(draw_absence(stage.world.random))
end

function EVENTS.cut_off(stage, member)
  member:cut_off(draw_absence(stage.world.random))
end

function EVENTS.fork(stage, member)
  if #alive(stage) < stage.most_members then
    local child = member:fork(#stage.members + 1)
    table.insert(stage.members, child)
    child:add_calls(10)
  end
end

--- A clock that steps again and again, with hardly a pause, is more than what is promised.
function EVENTS.step(stage)
  local world, apart = stage.world, LEASE_MS + LEAP_MS + stage.service.attempt_ms
  if world.now >= stage.next_step then
    local ms = world.random:spread(100, 10 ^ 8)
    stage.next_step = world.now + apart
    stage.store:step(world.random:chance(0.5) and ms or -ms)
  end
end

function EVENTS.restart(stage)
  local with_old = stage.store.old and stage.world.random:chance(0.5)
  stage.store:restart(with_old)
end

function EVENTS.flush(stage)
  stage.store:flush()
end

function EVENTS.snapshot(stage)
  stage.store:snapshot()
end

function EVENTS.busy(stage)
  stage.service.busy_until = stage.world.now + stage.world.random:spread(50, 2000)
end

function EVENTS.down(stage)
  stage.service.down_until = stage.world.now + stage.world.random:spread(500, 8000)
end

function EVENTS.network(stage)
  local random = stage.world.random
  stage.store.loss = random:pick { 0, 0, 0.1, 0.5 }
  stage.store.late = random:pick { 0, 0, 0.05, 0.3 }
end

-- In which worlds which events come, by their weight.
local USUAL = { "calls", "calls", "calls", "no_calls", "network", "join" }
local WORSE = {
  "kill",
  "stop",
  "cut_off",
  "fork",
  "step",
  "restart",
  "flush",
  "snapshot",
  "busy",
  "down",
}

local function draw_events(random)
  local events, worse = {}, { (unpack or table.unpack)(WORSE) }
  for _, name in ipairs(USUAL) do
    events[#events + 1] = name
  end
  for _ = 1, random:int(0, #worse) do
    events[#events + 1] = table.remove(worse, random:int(1, #worse))
  end
  return events
end

local function storm(stage)
  local world, events = stage.world, draw_events(stage.world.random)
  while world.now < STORM_MS do
    local list = alive(stage)
    EVENTS[world.random:pick(events)](stage, world.random:pick(list))
    world:run_until(world.now + world.random:spread(50, 6000))
  end
end

-- ---- afterwards

local function end_storm(stage)
  local store, service, world = stage.store, stage.service, stage.world
  service.busy_until, service.down_until = 0, 0
  store.late, store.loss = 0, world.random:pick { 0, 0.1, 0.4 }
  for _, member in ipairs(alive(stage)) do
    member:add_calls(MANY_CALLS)
  end
  world:run_until(world.now + GENTLE_MS)
  for _, member in ipairs(alive(stage)) do
    member.cut_off_until = 0
    member:add_calls(MANY_CALLS) -- one that stood still may have got these before an older event
  end
  store.loss = 0
  world:run_until(world.now + SETTLE_MS)
end

--- How many places the clients have together, and could have.
local function count_places(stage, list)
  local has, most = 0, 0
  for _, member in ipairs(list) do
    has = has + math.max(member.places.share, member.in_flight)
    most = most + member.places.max_concurrency
  end
  return has, math.min(most, math.floor(stage.judge.state.window))
end

--- In calm, all places are used, and each client gets one in its turn.
local function check_calm(stage)
  local world, list, has, most, begins = stage.world, alive(stage), 0, 0, {}
  local turns = math.ceil(#list / math.floor(stage.judge.state.window))
  local turn_ms = TURN_MS + 3000 + stage.service.attempt_ms
  local until_ms = world.now + (turns > 1 and (turns + 1) * turn_ms or turn_ms)
  for i, member in ipairs(list) do
    begins[i] = member.begins
  end
  while world.now < until_ms do
    world:run_until(world.now + 250)
    local now_has, now_most = count_places(stage, list)
    has, most = has + now_has, most + now_most
  end
  if has < (turns > 1 and 0.4 or 0.7) * most then
    world:fail("lost", "%.0f %% of the places are used", 100 * has / most)
  end
  for i, member in ipairs(list) do
    if member.begins == begins[i] then
      world:fail("starved", "%s sends nothing", member:name())
    end
  end
end

--- When nobody has work, nobody holds a place.
local function check_end(stage)
  local world = stage.world
  for _, member in ipairs(stage.members) do
    member:add_calls(-math.huge)
  end
  world:run_until(world.now + stage.service.attempt_ms + LEASE_MS)
  local state = stage.judge.state
  if state.held > 0 or state.in_use > 0 then
    world:fail("lost", "%d places are held at the end", state.held)
  end
end

--- Play a seed.
---@param stage table { world, store, service, judge, places, members = {} }
function M.play(stage)
  local random = stage.world.random
  stage.next_step = 0
  stage.most_members = random:chance(0.2) and random:int(20, 50) or random:int(1, 8)
  for _ = 1, random:int(1, stage.most_members) do
    join(stage)
  end
  storm(stage)
  end_storm(stage)
  check_calm(stage)
  check_end(stage)
end

return M
