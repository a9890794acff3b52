--- What a seed is about: which lists, and for each process what it does, what disturbs it and
--- when it dies.

local weathers = require "spec.proof.sim.weather"

local M = {}

local ROLES = { "admin", "editor", "viewer" }

-- ---- lists

local function draw_size(random)
  local size = random:pick { 1, 4, 12, 12, 40, 40, 100, 250 }
  return random:int(1, size)
end

local function make_item(owner, number)
  return {
    n = number,
    resource_id = ("%s-%d"):format(owner.name, number),
    resource_type = "voice",
    user_email = "leaver@example.com",
    role = owner.op == "share" and "editor" or nil,
  }
end

--- One like an earlier one: the same again, or with another role. Found where there is a
--- journal.
local function make_double(random, owner, number)
  local item, like = {}, random:pick(owner.items)
  like.is_odd = true -- whichever comes first counts
  for name, value in pairs(like) do
    item[name] = value
  end
  item.n = number
  if item.role and random:chance(0.3) then
    item.role = random:pick(ROLES)
  end
  return item
end

local function make_invalid(owner, number)
  local item = make_item(owner, number)
  item.resource_id, item.is_odd = nil, true
  return item
end

local function fill(random, owner)
  local odd = random:pick { 0, 0, 0, 0.1, 0.4 }
  for number = 1, draw_size(random) do
    local item
    if odd > 0 and random:chance(odd) then
      item = make_invalid(owner, number)
    elseif odd > 0 and owner.journal and number > 1 and random:chance(odd) then
      item = make_double(random, owner, number)
    end
    owner.items[number] = item or make_item(owner, number)
  end
end

--- A list and the runs over it.
local function draw_owner(random, name, journal)
  local owner = {
    name = name,
    op = random:chance(0.35) and "share" or "unshare",
    journal = journal,
    items = {},
    source = random:pick { "array", "iterator" },
  }
  fill(random, owner)
  return owner
end

-- ---- one process

-- How often a function of the user's does something, by its name.
local function draw_mischief(random)
  local mischief = { rate = random:pick { 0.02, 0.1, 0.3 }, actions = {} }
  for _, action in ipairs {
    "start",
    "cancel",
    "step",
    "step_long",
    "call",
    "sleep",
    "slow",
    "raise",
    "cancel_run",
    "close",
  } do
    local rare = action == "raise" or action == "cancel_run" or action == "close"
    if random:chance(rare and 0.15 or 0.4) then
      table.insert(mischief.actions, action)
    end
  end
  return mischief
end

local FUNCTIONS = { "on_result", "on_event", "api_key", "source", "on_progress" }

local function draw_functions(random)
  local functions = {}
  for _, name in ipairs(FUNCTIONS) do
    if random:chance(0.3) then
      functions[name] = draw_mischief(random)
    end
  end
  return functions
end

--- Tasks beside the bulk runs: single calls, with pauses between.
local function draw_singles(random)
  local singles = {}
  for i = 1, random:pick { 0, 0, 1, 2, 4 } do
    singles[i] = { calls = random:int(1, 4), pause_ms = random:pick { 0, 0, 5, 500, 30000 } }
  end
  return singles
end

--- Whoever cancels, closes or steps after some time.
local function draw_others(random)
  local others = {}
  if random:chance(0.3) then
    for i = 1, random:int(1, 3) do
      local what = random:pick { "cancel_run", "cancel", "cancel", "step", "start", "close" }
      others[i] = { after_ms = random:spread(1, 60000), what = what }
    end
  end
  return others
end

local function draw_death(random)
  if random:chance(0.6) then
    return { at_touch = math.floor(random:spread(20, 20000)) }
  end
  return { after_ms = random:spread(1, 120000) }
end

local function draw_disk(random)
  local disk = { sync_ms = random:pick { 0, 0, 2, 20, 3000 } }
  if random:chance(0.2) then
    disk.failing, disk.fails_at = random:pick { "sync", "write" }, random:int(1, 6)
  end
  return disk
end

local function draw_clock(random)
  local clock = {}
  if random:chance(0.15) then
    clock.leap_at, clock.leap_ms = random:spread(1, 60000), random:spread(1000, 7200000)
  end
  if random:chance(0.15) then
    clock.jump_at, clock.jump_ms = random:spread(1, 60000), random:int(-86400000, 86400000)
  end
  return clock
end

local function draw_limits(random, process)
  process.max_concurrency = random:pick { 1, 2, 4, 8, 32 }
  process.max_attempts = random:pick { false, false, false, 1, 2, 5 } or nil
  process.deadline_ms = random:chance(0.2) and random:spread(50, 60000) or nil
  process.run_deadline_ms = random:chance(0.1) and random:spread(50, 300000) or nil
  process.run_concurrency = random:chance(0.15) and random:int(1, 6) or nil
end

local function new_process(random)
  return {
    driver = random:pick { "manual", "manual", "blocking" },
    frame_ms = random:chance(0.25) and random:pick { 16, 33, 250 },
    is_threaded = random:chance(0.5),
    host_steps = random:chance(0.2),
    order = random:pick { "fixed", "random" },
    ends = random:pick { "drain", "drain", "close" },
    max_concurrency = 8,
    functions = {},
    singles = {},
    others = {},
    disk = { sync_ms = 0 },
    clock = {},
    owners = {},
  }
end

--- A process of an uneasy time.
local function draw_process(random, number, lists)
  local process = new_process(random)
  draw_limits(random, process)
  process.functions = random:chance(0.6) and draw_functions(random) or {}
  process.singles, process.others = draw_singles(random), draw_others(random)
  process.disk, process.clock = draw_disk(random), draw_clock(random)
  process.death = random:chance(0.5) and draw_death(random)
  process.progress = random:chance(0.1)
  -- For a run's result, from another coroutine.
  process.asks_twice = random:chance(0.1) and not next(process.functions)
  process.shuffles = random:chance(0.2) -- the lists
  process.meddles_ms = random:chance(0.3) and random:spread(20, 5000)
  for i, owner in ipairs(lists) do
    process.owners[i] = owner
  end
  if #lists == 0 or random:chance(0.25) then
    table.insert(process.owners, draw_owner(random, "b" .. number))
  end
  return process
end

--- The last one: good weather, and nobody does anything odd.
local function calm_process(random, lists)
  local process = new_process(random)
  process.is_calm, process.owners = true, lists
  return process
end

---@param random table
---@return table[] processes, one after the other
function M.draw(random)
  local lists, processes = {}, {}
  if random:chance(0.75) then
    table.insert(lists, draw_owner(random, "j1", "one.journal"))
  end
  if random:chance(0.1) then
    table.insert(lists, draw_owner(random, "j2", "two.journal"))
  end
  for number = 1, random:pick { 1, 1, 1, 2, 2, 3, 4 } do
    processes[number] = draw_process(random, number, lists)
  end
  if #lists > 0 then
    processes[#processes + 1] = calm_process(random, lists)
  end
  return processes
end

--- A process's weather, from when it begins.
function M.weather(random, process, now)
  return weathers.draw(random, now, process.is_calm)
end

return M
