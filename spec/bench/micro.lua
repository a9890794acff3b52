--- Small costs of ours, as one line of JSON. Arguments: BASE_URL of the server's HTTP/2
--- listener, CA_FILE.

local cjson = require "cjson"
local bench = require "spec.bench.child"
local clients = require "elevenlabs.workspace.client"
local core = require "elevenlabs.workspace.core"
local statistics = require "spec.bench.statistics"

local base_url, ca_file = ...
local IN_FLIGHT, BLOCKS, BLOCK = 256, 21, 2000

local ARGS = {
  resource_id = "slow_0000001",
  resource_type = "voice",
  user_email = "leaver@example.com",
}

local function open_core()
  return assert(core.new {
    base_url = base_url,
    ca_file = ca_file,
    max_concurrency = IN_FLIGHT,
  })
end

--- A client whose core only counts: what is left is Lua.
local function idle_client()
  local checker, count = open_core(), 0
  local idle = {}
  function idle.validate(_, op, args)
    return checker:validate(op, args)
  end
  function idle.prepare(_, op, args)
    return checker:prepare(op, args)
  end
  function idle.send()
    count = count + 1
    return true
  end
  function idle.counts()
    return count, 0, 0
  end
  function idle.wake_at() end
  local none = {}
  function idle.step()
    return none, 0, none
  end
  idle.close, idle.cancel = idle.step, idle.wake_at
  return clients.over {
    core = idle,
    base_url = base_url,
    api_key = "sk_bench",
    driver = require "elevenlabs.workspace.driver.blocking",
  }
end

--- Nanoseconds of CPU and bytes of Lua's heap for one call: medians of blocks, each without a
--- collection. `prepare` makes what one block uses.
local function cost(prepare, call)
  local times, bytes = {}, {}
  for block = 1, BLOCKS do
    local subject = prepare()
    collectgarbage()
    collectgarbage "stop"
    local heap, started = collectgarbage "count", os.clock()
    for _ = 1, BLOCK do
      call(subject)
    end
    times[block] = (os.clock() - started) / BLOCK * 1e9
    bytes[block] = (collectgarbage "count" - heap) * 1024 / BLOCK
    collectgarbage "restart"
  end
  return statistics.median(times), statistics.median(bytes)
end

--- The core's own start: the request is handed to libcurl, nothing is sent. Handles are used again,
--- as they are in a run.
local function attempt_ns()
  local subject, times = open_core(), {}
  local request = assert(subject:prepare("unshare", ARGS))
  for block = 1, BLOCKS do
    local started = os.clock()
    for slot = 1, IN_FLIGHT do
      assert(subject:send(request, "sk_bench", slot))
    end
    times[block] = (os.clock() - started) / IN_FLIGHT * 1e9
    for slot = 1, IN_FLIGHT do
      subject:cancel(slot)
    end
    subject:step(0)
  end
  subject:close()
  return statistics.median(times)
end

--- Step until a number of milliseconds has passed.
local function run_for(subject, ms)
  local over = core.now() + ms
  while core.now() < over do
    subject:step(5)
  end
end

--- What a call in flight keeps outside of Lua: with one connection made before, the process's
--- growth from one call in flight to all of them.
local function resident_bytes()
  local subject = open_core()
  local request = assert(subject:prepare("unshare", ARGS))
  subject:send(request, "sk_bench", 1)
  run_for(subject, 300)
  local before = bench.status_kib "VmRSS"
  for slot = 2, IN_FLIGHT + 1 do
    subject:send(request, "sk_bench", slot)
  end
  run_for(subject, 25) -- all sent, none answered
  local after = bench.status_kib "VmRSS"
  subject:close()
  return (after - before) * 1024 / IN_FLIGHT
end

--- And inside of it: calls that have been started and stepped once.
local function heap_bytes()
  local client = idle_client() -- which keeps its calls
  for _ = 1, 4 do
    assert(client:start("unshare", ARGS))
  end
  client:step(0) -- the window's first four; the others wait as they would
  collectgarbage()
  local before = collectgarbage "count"
  for _ = 1, IN_FLIGHT do
    assert(client:start("unshare", ARGS))
  end
  collectgarbage()
  return (collectgarbage "count" - before) * 1024 / IN_FLIGHT
end

local validate_ns, validate_bytes = cost(open_core, function(subject)
  subject:validate("unshare", ARGS)
end)
local prepare_ns, prepare_bytes = cost(open_core, function(subject)
  subject:prepare("unshare", ARGS)
end)
local start_ns, start_bytes = cost(idle_client, function(subject)
  subject:start("unshare", ARGS)
end)
local step_ns = cost(function()
  local client = assert(clients.new { base_url = base_url, ca_file = ca_file, api_key = "k" })
  client:step(0)
  return client
end, function(subject)
  subject:step(0)
end)

print(cjson.encode {
  validate_ns = validate_ns,
  validate_bytes = validate_bytes,
  prepare_ns = prepare_ns,
  prepare_bytes = prepare_bytes,
  start_ns = start_ns,
  start_bytes = start_bytes,
  attempt_ns = attempt_ns(),
  step_ns = step_ns,
  heap_bytes = heap_bytes(),
  resident_bytes = resident_bytes(),
})
