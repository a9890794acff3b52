--- What is measured, and what is to come of it. A row is any program that takes
---
---   MODE IN_FLIGHT WARM_UP REQUESTS BASE_URL CA_FILE PREFIX
---
--- unshares PREFIX_0000001 and so on, and prints one line of JSON: requests, seconds and
--- cpu_seconds of the measured part, peak_kib of the process; or { skipped = why }.

local M = {}

local WARM_UP = 500

---@class bench.Row
---@field id string
---@field title string
---@field program "ours"|"plain"|"command"|"sdk"|"lcurl"
---@field mode string
---@field server "h2"|"h1"
---@field in_flight integer
---@field requests integer about a second's worth
---@field prefix "voice"|"slow" slow ones are answered after 50 to 150 ms

--- Where one thread does the work it keeps to the second core, and nginx has the first: left
--- to itself the system has them share one now and then, which makes a call alone three times
--- as fast.
local PIN = { "taskset", "-c", "1" }
local THREADED = { thread = true, ["journal-thread"] = true, sdk = true }
local pinning = os.execute "taskset -c 1 true 2>/dev/null" -- there may be one core alone
local CAN_PIN = pinning == true or pinning == 0

local SERVERS = { h2 = "HTTP/2", h1 = "HTTP/1.1" }

--- Those to be compared stand side by side: the machine drifts least between them.
local LIST = {
  { "many-h2-1", "ours", "many", 10000 },
  { "many-h2-16", "ours", "many", 25000 },
  { "many-h2-64", "ours", "many", 30000 },
  { "plain-h2-64", "plain", "multi", 30000 },
  { "tuned-h2-64", "plain", "tuned", 30000 },
  { "h2load-h2-64", "command", "h2load", 60000 },
  { "journal-h2-64", "ours", "journal", 30000 },
  { "thread-h2-64", "ours", "thread", 30000 },
  { "journal-thread-h2-64", "ours", "journal-thread", 30000 },
  { "many-h2-256", "ours", "many", 25000 },
  { "plain-h2-256", "plain", "multi", 25000 },
  { "many-h1-1", "ours", "many", 10000 },
  { "many-h1-16", "ours", "many", 30000 },
  { "plain-h1-16", "plain", "multi", 30000 },
  { "h2load-h1-16", "command", "h2load-h1", 60000 },
  { "many-h1-64", "ours", "many", 30000 },
  { "many-h1-256", "ours", "many", 25000 },
  { "slow-h2-256", "ours", "many", 2500 },
  { "slow-plain-h2-256", "plain", "multi", 2500 },
  { "slow-h1-256", "ours", "many", 2500 },
  { "slow-plain-h1-256", "plain", "multi", 2500 },
  { "single-h2-1", "ours", "single", 10000 },
  { "easy-h2-1", "plain", "easy", 10000 },
  { "single-h1-1", "ours", "single", 10000 },
  { "easy-h1-1", "plain", "easy", 10000 },
  { "curl-h2-64", "command", "curl", 10000 },
  { "lcurl-h2-64", "lcurl", "multi", 30000 },
  { "lcurl-h1-16", "lcurl", "multi", 30000 },
  { "sdk-h1-64", "sdk", "sdk", 2500 },
}

local TITLES = {
  many = "unshare_many",
  journal = "unshare_many with a journal",
  thread = 'unshare_many, io = "thread"',
  ["journal-thread"] = 'unshare_many with a journal, io = "thread"',
  single = "client:unshare in a loop",
  multi = "C, libcurl: perform and poll",
  tuned = "C, libcurl: our transport's tricks",
  easy = "C, libcurl: easy handle",
  curl = "curl --parallel",
  h2load = "h2load (the server's limit)",
  ["h2load-h1"] = "h2load (the server's limit)",
  sdk = "official JavaScript SDK",
}

local function new_row(id, program, mode, requests)
  local server, in_flight = id:match "%-(h%d)%-(%d+)$"
  local slow = id:find "^slow" ~= nil
  local title = program == "lcurl" and "Lua-cURL: perform and wait" or TITLES[mode]
  local after = slow and ", replies after 50-150 ms" or ""
  return {
    id = id,
    title = ("%s, %s, %s at once%s"):format(title, SERVERS[server], in_flight, after),
    program = program,
    mode = mode,
    server = server,
    in_flight = tonumber(in_flight),
    requests = requests,
    prefix = slow and "slow" or "voice",
  }
end

