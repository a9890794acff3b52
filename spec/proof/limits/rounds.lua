--- Rounds of real processes: a Redis, workers that share a limit in it, and a watcher that counts
--- what is in flight. In each round something befalls them.

local lanes = require "spec.support.lanes"
local process = require "spec.support.process"
local proxies = require "spec.proof.limits.proxy"
local redises = require "spec.support.servers.redis"
local uv = require "luv"
local watchers = require "spec.proof.limits.watcher"

local M = {}

local LANES = 6 -- rounds at a time
local WORKERS = 4
-- Of rounds in turn. No limit is less than the first window. The last has more workers than places.
local LIMITS = { 20, 20, 20, 4 }
local CROWD = 6
local BEAT_MS, ATTEMPT_MS = 200, 800
local LEASE_MS, LEAP_MS, TURN_MS = 3 * BEAT_MS, 2 * BEAT_MS, 3 * BEAT_MS
-- Until places are given back, or a new state grants; and until the window has grown.
local QUIET_MS = LEASE_MS + LEAP_MS + ATTEMPT_MS
local GROWTH_MS = 2000
local SETTLE_TRIES = 20 -- seconds: a bound for what is broken

-- ---- a lane

local function wait(ms)
  local timer, is_over = uv.new_timer(), false
  uv.update_time()
  timer:start(ms, 0, function()
    timer:close()
    is_over = true
  end)
  repeat
    coroutine.yield()
  until is_over
end

-- ---- the stage of a round

local Stage = {}
Stage.__index = Stage

function Stage:start_worker()
  local number = #self.workers + 1
  local path = ("%s/proxy%d.sock"):format(self.redis.folder, number)
  local worker = {
    proxy = proxies.start(path, self.redis.path),
    connection = #self.watcher.pipes + 1, -- its number there
  }
  worker.process = process.start {
    os.getenv "SPEC_LUA",
    "spec/proof/limits/script_worker.lua",
    path,
    self.redis.folder .. "/watcher.sock",
    "round",
    tostring(self.watcher.maximum),
    tostring(ATTEMPT_MS),
    tostring(BEAT_MS),
  }
  self.workers[number] = worker
  while not self.watcher.pipes[worker.connection] do -- so that its number is known
    assert(not worker.process.code, worker.process.err.text)
    wait(5)
  end
  return worker
end

local function new_stage(limit)
  local self = setmetatable({ workers = {} }, Stage)
  self.redis = redises.start()
  self.watcher = watchers.start(self.redis.folder .. "/watcher.sock", limit)
  for _ = 1, limit > WORKERS and WORKERS or CROWD do
    self:start_worker()
  end
  return self
end

local function kill(worker)
  worker.is_dead = true
  worker.process.handle:kill "sigkill"
end

function Stage:stop()
  for _, worker in ipairs(self.workers) do
    if not worker.process.code then
      worker.process.handle:kill "sigcont"
      worker.process.handle:kill "sigkill"
    end
    worker.proxy:stop()
  end
  self.watcher:stop()
  for _, worker in ipairs(self.workers) do
    while not worker.process:ended() do
      wait(5)
    end
  end
  self.redis:stop()
end

-- ---- what befalls it

local FAULTS = {}

function FAULTS.nothing() end

function FAULTS.kill(stage, worker)
  kill(worker)
  stage:start_worker()
  wait(QUIET_MS)
end

function FAULTS.join(stage)
  stage:start_worker()
end

function FAULTS.stop(_, worker)
  worker.process.handle:kill "sigstop"
  wait(math.random(100, 2 * QUIET_MS))
  worker.process.handle:kill "sigcont"
end

local function part(worker, mode)
  worker.proxy:set(mode)
  wait(math.random(100, 2 * QUIET_MS))
  worker.proxy:set "open"
end

function FAULTS.cut(_, worker)
  part(worker, "cut")
end

function FAULTS.hold(_, worker)
  part(worker, "held")
end

function FAULTS.hold_all(stage)
  for _, worker in ipairs(stage.workers) do
    worker.proxy:set "held"
  end
  wait(math.random(100, QUIET_MS))
  for _, worker in ipairs(stage.workers) do
    worker.proxy:set "open"
  end
end

function FAULTS.restart(stage)
  stage.redis:kill()
  wait(math.random(0, 2 * LEASE_MS))
  stage.redis:start()
  wait(QUIET_MS)
end

function FAULTS.restart_with_old(stage)
  local arguments = stage.redis.options.arguments
  stage.redis.options.arguments = { "--save", "1", "1" } -- each second, if anything changed
  stage.redis:kill()
  stage.redis:start()
  wait(QUIET_MS + 1500)
  FAULTS.restart(stage)
  stage.redis.options.arguments = arguments
end

function FAULTS.forward(stage, worker)
  kill(worker) -- whose places a step must not give back
  stage.redis:step(math.random(3, 100000))
  stage:start_worker()
  wait(QUIET_MS)
end

function FAULTS.back(stage)
  stage.redis:step(-math.random(1, 100000))
end

local NAMES = {}
for name in pairs(FAULTS) do
  NAMES[#NAMES + 1] = name
end
table.sort(NAMES)

-- ---- a round

local function check(found, kind, is_good, format, ...)
  if not is_good then
    found[kind] = found[kind] + 1
    table.insert(found.texts, kind .. ": " .. format:format(...))
  end
end

--- Wait until the window is used and each worker has had a turn. A busy machine needs longer.
local function settle(stage)
  local watcher, average, idle = stage.watcher, nil, {}
  local is_crowded = watcher.maximum < #stage.workers
  local least = watcher.maximum * (is_crowded and 0.4 or 0.85)
  for _ = 1, SETTLE_TRIES do
    local before = { (unpack or table.unpack)(watcher.begun) }
    watcher:measure()
    wait(is_crowded and CROWD * TURN_MS or 1000)
    average, idle = watcher:measure(), {}
    for i, worker in ipairs(stage.workers) do
      local has_begun = watcher.begun[worker.connection] > before[worker.connection]
      idle[#idle + 1] = not worker.is_dead and not has_begun and i or nil
    end
    if average > least and #idle == 0 then
      return average, idle, true
    end
  end
  return average, idle, average > least
end

local function judge(found, stage, name)
  local watcher = stage.watcher
  local average, idle, is_used = settle(stage)
  check(found, "lost", is_used, "%s: %.1f of %d", name, average, watcher.maximum)
  check(found, "starved", #idle == 0, "%s: worker %s", name, tostring(idle[1]))
  local is_within = watcher.over == 0
  check(found, "over_limit", is_within, "%s: %d of %d", name, watcher.most, watcher.maximum)
end

local function play(found, number)
  local name = NAMES[number % #NAMES + 1]
  local stage = new_stage(LIMITS[math.floor(number / #NAMES) % #LIMITS + 1])
  wait(QUIET_MS + math.random(0, GROWTH_MS))
  FAULTS[name](stage, stage.workers[math.random(WORKERS)])
  judge(found, stage, ("round %d, %s"):format(number, name))
  stage:stop()
end

--- Play rounds, several at a time.
---@param count integer
---@return table found { over_limit, lost, starved, texts }
function M.run(count)
  local found = { over_limit = 0, lost = 0, starved = 0, texts = {} }
  local begun = 0
  lanes.run(LANES, function()
    while begun < count do
      begun = begun + 1
      play(found, begun)
    end
  end)
  return found
end

return M
