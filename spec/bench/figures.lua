--- Figures that are not of a row: small costs, loading, and what a million items cost.

local memory = require "spec.proof.memory.memory"
local process = require "spec.support.process"
local rounds = require "spec.bench.rounds"
local statistics = require "spec.bench.statistics"
local uv = require "luv"

local M = {}

local LOADS = 50
local FEW, SOME, MANY = 1000, 10000, 1000000
local SOME_RUNS = 15

local function micro(server)
  local lua = os.getenv "SPEC_LUA"
  return rounds.run { lua, "spec/bench/micro.lua", server.base_urls.h2, server.ca_file }
end

local function load()
  local times = {}
  for i = 1, LOADS do
    local code, out, err = process.run { os.getenv "SPEC_LUA", "spec/bench/load.lua" }
    assert(code == 0, err)
    times[i] = tonumber(out)
  end
  return { require_ms = statistics.median(times) }
end

--- The runs of `make memory` over a core that answers at once: what grows is ours.
local function million()
  local costs = {}
  for i = 1, SOME_RUNS do
    costs[i] = memory.measure(SOME).cpu_seconds / SOME
  end
  local few, many = memory.measure(FEW), memory.measure(MANY)
  return {
    memory_more_mib = math.max(0, many.peak_kib - few.peak_kib) / 1024,
    item_us = many.cpu_seconds / MANY * 1e6,
    cost_growth = many.cpu_seconds / MANY / statistics.median(costs),
  }
end

--- Hosts with a LuaJIT of their own.
local function in_host(script)
  local root = uv.cwd()
  return rounds.run({ "luajit", script }, {
    LUA_PATH = ("%s/?.lua;%s/lua/?.lua;;"):format(root, root),
    LUA_CPATH = root .. "/build/luajit/?.so;;",
  })
end

local function nginx()
  return in_host "spec/bench/nginx_host.lua"
end

local function love()
  return in_host "spec/bench/love_host.lua"
end

local GROUPS = {
  { "micro", micro },
  { "require", load },
  { "million", million },
  { "nginx", nginx },
  { "love", love },
}

--- What each figure is, in the order of the report.
M.TITLES = {
  { "validate_ns", "core:validate, one request", "ns" },
  { "validate_bytes", "the same, Lua's heap", "bytes" },
  { "prepare_ns", "core:prepare, one request", "ns" },
  { "prepare_bytes", "the same, Lua's heap", "bytes" },
  { "start_ns", "client:start over a core that only validates", "ns" },
  { "start_bytes", "the same, Lua's heap", "bytes" },
  { "attempt_ns", "core:send: a request given to libcurl", "ns" },
  { "step_ns", "client:step(0) with nothing to do", "ns" },
  { "heap_bytes", "a call under way, Lua's heap", "bytes" },
  { "resident_bytes", "a call in flight, outside of Lua (HTTP/2)", "bytes" },
  { "require_ms", 'require "elevenlabs.workspace" above lua-cjson and libcurl', "ms" },
  { "memory_more_mib", "memory of 1,000,000 items above that of 1,000", "MiB" },
  { "item_us", "CPU an item of 1,000,000, core that answers at once", "us" },
  { "cost_growth", "CPU an item of 1,000,000 / of 10,000", "" },
  { "nginx_rate", "removals in an nginx worker, 32 at once", "/s" },
  { "nginx_cpu_us", "the worker's CPU for each, both threads", "us" },
  { "probe_p99_ms", "the worker's other requests, p99, idle", "ms" },
  { "probe_busy_p99_ms", "the same while it removes", "ms" },
  { "probe_more_ms", "and so more", "ms" },
  { "lone_us", "a lone call in the worker, p50", "us" },
  { "lone_more_us", "more than in a script", "us" },
  { "frame_p50_us", "a LÖVE frame's part for 16 removals in flight, p50", "us" },
  { "frame_p99_us", "the same, p99", "us" },
  { "frame_first_us", "the longest frame of the first connection", "us" },
}

--- Measure those whose group matches.
---@param pattern string|nil a Lua pattern; nil: all
---@param server bench.Server
---@param is_over fun(): boolean
---@return table<string, number> figures
---@return table<string, string> failed why a group could not be measured
function M.measure(pattern, server, is_over)
  local figures, failed = {}, {}
  for _, group in ipairs(GROUPS) do
    if group[1]:find(pattern or "") and not is_over() then
      local fine, values, why = pcall(group[2], server)
      if fine and values then
        for name, value in pairs(values) do
          figures[name] = value
        end
      else
        failed[group[1]] = tostring(why or values)
      end
    end
  end
  return figures, failed
end

return M
