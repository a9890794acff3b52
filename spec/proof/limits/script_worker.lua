--- A worker as a script, over luv and redis-lua. Arguments: Redis's socket, the watcher's, the limit's
--- name, the watcher's maximum, the attempts' time-out and the heartbeat in ms.

local core = require "elevenlabs.workspace.core"
local limits = require "elevenlabs.workspace.limits"
local uv = require "luv"
local workers = require "spec.proof.limits.worker"

require("spec.support.servers.redis").library()

local redis, watcher, name, maximum, attempt_ms, beat_ms = (unpack or table.unpack)(arg)

local places = limits.redis({ connect = limits.redis_lua { path = redis }, name = name }):join {
  now = core.now,
  random = core.random,
  max_concurrency = 1000,
  attempt_timeout_ms = tonumber(attempt_ms),
  heartbeat_ms = tonumber(beat_ms),
}

local pipe, timer, worker = uv.new_pipe(false), uv.new_timer(), nil

local function look()
  timer:start(math.ceil(worker:look()), 0, look)
end

worker = workers.new(places, function()
  pipe:write "+"
end, tonumber(maximum))

pipe:connect(watcher, function(failure)
  assert(not failure, failure)
  pipe:read_start(function(_, answers)
    if not answers then
      os.exit(0)
    end
    worker:ended(#answers)
    look()
  end)
  look()
end)
uv.run()
