-- The driver ngx in a real nginx, against another that answers for the service.

local cjson = require "cjson"
local hosts = require "spec.support.servers.nginx_host"
local tls = require "spec.support.servers.tls"
local uv = require "luv"
local workspace = require "elevenlabs.workspace"

local KEY = "sk_nginx_0123456789abcdef"

-- ---- what stands for the service: holds answers back while it is told to

local SERVICE_INIT = [[
  held, connections, requests, seen = false, 0, 0, {}
  function answer()
    requests = requests + 1
    if not seen[ngx.var.connection] then
      seen[ngx.var.connection], connections = true, connections + 1
    end
    repeat ngx.sleep(0.02) until not held
    local flaky = ngx.var.uri:match "flaky_[^/]*"
    ngx.status = flaky and not seen[flaky] and 500 or 200
    seen[flaky or ""] = true
    ngx.header["content-length"] = 15
    ngx.print '{"status":"ok"}'
  end
]]

local SERVICE = [[
  listen 127.0.0.1:${port2} ssl http2;
  ssl_certificate ${cert};
  ssl_certificate_key ${key};
  location /v1/ { content_by_lua_block { answer() } }
  location = /hold { content_by_lua_block { held = true ngx.print "held" } }
  location = /release { content_by_lua_block { held = false ngx.print "released" } }
  location = /connections { content_by_lua_block { ngx.print(connections) } }
  location = /requests { content_by_lua_block { ngx.print(requests) } }
]]

-- ---- what the hosts have in common

local INIT = [[
  workspace = require "elevenlabs.workspace"
  ITEM = { resource_id = "voice_1", resource_type = "voice", user_email = "a@b.example" }
  function new_client(options)
    local all = { base_url = "${url}", ca_file = "${cert}", api_key = "${api_key}" }
    for name, value in pairs(options or {}) do all[name] = value end
    return assert(workspace.new(all))
  end
  function outcome(client, id)
    local item = { user_email = ITEM.user_email, resource_type = "voice" }
    item.resource_id = id or ITEM.resource_id
    local receipt, err = client:unshare(item)
    return receipt and receipt.outcome or tostring(err)
  end
  client, inside = new_client(), 0
]]

local SERVER = [[
  location = /unshare {
    content_by_lua_block {
      inside = inside + 1
      local became = outcome(client)
      inside = inside - 1
      ngx.print(became)
    }
  }
  location = /reader {
    content_by_lua_block {
      local readers = require "elevenlabs.workspace.driver.ngx_reader"
      ngx.print(readers.of(client) and "one" or "none")
    }
  }
  location = /probe { content_by_lua_block { ngx.print "here" } }
  location = /inside { content_by_lua_block { ngx.print(inside) } }
  location = /waiting { content_by_lua_block { ngx.print(client.engine.waiters.count) } }
]]

