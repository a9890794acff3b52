--- `make bench`: measures, prints, and writes build/bench/bench.md, .svg and .json.
--- ROUNDS, ROWS (a Lua pattern of rows and figures) and REQUESTS come from the environment,
--- BENCH_OUTPUT, another folder for what is written, and RESTY_HTTP, the folder of lua-resty-http.

local figures = require "spec.bench.figures"
local process = require "spec.support.process"
local report = require "spec.bench.report"
local rounds = require "spec.bench.rounds"
local rows = require "spec.bench.rows"
local servers = require "spec.bench.server"
local tls = require "spec.support.servers.tls"
local uv = require "luv"

local ROUNDS = tonumber(os.getenv "ROUNDS") or 5
local ROWS = os.getenv "ROWS"
local REQUESTS = tonumber(os.getenv "REQUESTS")
local OUTPUT = os.getenv "BENCH_OUTPUT" or "build/bench"

local function print_now(...)
  print(...)
  io.stdout:flush()
end

-- ---- Ctrl-C: what runs now ends, and then the rest of the way out as ever

local interrupted = false

local function on_signal()
  interrupted = true
  if rounds.child then
    rounds.child.handle:kill "sigterm"
  end
end

local function watch_signals()
  for _, name in ipairs { "sigint", "sigterm", "sighup" } do
    local signal = uv.new_signal()
    signal:start(name, on_signal)
    signal:unref()
  end
end

local function is_over()
  return interrupted
end

-- ---- what the figures are of

--- The first line that a command prints.
local function output(...)
  local _, out, err = process.run { ... }
  return (out .. err):match "[^\n]*"
end

local function cpu_model()
  local file = io.open "/proc/cpuinfo"
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text:match "model name%s*:%s*([^\n]*)" or "unknown processor"
end

local function header()
  local lua = rawget(_G, "jit") and rawget(_G, "jit").version or _VERSION
  return {
    date = os.date "%Y-%m-%d %H:%M",
    rounds = ROUNDS,
    facts = {
      ("%d cores, %s"):format(#uv.cpu_info(), cpu_model()),
      ("%s; %s"):format(lua, output("build/bench/plain", "version")),
      output("/usr/sbin/nginx", "-v") .. ", one worker on a core of its own, loopback, TLS",
      ("rounds: %d"):format(ROUNDS),
    },
  }
end

-- ---- the run

local function measure(server)
  local results = rounds.measure(rows.list(ROWS), {
    server = server,
    rounds = ROUNDS,
    requests = REQUESTS,
    is_over = is_over,
    tell_round = function(number)
      print_now(("round %d of %d"):format(number, ROUNDS))
    end,
    tell = function(result, sample)
      print_now(report.sample_line(result, sample))
    end,
  })
  local values, failed = figures.measure(ROWS, server, is_over)
  for name, why in pairs(failed) do
    print_now(("figures of %s failed: %s"):format(name, why))
  end
  return results, values, next(failed) ~= nil
end

local function has_failed(results)
  for _, result in ipairs(results) do
    if result.failed then
      return true
    end
  end
  return false
end

--- -> whether all could be measured
local function run(server)
  local results, values, figures_failed = measure(server)
  if interrupted then
    return false
  end
  local found = report.gather(results, values, header())
  report.write(found, OUTPUT)
  print_now("\n" .. report.markdown(found))
  print_now(("written: %s/bench.md, bench.svg, bench.json"):format(OUTPUT))
  return not figures_failed and not has_failed(results)
end

watch_signals()
uv.fs_mkdir(OUTPUT, tonumber("755", 8))
local server = servers.start()
local fine, complete = pcall(run, server)
server:stop()
tls.remove()
if not fine then
  io.stderr:write(tostring(complete), "\n")
end
os.exit(interrupted and 130 or (fine and complete) and 0 or 1)
