--- What a limit costs: a heartbeat in Redis, by its own count, and the rate of a client.

local core = require "elevenlabs.workspace.core"
local limits = require "elevenlabs.workspace.limits"
local redises = require "spec.support.servers.redis"
local sandboxes = require "spec.support.servers.sandbox"

local M = {}

local MESSAGES = 4000
local PAIRS, ITEMS = 31, 3000 -- a run takes some heartbeats

local function message(id, seq, most)
  return {
    id = id,
    seq = seq,
    beat = 1000,
    attempt_ms = 30000,
    wants = 32,
    flying = 3,
    had = 3,
    peak = 3,
    successes = seq * 100,
    most = most,
  }
end

--- With so many clients, once their window has reached `most`.
---@param clients integer
---@param most integer
---@return number us
function M.measure(clients, most)
  local library = redises.library()
  local adapters = require "elevenlabs.workspace.limits.redis_lua"
  local redis = redises.start { is_plain = true }
  local connect = adapters.new(library, { path = redis.path })
  local store = require("elevenlabs.workspace.limits.redis").new(connect, "cost")
  redis:prepare_limit "cost"
  local rounds = MESSAGES / clients
  for round = 1, 2 * rounds do
    if round == rounds then
      assert(connect()):call("CONFIG", "RESETSTAT")
    end
    for i = 1, clients do
      assert(store:send(message("client" .. i, round, most)))
    end
  end
  local stats = assert(connect()):call("INFO", "commandstats")
  redis:stop()
  return tonumber(stats:match "cmdstat_evalsha:.-usec_per_call=([%d.]+)")
end

--- How long a run takes.
local function time_run(client, item)
  local items, began = {}, core.now()
  for i = 1, ITEMS do
    items[i] = item
  end
  local report = assert(client:unshare_many(items))
  assert(report.confirmed == ITEMS, tostring(report))
  return core.now() - began
end

--- A client's rate with a limit, for its rate without. The two take turns and the middle pair counts,
--- because a shared machine is faster now and then.
---@return number
function M.ratio()
  redises.library()
  local sandbox = sandboxes.start("--max-concurrent", "20")
  local redis = redises.start { is_plain = true }
  redis:prepare_limit "cost"
  local limit = limits.redis {
    connect = limits.redis_lua { path = redis.path },
    name = "cost",
  }
  local free = sandbox:client()
  local limited = sandbox:client { limit = limit }
  local ratios = {}
  for i = 0, PAIRS do
    local ratio = time_run(free, sandbox.example) / time_run(limited, sandbox.example)
    ratios[i] = ratio -- the first grows the windows
  end
  for _, part in ipairs { free, limited } do
    part:close()
  end
  redis:stop()
  sandbox:stop()
  table.sort(ratios)
  return ratios[(PAIRS + 1) / 2]
end

function M.print()
  local form = "a heartbeat of one of %d clients with %d places takes %.0f us of Redis"
  for _, row in ipairs { { 4, 20 }, { 16, 64 }, { 64, 256 }, { 256, 1024 }, { 64, 20 } } do
    print(form:format(row[1], row[2], M.measure(row[1], row[2])))
  end
  print(("a client's rate with a limit is %.2f of the rate without"):format(M.ratio()))
end

return M
