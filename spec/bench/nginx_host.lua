--- What our client costs an nginx worker: the worker's other requests while it removes by the
--- thousand, and a lone call in it beside one in a script. If RESTY_HTTP names the folder that holds
--- resty/http.lua, lua-resty-http does the same removals in turns with us. Prints one line of JSON.
--- For LuaJIT.

local cjson = require "cjson"
local core = require "elevenlabs.workspace.core"
local hosts = require "spec.support.servers.nginx_host"
local process = require "spec.support.process"
local statistics = require "spec.bench.statistics"
local tls = require "spec.support.servers.tls"
local uv = require "luv"

local REMOVALS, IN_FLIGHT, LONE_CALLS, LONE_ROUNDS, BUSY_ROUNDS = 20000, 32, 5000, 3, 3
local PROBES_A_SECOND, PROBE_CONNECTIONS, QUIET_S = 400, 8, 3

local RESTY_HTTP = os.getenv "RESTY_HTTP"

local SERVICE = [[
  listen 127.0.0.1:${port2} ssl http2;
  ssl_certificate ${cert};
  ssl_certificate_key ${key};
  keepalive_requests 1000000000;
  default_type application/json;
  location / { return 200 '{"status":"ok"}'; }
]]

-- The same for a worker and for a script.
local CALLS = [[
  local core = require "elevenlabs.workspace.core"
  local workspace = require "elevenlabs.workspace"
  local client = assert(workspace.new {
    base_url = "${url}", ca_file = "${cert}", api_key = "sk_bench", max_concurrency = ${in_flight},
  })
  local function item(number)
    local id = ("voice_%07d"):format(number)
    return { resource_id = id, resource_type = "voice", user_email = "leaver@example.com" }
  end
  function lone(count)
    local times = {}
    for i = 1, count do
      local before = core.now()
      assert(client:unshare(item(i)))
      times[i] = core.now() - before
    end
    table.sort(times)
    return ("%.4f"):format(times[math.ceil(count / 2)])
  end
  function bulk(count)
    local number, before = 0, core.now()
    local report = assert(client:unshare_many(function()
      number = number + 1
      return number <= count and item(number) or nil
    end))
    assert(report.confirmed == count, tostring(report))
    return ("%.0f"):format(count / (core.now() - before) * 1000)
  end
]]

-- What somebody would write with lua-resty-http: light threads that share a pool of connections, each
-- item checked for its status and its JSON.
local RESTY = [[
  package.path = "${resty}/?.lua;" .. package.path
  local cjson = require "cjson.safe"
  local core = require "elevenlabs.workspace.core"
  local http = require "resty.http"
  local options = { scheme = "https", host = "127.0.0.1", port = ${port}, ssl_verify = false,
    pool_size = ${in_flight} }
  local function remove(connection, number)
    local response = assert(connection:request {
      method = "POST",
      path = ("/v1/workspace/resources/voice_%07d/unshare"):format(number),
      headers = { ["xi-api-key"] = "sk_bench", ["Content-Type"] = "application/json" },
      body = cjson.encode { resource_type = "voice", user_email = "leaver@example.com" },
    })
    local body = assert(cjson.decode(assert(response:read_body())))
    return response.status == 200 and body.status == "ok"
  end
  function resty(count)
    local number, before, confirmed = 0, core.now(), 0
    local function work()
      local connection = http.new()
      assert(connection:connect(options))
      while number < count do
        number = number + 1
        if remove(connection, number) then
          confirmed = confirmed + 1
        end
      end
      connection:set_keepalive()
    end
    local threads = {}
    for i = 1, ${in_flight} do
      threads[i] = ngx.thread.spawn(work)
    end
    for i = 1, ${in_flight} do
      assert(ngx.thread.wait(threads[i]))
    end
    assert(confirmed == count)
    return ("%.0f"):format(count / (core.now() - before) * 1000)
  end
]]

local SERVER = [[
  keepalive_requests 1000000000;
  location = /probe { content_by_lua_block { ngx.print "here" } }
  location = /lone { content_by_lua_block { ngx.print(lone(tonumber(ngx.var.arg_n))) } }
  location = /resty { content_by_lua_block { ngx.print(resty(tonumber(ngx.var.arg_n))) } }
  location = /bulk { content_by_lua_block { ngx.print(bulk(tonumber(ngx.var.arg_n))) } }
]]

local function fill(text, values)
  return (text:gsub("%${(%w+_?%w*)}", values))
end

-- ---- the probe

local GET = "GET /probe HTTP/1.1\r\nHost: localhost\r\n\r\n"