--- The rows whose id matches.
---@param pattern string|nil a Lua pattern; nil: all
---@return bench.Row[]
function M.list(pattern)
  local list = {}
  for _, fields in ipairs(LIST) do
    if fields[1]:find(pattern or "") then
      list[#list + 1] = new_row((unpack or table.unpack)(fields))
    end
  end
  return list
end

--- The command of one measurement.
---@param row bench.Row
---@param server bench.Server
---@param requests integer|nil other than the row's own
---@return string[]
function M.command(row, server, requests)
  local lua = os.getenv "SPEC_LUA"
  local programs = {
    ours = { lua, "spec/bench/ours.lua" },
    lcurl = { lua, "spec/bench/lcurl.lua" },
    plain = { "build/bench/plain" },
    command = { "python3", "spec/bench/command.py" },
    sdk = { "node", "spec/bench/sdk.mjs" },
  }
  local is_pinned = CAN_PIN and not THREADED[row.mode]
  local command = is_pinned and { (unpack or table.unpack)(PIN) } or {}
  for _, word in ipairs(programs[row.program]) do
    command[#command + 1] = word
  end
  for _, word in ipairs {
    row.mode,
    row.in_flight,
    WARM_UP,
    requests or row.requests,
    server.base_urls[row.server],
    server.ca_file,
    row.prefix,
  } do
    command[#command + 1] = tostring(word)
  end
  return command
end

---@class bench.Goal
---@field title string
---@field figure "rate"|"cpu_us"|nil of two rows; nil: `of` names a figure of figures.lua
---@field of string
---@field over string|nil the row to divide by
---@field less string|nil the row to subtract
---@field at_least number|nil
---@field at_most number|nil
---@field unit string|nil

---@type bench.Goal[]
M.GOALS = {
  {
    title = "unshare_many, HTTP/2, 64 at once / plain C loop",
    figure = "rate",
    of = "many-h2-64",
    over = "plain-h2-64",
    at_least = 1.00,
  },
  {
    title = "the same / h2load",
    figure = "rate",
    of = "many-h2-64",
    over = "h2load-h2-64",
    at_least = 0.45,
  },
  {
    title = "unshare_many, HTTP/1.1, 16 at once / plain C loop",
    figure = "rate",
    of = "many-h1-16",
    over = "plain-h1-16",
    at_least = 1.00,
  },
  {
    title = "unshare_many, HTTP/2, 64 at once / JavaScript SDK, 64 at once",
    figure = "rate",
    of = "many-h2-64",
    over = "sdk-h1-64",
    at_least = 12,
  },
  {
    title = "CPU a request, 256 at once, replies after 50-150 ms, HTTP/2 / plain C loop",
    figure = "cpu_us",
    of = "slow-h2-256",
    over = "slow-plain-h2-256",
    at_most = 0.60,
  },
  {
    title = "CPU a request, 256 at once, replies after 50-150 ms, HTTP/1.1 / plain C loop",
    figure = "cpu_us",
    of = "slow-h1-256",
    over = "slow-plain-h1-256",
    at_most = 0.60,
  },
  {
    title = "unshare_many with a journal / without",
    figure = "rate",
    of = "journal-h2-64",
    over = "many-h2-64",
    at_least = 0.90,
  },
  {
    title = 'unshare_many with a journal / without, io = "thread"',
    figure = "rate",
    of = "journal-thread-h2-64",
    over = "thread-h2-64",
    at_least = 0.90,
  },
  {
    title = "client:unshare in a loop, HTTP/2 / C easy handle",
    figure = "rate",
    of = "single-h2-1",
    over = "easy-h2-1",
    at_least = 0.97,
  },
  {
    title = "client:unshare in a loop, HTTP/1.1 / C easy handle",
    figure = "rate",
    of = "single-h1-1",
    over = "easy-h1-1",
    at_least = 0.97,
  },
  {
    title = "CPU an item above libcurl with the same tricks, HTTP/2, 64 at once",
    figure = "cpu_us",
    of = "many-h2-64",
    less = "tuned-h2-64",
    at_most = 3,
    unit = "us",
  },
  {
    title = "memory of 1,000,000 items above that of 1,000",
    of = "memory_more_mib",
    at_most = 8,
    unit = "MiB",
  },
  {
    title = "CPU an item of 1,000,000 / of 10,000",
    of = "cost_growth",
    at_most = 1.05,
  },
  {
    title = 'require "elevenlabs.workspace" above lua-cjson and libcurl',
    of = "require_ms",
    at_most = 1,
    unit = "ms",
  },
  {
    title = "removals in an nginx worker, HTTP/2, 32 at once",
    of = "nginx_rate",
    at_least = 20000,
    unit = "/s",
  },
  {
    title = "p99 of the worker's other requests beside that, above idle",
    of = "probe_more_ms",
    at_most = 0.5,
    unit = "ms",
  },
  {
    title = "a lone call in the worker above one in a script, p50",
    of = "lone_more_us",
    at_most = 100,
    unit = "us",
  },
  {
    title = "a LÖVE frame's part for 16 removals in flight, p99",
    of = "frame_p99_us",
    at_most = 100,
    unit = "us",
  },
  {
    title = "the longest LÖVE frame of the first connection",
    of = "frame_first_us",
    at_most = 1000,
    unit = "us",
  },
}

return M
