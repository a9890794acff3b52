--- The table of faults inside a bulk run: the single calls' again, and what concerns a run
--- alone; and, for single calls too, what is waited for.

local h2 = require "spec.support.servers.h2"
local in_bulk = require "spec.proof.faults.in_bulk"
local process = require "spec.support.process"
local raw = require "spec.support.servers.raw"

--- Why these end a run. They meet every item, but for the redirects.
local STOPS = {
  [1] = "outage",
  [2] = "outage",
  [3] = "proxy",
  [4] = "outage",
  [5] = "proxy",
  [18] = "outage",
  [37] = "redirect",
  [38] = "redirect",
  [50] = "tls",
  [51] = "tls",
  [52] = "tls",
}

--- What is neither sent again nor ends a run, and what libcurl itself sends again.
local OTHERS = {
  ["204"] = "unconfirmed",
  ["304"] = "unconfirmed",
  ["status 999"] = "unconfirmed",
  ["401"] = "confirmed again", -- asked once more
  ["402"] = "refused, stopped by payment_required",
  ["REFUSED_STREAM always"] = "confirmed, resent",
  -- libcurl 7.88 leaves it to us to send again; 8.14 does so itself.
  ["GOAWAY last=0 on a new connection"] = "confirmed again | confirmed",
  ["GOAWAY last=0 on a reused connection"] = "confirmed, confirmed again | confirmed, confirmed",
}

local function expected_in_bulk(row)
  local other = OTHERS[row.name:gsub("^HTTP/2: ", "")]
  if other then
    return other
  elseif STOPS[row.number] then
    return row.expected .. ", stopped by " .. STOPS[row.number]
  end
  return (row.expected:gsub("unconfirmed", "confirmed again"))
end

--- Once in a run, where the fault is a server's answer, and good answers after it.
local function repeat_in_bulk(faults, fault)
  for i = 1, #faults do
    local row = faults[i]
    if row.number <= 54 and row.name ~= "name look-up that takes 5 s" then -- has its own
      local expected = expected_in_bulk(row)
      local kind = not expected:find "confirmed" and row.kind or nil
      fault(row.number, row.name, expected, row.run, kind, in_bulk)
    end
  end
end

-- ---- what an HTTP/2 server answers in order, the last for ever

local OUTCOMES = { "confirmed", "refused", "unconfirmed", "not_sent" }

