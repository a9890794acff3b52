--- What the rows in Lua share: arguments in, one line of JSON out.

local cjson = require "cjson"
local core = require "elevenlabs.workspace.core"

local M = {}

---@param list string[] MODE IN_FLIGHT WARM_UP REQUESTS BASE_URL CA_FILE PREFIX
function M.arguments(list)
  return {
    mode = list[1],
    in_flight = tonumber(list[2]),
    warm_up = tonumber(list[3]),
    requests = tonumber(list[4]),
    base_url = list[5],
    ca_file = list[6],
    prefix = list[7],
  }
end

--- There is nothing to measure here, and that is no failure.
function M.skip(why)
  print(cjson.encode { skipped = why })
  os.exit(0)
end

--- For a file, on a disk: a temporary folder may be memory, where a sync costs nothing.
function M.new_path()
  return ("build/bench/%.0f.journal"):format(core.random() * 1e15)
end

--- A line of /proc/self/status, in KiB.
function M.status_kib(name)
  local file = assert(io.open "/proc/self/status")
  local text = file:read "*a"
  file:close()
  return tonumber(text:match(name .. ":%s*(%d+)"))
end

--- Run it, and print what it took. os.clock counts all threads, user and system.
function M.measure(args, run)
  local started, cpu = core.now(), os.clock()
  run()
  cpu = os.clock() - cpu
  print(cjson.encode {
    requests = args.requests,
    seconds = (core.now() - started) / 1000,
    cpu_seconds = cpu,
    peak_kib = M.status_kib "VmHWM",
  })
end

return M
