-- Four workers of a real nginx share a limit in their dictionary, or in Redis.

local hosts = require "spec.support.servers.nginx_host"
local redises = require "spec.support.servers.redis"
local uv = require "luv"
local watchers = require "spec.proof.limits.watcher"

local LIMIT = 20
local BEAT_MS, ATTEMPT_MS = 200, 800

local INIT = [[
  package.path = "${root}/?.lua;${root}/build/unpacked/usr/share/lua/5.1/?.lua;" .. package.path
  limits = require "elevenlabs.workspace.limits"
]]

local START = [[
  init_worker_by_lua_block {
    require("spec.proof.limits.nginx_worker").start(limit, {
      watcher = "${watcher}", maximum = ${maximum}, attempt_ms = ${attempt}, beat_ms = ${beat},
    })
  }
  lua_shared_dict fleet 1m;
]]

local IN_DICT = [[limit = limits.shared_dict { dict = ngx.shared.fleet, name = "spec" }]]
local IN_REDIS = [[
  limit = limits.redis { connect = limits.resty_redis { path = "${redis}" }, name = "spec" }
]]

describe("four workers of nginx", function()
  local host, watcher, redis

  local function start(limit)
    redis = redises.start()
    local path = redis.folder .. "/watcher.sock"
    watcher = watchers.start(path, LIMIT)
    host = hosts.start {
      workers = 4,
      init = INIT .. limit,
      http = START,
      redis = redis.path,
      watcher = path,
      maximum = LIMIT,
      attempt = ATTEMPT_MS,
      beat = BEAT_MS,
    }
  end

  after_each(function()
    host:stop()
    watcher:stop()
    redis:stop()
  end)

  --- Until the window is used. It is a bound for what is broken, never a delay.
  local function settle()
    local average = 0
    for _ = 1, 30 do
      watcher:measure()
      local until_ms = uv.now() + 1000
      hosts.wait_until(function()
        return uv.now() >= until_ms
      end)
      average = watcher:measure()
      if average > 17 then
        break
      end
    end
    assert.is_true(average > 17, ("%.1f of %d: %s"):format(average, LIMIT, host:log()))
  end

  local function wait_for_workers(count)
    hosts.wait_until(function()
      return #watcher.pipes >= count
    end)
  end

  for name, limit in pairs { ["a dictionary"] = IN_DICT, Redis = IN_REDIS } do
    it("share a limit in " .. name .. ", also when some are killed, stopped or reloaded", function()
      start(limit)
      wait_for_workers(4)
      settle()
      local pids = host:workers()
      uv.kill(pids[1], "sigkill")
      uv.kill(pids[2], "sigstop")
      wait_for_workers(5)
      settle()
      uv.kill(pids[2], "sigcont")
      settle()
      host:signal "sighup"
      wait_for_workers(9)
      for i = 1, 5 do -- the old workers have work for ever, which nginx would wait for
        if not watcher.pipes[i]:is_closing() then
          watcher.pipes[i]:close()
        end
      end
      settle()
      assert.are.equal(0, watcher.over, ("%d were in flight"):format(watcher.most))
    end)
  end
end)
