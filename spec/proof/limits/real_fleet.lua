--- A fleet of real clients, scripts and nginx's workers, over one Redis and one sandbox that takes 20
--- requests at once.

local cjson = require "cjson"
local core = require "elevenlabs.workspace.core"
local hosts = require "spec.support.servers.nginx_host"
local process = require "spec.support.process"
local redises = require "spec.support.servers.redis"
local sandboxes = require "spec.support.servers.sandbox"

local M = {}

local MAXIMUM, LATENCY_MS = 20, 50
local SETTLE_MS, SPAN_MS = 7000, 5000 -- all start, and the window grows, in the first

local NGINX = [[
  init_worker_by_lua_block {
    local cjson = require "cjson"
    local parts = cjson.decode(${parts})
    assert(ngx.timer.at(0, function()
      local ok, counts = pcall(require("spec.proof.limits.real_client").run, limit, parts)
      results:set(ngx.worker.id(), cjson.encode(ok and counts or { problem = tostring(counts) }))
    end))
  }
  lua_shared_dict results 1m;
]]
local INIT = [[
  package.path = "${root}/?.lua;${root}/build/unpacked/usr/share/lua/5.1/?.lua;" .. package.path
  local limits = require "elevenlabs.workspace.limits"
  results = ngx.shared.results
  limit = limits.redis { connect = limits.resty_redis { path = "${redis}" }, name = "real" }
]]
local SERVER = [[
  location = /results {
    content_by_lua_block {
      for _, key in ipairs(results:get_keys()) do ngx.say(results:get(key)) end
    }
  }
]]

local function start_nginx(redis, parts, workers)
  return hosts.start {
    workers = workers,
    init = INIT,
    http = NGINX,
    server = SERVER,
    redis = redis.path,
    parts = ("%q"):format(cjson.encode(parts)),
  }
end

local function wait_for_lines(nginx, count)
  local lines
  hosts.wait_until(function()
    lines = {}
    for line in nginx:get("/results"):gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    return #lines == count
  end)
  return lines
end

local function add_up(lines)
  local sum = { ended = 0, failed = 0, retries = 0, busy_ms = 0 }
  for _, line in ipairs(lines) do
    for name, count in pairs(cjson.decode(line)) do
      sum[name] = type(count) == "number" and sum[name] + count or error(count, 0)
    end
  end
  return sum
end

--- Run the clients of one fleet to their end.
---@return string[] lines what each counted
---@return string log nginx's
local function play(fleet, redis, parts)
  local nginx = fleet.workers > 0 and start_nginx(redis, parts, fleet.workers)
  local scripts = {}
  for i = 1, fleet.scripts do
    scripts[i] = process.start {
      os.getenv "SPEC_LUA",
      "spec/proof/limits/real_script.lua",
      cjson.encode(parts),
    }
  end
  local lines = nginx and wait_for_lines(nginx, fleet.workers) or {}
  for _, script in ipairs(scripts) do
    assert(script:wait() == 0, script.err.text)
    lines[#lines + 1] = script.out.text
  end
  return lines, nginx and select(2, nginx:stop()) or ""
end

--- What the clients count together.
---@param fleet table { scripts, workers = of nginx }
---@return table { average = in flight, ended, failed, retries = requests beyond the server's maximum,
--- clients = what each counted, log = nginx's }
function M.run(fleet)
  local sandbox = sandboxes.start(
    "--max-concurrent",
    tostring(MAXIMUM),
    "--latency-ms",
    tostring(LATENCY_MS)
  )
  local redis = redises.start { is_plain = true }
  redis:prepare_limit "real"
  local from_ms = core.now() + SETTLE_MS
  local ok, lines, log = pcall(play, fleet, redis, {
    base_url = sandbox.base_url,
    ca_file = sandbox.ca_file,
    api_key = sandbox.api_key,
    item = sandbox.example,
    redis = redis.path,
    from_ms = from_ms,
    until_ms = from_ms + SPAN_MS,
  })
  redis:stop()
  sandbox:stop()
  assert(ok, lines)
  local sum = add_up(lines)
  sum.clients, sum.log = lines, log
  sum.average = sum.busy_ms / SPAN_MS
  return sum
end

M.MAXIMUM = MAXIMUM

return M