--- Of numbers that the kernel keeps of a process.
local function usage(pid)
  local function read(name)
    local file = assert(io.open(("/proc/%d/%s"):format(pid, name)))
    local text = file:read "*a"
    file:close()
    return text
  end
  local after_name = read("stat"):match "%) (.*)$"
  local fields = {}
  for field in after_name:gmatch "%S+" do
    fields[#fields + 1] = tonumber(field)
  end
  local switches = 0
  for count in read("status"):gmatch "_ctxt_switches:%s*(%d+)" do
    switches = switches + tonumber(count)
  end
  return { ticks = fields[11] + fields[12], switches = switches } -- the letter is no number
end

describe("nginx", function()
  local cert, service, host

  --- Start a host; `parts` goes after what all have.
  local function start(parts)
    parts = parts or {}
    host = hosts.start {
      url = ("https://127.0.0.1:%d"):format(service.port2),
      cert = cert.cert,
      key = cert.key,
      api_key = KEY,
      folder = service.folder,
      main = parts.main,
      http = parts.http,
      init = INIT .. (parts.init or ""),
      server = SERVER .. (parts.server or ""),
      workers = parts.workers,
      env = parts.env,
    }
  end

  --- A client of the spec's own.
  local function connect(server)
    return assert(workspace.new {
      base_url = ("https://127.0.0.1:%d"):format(server.port2),
      ca_file = cert.cert,
      api_key = KEY,
    })
  end

  --- How often there was which answer.
  local function answers(load)
    local code, out, err = load:wait()
    assert.are.equal(0, code, err)
    return cjson.decode(out)
  end

  --- Begin 1,000 that the service does not answer yet.
  local function begin_1000()
    service:get "/hold"
    local load = host:load("/unshare", 1000)
    host:wait_for("/inside", "1000")
    return load
  end

  --- Stop it. What it may not leave in its log is an error.
  local function stop_cleanly()
    local _, log = host:stop()
    for line in log:gmatch "[^\n]+" do
      assert.is_nil(line:find "%[error%]" or line:find "%[alert%]" or line:find "on signal", line)
    end
  end

  setup(function()
    cert = tls.certificate("nginx", "IP:127.0.0.1")
  end)

  before_each(function()
    service =
      hosts.start { init = SERVICE_INIT, server = SERVICE, cert = cert.cert, key = cert.key }
  end)

  after_each(function()
    if host then
      host:stop()
    end
    service:stop()
    host = nil
  end)

  it("lets 1,000 requests share few connections", function()
    start()
    assert.are.same({ confirmed = 1000 }, answers(host:load("/unshare", 1000)))
    assert.is_true(tonumber((service:get "/connections")) <= 4)
    assert.are.equal("0", (host:get "/waiting"))
    stop_cleanly()
  end)

  it("answers other requests while a thousand wait", function()
    start()
    local load = begin_1000()
    assert.are.equal("here", (host:get "/probe"))
    service:get "/release"
    assert.are.same({ confirmed = 1000 }, answers(load))
    stop_cleanly()
  end)

  it("does nothing when it is idle", function()
    start()
    assert.are.same({ confirmed = 200 }, answers(host:load("/unshare", 200)))
    host:wait_for("/reader", "none")
    local pid = host:workers()[1]
    local before = usage(pid)
    uv.sleep(1000)
    local after = usage(pid)
    assert.are.equal(before.ticks, after.ticks)
    assert.is_true(after.switches - before.switches <= 3)
    assert.are.equal("confirmed", (host:get "/unshare")) -- with a reader anew
    stop_cleanly()
  end)

  -- ---- ends of handlers, workers and clients

  it("ends those that wait in a handler that ends, and nobody else", function()
    start {
      http = "lua_check_client_abort on;",
      server = [[
        location = /exits {
          content_by_lua_block {
            ngx.thread.spawn(outcome, client)
            ngx.thread.spawn(function() client:unshare_many { ITEM, ITEM, ITEM } end)
            repeat ngx.sleep(0.001) until client.engine.counts.calls == 14
            ngx.exit(403)
          }
        }
      ]],
    }
    service:get "/hold"
    local others = {}
    for i = 1, 10 do
      others[i] = host:begin "/unshare"
    end
    host:wait_for("/inside", "10")
    assert.are.equal(403, select(2, host:get "/exits"))
    local gone = host:begin "/unshare"
    host:wait_for("/inside", "11")
    gone.cut()
    service:get "/release"
    hosts.wait((unpack or table.unpack)(others))
    for _, request in ipairs(others) do
      assert.are.equal("confirmed", request.body)
    end
    host:wait_for("/waiting", "0")
    assert.are.equal("confirmed", (host:get "/unshare"))
  end)

  it("answers what is in flight when it is told to reload, and to quit", function()
    start()
    local load, old = begin_1000(), host:workers()[1]
    host:signal "sighup"
    host:wait_for("/inside", "0") -- in the new one
    service:get "/release"
    assert.are.same({ confirmed = 1000 }, answers(load))
    hosts.wait_until(function()
      return not uv.fs_stat("/proc/" .. old)
    end)
    load = begin_1000()
    host:signal "sigquit"
    hosts.wait_until(function()
      return host:log():find "%(SIGQUIT%).*gracefully shutting down"
    end)
    service:get "/release"
    assert.are.same({ confirmed = 1000 }, answers(load))
    assert.are.equal(0, (host.process:wait()))
    stop_cleanly()
  end)

  it("survives the death of a worker, whose bulk run can be resumed", function()
    start {
      server = [[
        location = /bulk {
          content_by_lua_block {
            local items = workspace.items.from_jsonl "${folder}/items.jsonl"
            ngx.print(tostring(client:unshare_many(items, { journal = "${folder}/journal" })))
          }
        }
      ]],
    }
    local lines, items = assert(io.open(service.folder .. "/items.jsonl", "w")), {}
    for i = 1, 500 do
      items[i] = { resource_id = "id_" .. i, resource_type = "voice", group_id = "default" }
      lines:write(cjson.encode(items[i]), "\n")
    end
    lines:close()
    local bulk = host:begin "/bulk"
    hosts.wait_until(function()
      return tonumber((service:get "/requests")) > 100
    end)
    local load, pid = begin_1000(), host:workers()[1]
    uv.kill(pid, "sigkill")
    hosts.wait(bulk)
    assert.are.same({ cut = 1000 }, answers(load))
    service:get "/release"
    host:wait_for("/unshare", "confirmed") -- from the next
    local client = connect(service)
    local report = assert(client:unshare_many(items, { journal = service.folder .. "/journal" }))
    client:close()
    assert.are.same({ 500, 500 }, { report.total, report.confirmed })
    assert.is_true(report.already_confirmed > 0)
    local _, log = host:stop()
    local killed = ("worker process %d exited on signal 9"):format(pid)
    assert.matches(killed, log, 1, true)
    assert.are.equal(1, select(2, log:gsub("exited on signal", "")))
  end)

  it("strands nobody where a client is closed", function()
    start {
      server = [[
        location = /close { content_by_lua_block { client:close() ngx.print "closed" } }
        location = /close_at_once {
          content_by_lua_block {
            local short = new_client()
            local thread = ngx.thread.spawn(outcome, short)
            short:close()
            ngx.print((select(2, ngx.thread.wait(thread))))
          }
        }
      ]],
    }
    service:get "/hold"
    local waiting = {}
    for i = 1, 50 do
      waiting[i] = host:begin "/unshare"
    end
    host:wait_for("/inside", "50")
    hosts.wait_until(function()
      return service:get "/requests" ~= "0"
    end)
    assert.are.equal("closed", (host:get "/close"))
    hosts.wait((unpack or table.unpack)(waiting))
    local ends = { unconfirmed = 0, not_sent = 0 }
    for _, request in ipairs(waiting) do
      local became = request.body:match "^[%a_]+"
      ends[became] = ends[became] + 1
      assert.matches("%(closed%)", request.body)
    end
    assert.is_true(ends.unconfirmed > 0)
    assert.are.equal(50, ends.unconfirmed + ends.not_sent)
    assert.matches("(closed)", (host:get "/close_at_once"), 1, true)
    service:get "/release"
    stop_cleanly()
  end)

  -- ---- what goes wrong

  it("is held up by no slow look-up of a name", function()
    start {
      env = { LD_PRELOAD = os.getenv "SPEC_PRELOAD" .. "/slow_resolver.so" },
      init = [[slow = new_client { base_url = "https://slow.test", max_attempts = 1 }]],
      server = "location = /slow { content_by_lua_block { ngx.print(outcome(slow)) } }",
    }
    local slow = host:begin "/slow"
    assert.are.equal("here", (host:get "/probe"))
    assert.are.equal("confirmed", (host:get "/unshare"))
    assert.is_false(slow.ended)
  end)

  it("polls where there can be no timer", function()
    for _, limit in ipairs { "lua_max_pending_timers 0;", "lua_max_running_timers 1;" } do
      start {
        http = limit .. [[
          init_worker_by_lua_block {
            ngx.timer.at(0, function() while true do ngx.sleep(1) end end)
          }
        ]],
      }
      local load = begin_1000()
      service:get "/release"
      assert.are.same({ confirmed = 1000 }, answers(load))
      assert.are.equal("0", (host:get "/waiting"))
      host:stop()
    end
  end)

  it("polls where the reader cannot begin, or the transfers are no thread's", function()
    start {
      init = [[
        inline = new_client { io = "inline" }
        client.core = setmetatable({
          listen = function() return nil, { message = "no room" } end,
        }, { __index = function(_, name)
          return function(_, ...) return client.engine.core[name](client.engine.core, ...) end
        end })
      ]],
      server = "location = /inline { content_by_lua_block { ngx.print(outcome(inline)) } }",
    }
    assert.are.equal("confirmed", (host:get "/inline"))
    assert.are.equal("confirmed", (host:get "/unshare"))
    assert.matches("%[error%][^\n]* no room", host:log())
  end)

  it("tells of an error that a step raises, and strands nobody", function()
    start {
      server = [[
        location = /break {
          content_by_lua_block {
            local step = client.engine.step
            client.engine.step = function()
              client.engine.step = step
              error "a step's bug"
            end
            ngx.print "broken"
          }
        }
        location = /raise {
          content_by_lua_block {
            local ok, why = pcall(client.engine.wait, client.engine, function()
              return held and error "a waiter's bug"
            end)
            ngx.print(tostring(why))
          }
        }
        location = /now {
          content_by_lua_block { held = true client.engine:announce() ngx.print "now" }
        }
      ]],
    }
    service:get "/hold"
    local waiting, raising = host:begin "/unshare", host:begin "/raise"
    host:wait_for("/waiting", "2")
    host:get "/break"
    service:get "/release"
    hosts.wait(waiting)
    assert.are.equal("confirmed", waiting.body)
    assert.matches("%[error%][^\n]* a step's bug", host:log())
    host:get "/now"
    hosts.wait(raising)
    assert.matches("a waiter's bug", raising.body)
    assert.are.equal("0", (host:get "/waiting"))
  end)

  -- ---- places

  it("works whether made in init, in init_worker or in a handler, in every worker", function()
    start {
      workers = 3,
      http = "init_worker_by_lua_block { own = new_client() }",
      init = "answered = outcome(client)", -- which starts a thread that no worker has
      server = [[
        location = /all {
          content_by_lua_block {
            lazy = lazy or new_client()
            ngx.print(ngx.worker.pid(), " ", answered)
            for _, one in ipairs { client, own, lazy } do
              ngx.print(" ", outcome(one))
            end
          }
        }
      ]],
    }
    local pids, count = {}, 0
    hosts.wait_until(function()
      local body = host:get "/all"
      local pid = body:match "^(%d+) confirmed confirmed confirmed confirmed$"
      assert(pid, body)
      count = count + (pids[pid] and 0 or 1)
      pids[pid] = true
      return count == 3
    end)
    stop_cleanly()
  end)

  it("waits in every phase that can, and says in others that it cannot", function()
    start {
      http = [[
        init_worker_by_lua_block {
          said = { init_worker = outcome(client) }
          ngx.timer.at(0, hear, "timer")
        }
      ]],
      init = [[function hear(_, phase) said[phase] = outcome(client) end]],
      server = [[
        listen 127.0.0.1:${port2} ssl;
        ssl_certificate ${cert};
        ssl_certificate_key ${key};
        ssl_certificate_by_lua_block { hear(nil, "ssl_cert") }
        location = /phases {
          set_by_lua_block $unused { hear(nil, "set") return "" }
          rewrite_by_lua_block { hear(nil, "rewrite") }
          access_by_lua_block { hear(nil, "access") }
          content_by_lua_block { ngx.print "x" }
          header_filter_by_lua_block { hear(nil, "header_filter") }
          body_filter_by_lua_block { hear(nil, "body_filter") }
          log_by_lua_block { hear(nil, "log") }
        }
        location = /said { content_by_lua_block { ngx.print(require("cjson").encode(said)) } }
      ]],
    }
    host:get "/phases"
    local client = connect(host)
    assert(client:connect())
    client:close()
    local said
    hosts.wait_until(function()
      said = cjson.decode((host:get "/said"))
      return said.log and said.timer
    end)
    for _, phase in ipairs { "rewrite", "access", "timer", "ssl_cert" } do
      assert.are.equal("confirmed", said[phase], phase)
    end
    for _, phase in ipairs { "init_worker", "set", "header_filter", "body_filter", "log" } do
      local expected = "nginx cannot wait in its phase " .. phase .. ": use ngx.timer.at"
      assert.are.equal("not_sent (invalid_argument): " .. expected, said[phase])
    end
    assert.are.equal("4", (service:get "/requests")) -- and none of those that could not wait
  end)

  it("says that it cannot wait inside of C, and harms no later wait", function()
    start {
      server = [[
        location = /inside_c {
          content_by_lua_block {
            local said = {}
            local function try() said[#said + 1] = outcome(client) end
            ("x"):gsub("x", try)
            table.sort({ 1, 2 }, function(a, b) return try() or a < b end)
            package.preload.spec_module = try
            require "spec_module"
            coroutine.wrap(try)()
            pcall(try)
            ngx.print(table.concat(said, "\n"))
          }
        }
      ]],
    }
    local said = {}
    for line in (host:get "/inside_c"):gmatch "[^\n]+" do
      said[#said + 1] = line:gsub("^not_sent %(invalid_argument%): .* that C calls.*", "C")
    end
    assert.are.equal("C C C confirmed confirmed", table.concat(said, " "))
    stop_cleanly()
  end)

  -- ---- what every driver does

  it("runs bulk jobs whose functions call, gathers, is cancelled, and wakes for retries", function()
    start {
      server = [[
        location = /bulk {
          content_by_lua_block {
            local calls = 0
            local report = client:unshare_many({ ITEM, ITEM, ITEM }, {
              on_result = function()
                calls = calls + (outcome(client) == "confirmed" and 1 or 0)
              end,
            })
            ngx.print(report.confirmed, " ", calls)
          }
        }
        location = /gather {
          content_by_lua_block {
            local functions, confirmed = {}, 0
            for i = 1, 20 do
              functions[i] = function() return outcome(client) end
            end
            for _, result in ipairs(workspace.gather(client, functions)) do
              confirmed = confirmed + (result[1] == "confirmed" and 1 or 0)
            end
            ngx.print(confirmed)
          }
        }
        location = /retry { content_by_lua_block { ngx.print(outcome(client, "flaky_1")) } }
        location = /call {
          content_by_lua_block {
            call = client:start("unshare", ITEM)
            ngx.print(tostring(select(2, call:result())))
          }
        }
        location = /cancel { content_by_lua_block { call:cancel() ngx.print "cancelled" } }
      ]],
    }
    assert.are.equal("3 3", (host:get "/bulk"))
    assert.are.equal("20", (host:get "/gather"))
    assert.are.equal("confirmed", (host:get "/retry"))
    service:get "/hold"
    local cancelled = host:begin "/call"
    host:wait_for("/waiting", "1")
    host:get "/cancel"
    hosts.wait(cancelled)
    assert.matches("(cancelled)", cancelled.body, 1, true)
    service:get "/release"
    stop_cleanly()
  end)

  it("tells whoever started a get that the answer is no resource", function()
    start {
      server = [[
        location = /get {
          content_by_lua_block {
            local id = { resource_id = "x", resource_type = "voice" }
            ngx.print(tostring(select(2, client:start("get", id):result())))
          }
        }
      ]],
    }
    assert.matches("its body is not of this resource", (host:get "/get"), 1, true)
  end)

  describe("case 34: runs the page's snippet", function()
    local file = assert(io.open "examples/openresty/README.md")
    local snippet = file:read("*a"):match "\n```nginx\n(.-)\n```"
    file:close()
    local body = snippet:gsub("server {", "server { listen 127.0.0.1:${port};", 1)

    it("which says in the log why there is no client", function()
      local ok, log = pcall(hosts.start, { body = body, main = "env ELEVENLABS_API_KEY;" })
      assert.is_false(ok)
      local cause = "api_key is missing: pass it or set ELEVENLABS_API_KEY"
      assert.matches("init_by_lua error: [^\n]*" .. cause, log)
    end)

    it("which says to its own client why nothing was removed", function()
      host = hosts.start {
        body = body,
        main = "env ELEVENLABS_API_KEY;",
        env = { ELEVENLABS_API_KEY = KEY },
      }
      local request = hosts.request(host.port, "/revoke?resource_id=x&resource_type=voice", "")
      hosts.wait(request)
      assert.are.equal(400, request.status)
      assert.matches("^not_sent %(invalid_argument%): ", request.body)
    end)
  end)
end)