local function connect(port, times)
  local connection = { sent = {}, first = 1, socket = uv.new_tcp(), tail = "" }
  connection.socket:connect("127.0.0.1", port, function(err)
    assert(not err, err)
    connection.socket:read_start(function(_, chunk)
      connection.tail = connection.tail .. assert(chunk, "the worker closed a probe's connection")
      local _, last = connection.tail:find "\r\n0\r\n\r\n"
      while last do
        connection.tail = connection.tail:sub(last + 1)
        times[#times + 1] = core.now() - connection.sent[connection.first]
        connection.first = connection.first + 1
        _, last = connection.tail:find "\r\n0\r\n\r\n"
      end
    end)
  end)
  return connection
end

--- Probe steadily until `done()`. Times count from when a probe was due to be sent.
--- -> the 99th of a hundred, in ms
local function probe(port, done)
  local times, connections, count, timer = {}, {}, 0, uv.new_timer()
  for i = 1, PROBE_CONNECTIONS do
    connections[i] = connect(port, times)
  end
  local began = core.now()
  timer:start(1, 1, function()
    local due = math.floor((core.now() - began) * PROBES_A_SECOND / 1000)
    while count < due do
      count = count + 1
      local connection = connections[count % PROBE_CONNECTIONS + 1]
      connection.sent[#connection.sent + 1] = core.now()
      connection.socket:write(GET)
    end
  end)
  assert(process.run_until(done, 120000))
  timer:close()
  process.run_until(function()
    return #times == count
  end)
  for _, connection in ipairs(connections) do
    connection.socket:close()
  end
  uv.run "nowait"
  table.sort(times)
  return times[math.ceil(#times * 0.99)]
end

local function probe_quiet(host)
  local over, timer = false, uv.new_timer()
  timer:start(QUIET_S * 1000, 0, function()
    over = true
    timer:close()
  end)
  return probe(host.port, function()
    return over
  end)
end

--- As many runs as last long enough.
---@param location string "/bulk" or "/resty"
local function probe_busy(host, location)
  local rates, request = {}, nil
  local began = core.now()
  local function next_run()
    if not request or request.ended then
      rates[#rates + 1] = request and assert(tonumber(request.body), request.body)
      request = core.now() - began < QUIET_S * 1000 and host:begin(location .. "?n=" .. REMOVALS)
    end
    return not request
  end
  local p99 = probe(host.port, next_run)
  return p99, statistics.median(rates), #rates * REMOVALS
end

-- ---- the whole

--- Of all its threads.
local function cpu_s(pid)
  local file = assert(io.open(("/proc/%d/stat"):format(pid)))
  local user, system = file:read("*a"):match("%) " .. ("%S+ "):rep(11) .. "(%d+) (%d+)")
  file:close()
  return (user + system) / 100
end

--- The same in a script.
local function blocking_lone(calls)
  local text = calls .. ("lone(500) print(lone(%d))"):format(LONE_CALLS)
  local code, out, err = process.run { "luajit", "-e", text }
  assert(code == 0, err)
  return tonumber(out)
end

--- Turn about: what is measured together is compared.
local function measure_lone(host, calls)
  local inside, blocking = {}, {}
  for round = 1, LONE_ROUNDS do
    inside[round] = tonumber((host:get("/lone?n=" .. LONE_CALLS)))
    blocking[round] = blocking_lone(calls)
  end
  return statistics.median(inside), statistics.median(blocking)
end

--- -> { p99_ms, rate, cpu_us } of one of the two
local function measure_busy(host, location)
  local worker = host:workers()[1]
  local before = cpu_s(worker)
  local p99, rate, count = probe_busy(host, location)
  return { p99_ms = p99, rate = rate, cpu_us = (cpu_s(worker) - before) / count * 1e6 }
end

--- The medians of rounds, and of their ratios.
local function compare(ours, theirs)
  local function median_of(list, name)
    local values = {}
    for i, round in ipairs(list) do
      values[i] = round[name]
    end
    return statistics.median(values)
  end
  local figures = {
    probe_busy_p99_ms = median_of(ours, "p99_ms"),
    nginx_rate = median_of(ours, "rate"),
    nginx_cpu_us = median_of(ours, "cpu_us"),
  }
  if theirs[1] then
    local rates, p99s = {}, {}
    for i, round in ipairs(ours) do
      rates[i], p99s[i] = round.rate / theirs[i].rate, round.p99_ms / theirs[i].p99_ms
    end
    figures.resty_p99_ms = median_of(theirs, "p99_ms")
    figures.resty_rate = median_of(theirs, "rate")
    figures.resty_cpu_us = median_of(theirs, "cpu_us")
    figures.nginx_over_resty = statistics.median(rates)
    figures.p99_over_resty = statistics.median(p99s)
  end
  return figures
end

local function measure(host, calls)
  local ours, theirs = {}, {}
  host:get("/bulk?n=" .. REMOVALS) -- until the window is open
  local quiet = probe_quiet(host)
  for round = 1, BUSY_ROUNDS do
    ours[round] = measure_busy(host, "/bulk")
    theirs[round] = RESTY_HTTP and measure_busy(host, "/resty")
  end
  local figures = compare(ours, theirs)
  local inside, blocking = measure_lone(host, calls)
  figures.probe_p99_ms = quiet
  figures.probe_more_ms = figures.probe_busy_p99_ms - quiet
  figures.lone_us, figures.lone_more_us = inside * 1000, (inside - blocking) * 1000
  return figures
end

local function run(service, cert)
  local calls = fill(CALLS, {
    url = ("https://127.0.0.1:%d"):format(service.port2),
    cert = cert,
    in_flight = tostring(IN_FLIGHT),
  })
  local theirs = RESTY_HTTP
    and fill(RESTY, {
      resty = RESTY_HTTP,
      port = tostring(service.port2),
      in_flight = tostring(IN_FLIGHT),
    })
  local host = hosts.start { init = calls .. (theirs or ""), server = SERVER }
  local ok, figures = pcall(measure, host, calls)
  host:stop()
  assert(ok, figures)
  print((cjson.encode(figures)))
end

local certificate = tls.certificate("bench", "IP:127.0.0.1")
local service = hosts.start {
  server = SERVICE,
  cert = certificate.cert,
  key = certificate.key,
}
local ok, why = pcall(run, service, certificate.cert)
service:stop()
tls.remove()
if not ok then
  error(why, 0)
end