local function summary(report, requests)
  local parts = {}
  for _, outcome in ipairs(OUTCOMES) do
    local count = report[outcome]
    parts[#parts + 1] = count > 0 and ("%d %s"):format(count, outcome) or nil
  end
  return table.concat(parts, ", ")
    .. (" in %d requests"):format(requests)
    .. (report.stopped and ", stopped by " .. report.stopped or "")
end

--- `use(client)` over these scripts. Returns what it does, and the longest pause in seconds.
local function use_h2(scripts, use)
  local server = h2.start { scripts }
  local options = in_bulk.options { max_attempts = false }
  local client = server:client(options)
  client.engine.random = function()
    return 0.999 -- so that pauses are known, and the longest
  end
  client.engine.throttle.random = client.engine.random
  local seen = use(client)
  client:close()
  server:stop()
  return seen, math.floor(options.driver.longest_ms / 1000 + 0.5)
end

--- A run of `count` items.
local function run_over_h2(scripts, count, max_concurrency)
  return use_h2(scripts, function(client)
    local path = os.tmpname()
    local report = in_bulk.run(client, {
      journal = path,
      count = count,
      max_concurrency = max_concurrency,
    })
    os.remove(path)
    return summary(report, client:stats().attempts)
  end)
end

--- A single call, with as many attempts as usual.
local function call_over_h2(scripts)
  return use_h2(scripts, function(client)
    local receipt, err = client:unshare {
      resource_id = "id1",
      resource_type = "voice",
      user_email = "a@example.com",
    }
    local attempts = client:stats().attempts
    assert((receipt or err).attempts == attempts, "counted wrongly")
    return ("%s in %d requests"):format((receipt or err).outcome, attempts)
  end)
end

--- The same, one item after another.
local function over_h2(scripts, count)
  return function()
    return (run_over_h2(scripts, count, 1))
  end
end

--- So many times this answer, before others.
local function times(count, script, ...)
  local scripts = {}
  for i = 1, count do
    scripts[i] = script
  end
  for _, more in ipairs { ... } do
    scripts[#scripts + 1] = more
  end
  return scripts
end

local GOOD = { h2.answer(200, "{}") }

local function answer(status, code)
  return { h2.answer(status, code and ('{"detail":{"code":"%s"}}'):format(code) or "") }
end

local function add_answers(fault)
  for _, row in ipairs {
    { 42, "REFUSED_STREAM for ever", "3 unconfirmed in 24 requests",
      { { h2.rst(h2.REFUSED_STREAM) } }, 3 },
    { 26, "204 for ever", "20 unconfirmed in 20 requests, stopped by unexpected_answers",
      { { h2.headers(204, nil, true) } }, 30 },
    { 26, "204 nineteen times", "11 confirmed, 19 unconfirmed in 30 requests",
      times(19, { h2.headers(204, nil, true) }, GOOD), 30 },
    { 53, "404 for ever", "50 refused in 50 requests, stopped by refusals", { answer(404) }, 60 },
    { 53, "200, then 404 for ever", "1 confirmed, 59 refused in 60 requests",
      { GOOD, answer(404) }, 60 },
    { 54, "401 for ever", "1 refused in 2 requests, stopped by authentication",
      { answer(401) }, 30 },
    { 54, "400 invalid_api_key for ever", "1 refused in 2 requests, stopped by authentication",
      { answer(400, "invalid_api_key") }, 30 },
    { 54, "403 missing_permissions for ever", "1 refused in 2 requests, stopped by permission",
      { answer(403, "missing_permissions") }, 30 },
    { 54, "402 for ever", "1 refused in 1 requests, stopped by payment_required",
      { answer(402) }, 30 },
    { 54, "403 for ever", "20 refused in 20 requests, stopped by permission",
      { answer(403) }, 30 },
    { 54, "403 nineteen times", "11 confirmed, 19 refused in 30 requests",
      times(19, answer(403), GOOD), 30 },
    { 54, "200, then 403 for ever", "1 confirmed, 29 refused in 30 requests",
      { GOOD, answer(403) }, 30 },
    { 56, "500, 502, 503, 504, then 200", "3 confirmed in 7 requests",
      { answer(500), answer(502), answer(503), answer(504), GOOD }, 3 },
    { 57, "500 for ever", "3 unconfirmed in 24 requests", { answer(500) }, 3 },
  } do
    local number, name, expected, scripts, count = (unpack or table.unpack)(row)
    fault(number, "HTTP/2: " .. name, expected, over_h2(scripts, count), nil, in_bulk)
  end
  for _, row in ipairs {
    { 56, "500, 502, 503, then 200", "confirmed in 4 requests",
      { answer(500), answer(502), answer(503), GOOD } },
    { 56, "504, then 200", "confirmed in 2 requests", { answer(504), GOOD } },
    { 57, "500 for ever", "unconfirmed in 4 requests", { answer(500) } },
  } do
    local number, name, expected, scripts = (unpack or table.unpack)(row)
    fault(number, "HTTP/2: " .. name, expected, function()
      return (call_over_h2(scripts))
    end)
  end
end

-- ---- Retry-After

local DATE = "Tue, 24 Nov 2026 12:00:00 GMT"

--- One request of four at a time is told to wait: all do.
local function add_pauses(fault)
  for _, row in ipairs {
    { "0", "waited 1 s" }, -- our own pause
    { "1", "waited 1 s" },
    { "120", "waited 144 s" },
    { "300", "waited 300 s" },
    { "Tue, 24 Nov 2026 12:02:00 GMT", "waited 144 s" },
    { "Tue, 24 Nov 2026 11:00:00 GMT", "waited 1 s" },
    { "-5", "waited 1 s" },
    { "1e20", "waited 1 s" },
    { "99999999999", "waited 1 s" },
    { "in a while", "waited 1 s" },
  } do
    local value, expected = row[1], row[2]
    local name = "429 with Retry-After: " .. value
    local headers = { ["content-length"] = "0", ["retry-after"] = value, date = DATE }
    local scripts = { { h2.headers(429, headers, true) }, GOOD }
    fault(55, name, "confirmed in 2 requests, " .. expected, function()
      return ("%s, waited %d s"):format(call_over_h2(scripts))
    end)
    fault(55, name, "5 confirmed in 6 requests, " .. expected, function()
      return ("%s, waited %d s"):format(run_over_h2(scripts, 5, 4))
    end, nil, in_bulk)
  end
  for _, value in ipairs { "301", "9999999999", "Wed, 25 Nov 2026 12:00:00 GMT" } do
    local headers = { ["content-length"] = "0", ["retry-after"] = value, date = DATE }
    local name = "429 with Retry-After: " .. value
    local scripts = { { h2.headers(429, headers, true) }, GOOD }
    fault(55, name, "refused in 1 requests, waited 0 s", function()
      return ("%s, waited %d s"):format(call_over_h2(scripts))
    end)
    fault(55, name, "1 refused in 1 requests, stopped by rate_limited", over_h2(scripts, 5), nil,
      in_bulk)
  end
end

-- ---- what needs a process of its own

local MANY = 3000 -- more than a disk of 64 KB has room for, and than two groups of 1,024 have

--- Every item was asked for: where all are confirmed, none is so falsely.
local function check_asked(requests)
  local asked, count = {}, 0
  for _, request in ipairs(requests) do
    local id = request:match "/resources/(id%d+)/unshare"
    count = count + (asked[id] and 0 or 1)
    asked[id] = true
  end
  assert(count == MANY, "confirmed, and never asked for")
end

--- In a folder of its own, against a good server: `run` gets what a child needs.
local function with_child(run)
  local folder = os.tmpname()
  os.remove(folder)
  assert(process.run { "mkdir", folder } == 0)
  local server = h2.start { { GOOD } }
  local seen = run({
    LUA = os.getenv "SPEC_LUA",
    FOLDER = folder,
    JOURNAL = folder .. "/journal",
    SERVER = server.base_url,
    CA = server.ca_file,
    CODE = ([[
      local in_bulk = require "spec.proof.faults.in_bulk"
      local client = assert(require("elevenlabs.workspace").new(in_bulk.options {
        base_url = os.getenv "SERVER", ca_file = os.getenv "CA",
        api_key = require("spec.support.servers.raw").KEY,
      }))
      local report = in_bulk.run(client, {
        journal = os.getenv "JOURNAL",
        count = %d,
        told = function(item)
          io.write(item.resource_id .. "\n")
          io.flush()
        end,
      })
      print(report.stopped, report.confirmed, report.already_confirmed)
    ]]):format(MANY),
  })
  check_asked(server:stop())
  process.run { "rm", "-r", folder }
  return seen
end

--- What two runs of the child printed, the first of which lost its journal.
local function stopped_and_resumed(out)
  local stopped, confirmed, all, already =
    out:match "\n(%w+)\t(%d+)\t0\n.-\nnil\t(%d+)\t(%d+)\n"
  assert(stopped, out)
  assert(confirmed == already, "what was told is not what was on the disk")
  return ("stopped by %s, then %d confirmed"):format(stopped, all)
end

local FULL = ("stopped by journal, then %d confirmed"):format(MANY)

local function add_disks(fault)
  fault(58, "journal: disk full", FULL, function()
    return with_child(function(env)
      local may_mount = process.run { "unshare", "-m", "true" } == 0
      local code, out, err = process.run({ "sh", "-ec", may_mount and [[
        exec unshare -m sh -ec '
          mount -t tmpfs -o size=64k none "$FOLDER"
          "$LUA" -e "$CODE"
          mount -o remount,size=4m "$FOLDER"
          "$LUA" -e "$CODE"'
      ]] or [[
        (trap "" XFSZ; ulimit -f 128; "$LUA" -e "$CODE")
        "$LUA" -e "$CODE"
      ]] }, { env = env })
      assert(code == 0, err)
      return stopped_and_resumed(out)
    end)
  end, nil, in_bulk)

  fault(59, "journal: fdatasync fails", FULL .. ", synced 4 times", function()
    return with_child(function(env)
      env.BAD_DISK = os.getenv "SPEC_PRELOAD" .. "/bad_disk.so"
      local code, out, err = process.run({ "sh", "-ec", [[
        LD_PRELOAD=$BAD_DISK BAD_SYNC=4 "$LUA" -e "$CODE"
        "$LUA" -e "$CODE"
      ]] }, { env = env })
      assert(code == 0, err)
      local _, syncs = err:gsub("f[a-z]*sync ", "")
      return ("%s, synced %d times"):format(stopped_and_resumed(out), syncs)
    end)
  end, nil, in_bulk)

  fault(60, "kill -9", MANY .. " confirmed", function()
    return with_child(function(env)
      local child = process.start({ env.LUA, "-e", env.CODE }, { env = env })
      local told = math.floor(MANY / 3)
      for _ = 1, told do
        assert(child:read_line())
      end
      local _, rest = child:stop "sigkill"
      told = told + select(2, rest:gsub("\n", ""))
      local code, out, err = process.run({ env.LUA, "-e", env.CODE }, { env = env })
      assert(code == 0, err)
      local confirmed, already = out:match "\nnil\t(%d+)\t(%d+)\n"
      assert(tonumber(already) >= told, "what was told is lost")
      return confirmed .. " confirmed"
    end)
  end, nil, in_bulk)
end

return function(faults, fault)
  repeat_in_bulk(faults, fault)
  fault(1, "connection refused, then there", "confirmed again", function()
    local first, second = raw.start { { raw.hold } }, nil
    local certificate = raw.certificate()
    local client = first:client(in_bulk.options {
      on_event = function(event)
        if event.name == "retry" and not second then
          second = raw.start(in_bulk.raw {}, {
            port = first.port,
            cert = certificate.cert,
            key = certificate.key,
          })
        end
      end,
    })
    first:stop()
    local seen = in_bulk.unshare(client)
    client:close()
    second:stop()
    return seen
  end, nil, in_bulk)
  add_answers(fault)
  add_pauses(fault)
  add_disks(fault)
end
