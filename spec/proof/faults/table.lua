--- Every fault that a call can meet, alone or in a bulk run: what the server or the network
--- does, byte by byte, and what must come of it. The numbers are the project's own and also
--- stand in `make faults`, which prints this table with what was seen.

local cjson = require "cjson"
local h2 = require "spec.support.servers.h2"
local in_bulk = require "spec.proof.faults.in_bulk"
local process = require "spec.support.process"
local raw = require "spec.support.servers.raw"
local tls = require "spec.support.servers.tls"
local workspace = require "elevenlabs.workspace"

local M = {}

---@class spec.Fault
---@field number integer
---@field name string
---@field expected string outcomes, one for each call, joined by ", "; or several of these,
--- joined by " | ", if versions of libcurl differ and each is true
---@field run fun(by: table): string, string|nil what was seen, and the last error's kind
---@field kind string|nil of the last error
---@field by table how it is run: one of SINGLE and in_bulk
local faults = {}

local SINGLE

--- `run` starts what is faulty and calls `by.unshare`; servers and clients of its own it
--- makes with what `by` makes of their scripts and options.
local function fault(number, name, expected, run, kind, by)
  faults[#faults + 1] = {
    number = number,
    name = name,
    expected = expected,
    run = run,
    kind = kind,
    by = by or SINGLE,
  }
end

--- True if what was seen of a fault is what must come of it.
---@param row spec.Fault
---@return boolean
function M.holds(row, seen, kind)
  local as_expected = (" | " .. row.expected .. " | "):find(" | " .. seen .. " | ", 1, true)
  return as_expected ~= nil and (not row.kind or row.kind == kind)
end

-- ---- one call, and what is asserted of every one

local ARGS = { resource_id = "id1", resource_type = "voice", user_email = "a@example.com" }
local OK = '{"status":"ok"}'
local HEAD = "HTTP/1.1 200 OK\r\n"
local READ, HOLD, FIN, RST, CUT = raw.read, raw.hold, raw.fin, raw.rst, raw.cut
local GOOD = raw.answer(200, OK)

--- Unshare, `count` times in a row. Returns the outcomes and the last error's kind.
local function unshare(client, count, between)
  local outcomes, kind = {}, nil
  for i = 1, count or 1 do
    local receipt, err = client:unshare(ARGS)
    outcomes[i] = receipt and receipt.outcome or err.outcome
    kind = err and err.kind
    assert(not err or not tostring(err):find(raw.KEY, 1, true), "the key is in the error")
    assert(not err or err.attempts == 1)
    assert(not err or not err.ambiguous)
    if between and i == 1 then
      between()
    end
  end
  return table.concat(outcomes, ", "), kind
end

local function unchanged(value)
  return value
end

SINGLE = {
  name = "single",
  unshare = unshare,
  raw = unchanged,
  h2 = unchanged,
  options = function(options)
    local all = { max_attempts = 1 }
    for name, value in pairs(options or {}) do
      all[name] = value
    end
    return all
  end,
}

--- `count` calls to a raw server. The key may reach that server alone.
local function over_raw(connections, options, count)
  options = options or {}
  return function(by)
    local server = raw.start(by.raw(connections), options.server and options.server() or nil)
    local client = server:client(by.options(options.client))
    local seen, kind = by.unshare(client, count, options.between and function()
      server:received(1) -- what a script tells
    end)
    client:close()
    for _, report in ipairs(server:stop()) do
      assert(report.on == "port", "something spoke to the other host")
    end
    return seen, kind
  end
end

local function script(number, name, expected, steps, kind, client)
  fault(number, name, expected, over_raw({ steps }, { client = client }), kind)
end

local function over_h2(connections, count, client_options)
  return function(by)
    local server = h2.start(by.h2(connections))
    local client = server:client(by.options(client_options))
    local seen, kind = by.unshare(client, count)
    client:close()
    server:stop()
    return seen, kind
  end
end

local function h2_script(number, name, expected, steps, kind)
  fault(number, "HTTP/2: " .. name, expected, over_h2 { { steps } }, kind)
end

--- A complete answer, over both protocols.
local function answer(number, name, expected, status, body, kind)
  script(number, name, expected, { READ, raw.answer(status, body), HOLD }, kind)
  h2_script(number, name, expected, { h2.answer(status, body) }, kind)
end

local function head(...)
  return raw.send(HEAD .. table.concat({ ... }, "\r\n") .. "\r\n\r\n")
end

-- ---- before anything is sent

fault(1, "connection refused", "not_sent", function(by)
  local server = raw.start { { HOLD } }
  local client = server:client(by.options())
  server:stop()
  return by.unshare(client)
end, "network")

fault(2, "name not found", "not_sent", function(by)
  return by.unshare(assert(workspace.new(by.options {
    base_url = "https://nowhere.invalid",
    api_key = raw.KEY,
    proxy = false,
  })))
end, "network")

--- A child whose look-ups of slow.test take five seconds, and what it must print before one
--- ends. Looking up blocks a thread of libcurl's; nothing of ours may wait for it: the
--- look-up's own line comes last or not at all.
local function look_up_slowly(code, expected)
  local server = raw.start(in_bulk.raw {})
  local status, out, err = process.run({
    os.getenv "SPEC_LUA",
    "-e",
    [[
      local workspace = require "elevenlabs.workspace"
      local args = { resource_id = "x", resource_type = "voice", group_id = "default" }
      local slow = assert(workspace.new {
        base_url = "https://slow.test", api_key = "k", proxy = false, connect_timeout_ms = 300,
        max_attempts = 1,
      })
      local other = assert(workspace.new {
        base_url = os.getenv "SERVER", ca_file = os.getenv "CA", api_key = "k",
      })
    ]] .. code .. [[
      slow:close()
      print "closed"
      os.exit(0, false)
    ]],
  }, {
    env = {
      LD_PRELOAD = os.getenv "SPEC_PRELOAD" .. "/slow_resolver.so",
      SERVER = server.base_url,
      CA = server.ca_file,
    },
  })
  server:stop()
  assert(status == 0, err)
  expected = expected .. "closed\n"
  assert(out:sub(1, #expected) == expected, out)
end

fault(2, "name look-up that takes 5 s", "not_sent", function()
  look_up_slowly([[
    local call, cancelled = slow:start("unshare", args), slow:start("unshare", args)
    slow:step(1)
    print("other " .. other:unshare(args).outcome)
    cancelled:cancel()
    print("cancelled " .. select(2, cancelled:result()).kind)
    print("slow " .. select(2, call:result()).outcome .. " " .. select(2, call:result()).kind)
  ]], "other confirmed\ncancelled cancelled\nslow not_sent timeout\n")
  return "not_sent", "timeout"
end, "timeout")

fault(2, "name look-up that takes 5 s", "not_sent, stopped by deadline", function()
  look_up_slowly([[
    local receipt
    local report = slow:unshare_many({ args }, {
      deadline_ms = 500,
      on_progress = function()
        if not receipt then
          receipt = other:unshare(args)
          print("other " .. receipt.outcome)
        end
      end,
    })
    print(report.not_sent .. " not_sent, " .. report.stopped)
  ]], "other confirmed\n1 not_sent, deadline\n")
  return "not_sent, stopped by deadline"
end, nil, in_bulk)

local function through_proxy(steps)
  return function(by)
    local proxy = raw.start({ steps }, { plain = true })
    local server = raw.start { { HOLD } }
    local client = server:client(by.options { proxy = proxy.base_url })
    local seen, kind = by.unshare(client)
    client:close()
    assert(#server:stop() == 0, "the proxy was passed by")
    for _, report in ipairs(proxy:stop()) do
      assert(not report.received:find(raw.KEY, 1, true), "the proxy was shown the key")
    end
    return seen, kind
  end
end

fault(3, "proxy name not found", "not_sent", function(by)
  local server = raw.start { { HOLD } }
  local client = server:client(by.options { proxy = "http://nowhere.invalid:3128" })
  local seen, kind = by.unshare(client)
  server:stop()
  return seen, kind
end, "network")

fault(4, "proxy refused", "not_sent", function(by)
  local server = raw.start { { HOLD } }
  local client = server:client(by.options { proxy = "http://127.0.0.1:1" })
  local seen, kind = by.unshare(client)
  server:stop()
  return seen, kind
end, "network")

fault(5, "CONNECT answered 407", "not_sent", through_proxy {
  READ,
  raw.send "HTTP/1.1 407 X\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
  HOLD,
}, "network")

-- ---- the connection breaks

-- Twice, where the first may be seen before anything is sent, which may then be sent anew.
fault(6, "accept, then RST", "unconfirmed", over_raw({ { RST }, { RST } }, nil, 1))
script(6, "request, then RST", "unconfirmed", { READ, RST }, "network")
script(7, "accept, then FIN", "unconfirmed", { FIN })
script(7, "request, then FIN", "unconfirmed", { READ, FIN }, "network")
script(8, "RST inside headers", "unconfirmed", { READ, raw.send(HEAD .. "Conte"), RST })
script(9, "FIN after the status line", "unconfirmed", { READ, raw.send(HEAD), FIN })
script(9, "FIN inside a header", "unconfirmed", { READ, raw.send(HEAD .. "Server: x"), FIN })
script(9, "FIN after a refusal's status line", "unconfirmed",
  { READ, raw.send "HTTP/1.1 403 X\r\n", FIN })
script(10, "FIN after the Content-Length header", "unconfirmed",
  { READ, raw.send(HEAD .. "Content-Length: 15\r\n"), FIN })
script(10, "FIN after Content-Length: 0", "unconfirmed",
  { READ, raw.send(HEAD .. "Content-Length: 0\r\n"), FIN })
script(11, "RST inside body", "unconfirmed",
  { READ, head "Content-Length: 15", raw.send '{"sta', RST })
script(12, "short Content-Length body", "unconfirmed",
  { READ, head "Content-Length: 16", raw.send(OK), FIN }, "network")
script(12, "the same, without close_notify", "unconfirmed",
  { READ, head "Content-Length: 16", raw.send(OK), CUT }, "network")
script(13, "chunked, cut", "unconfirmed",
  { READ, head "Transfer-Encoding: chunked", raw.send("f\r\n" .. OK .. "\r\n"), FIN }, "network")
script(13, "chunked, cut after the last chunk's size", "unconfirmed",
  { READ, head "Transfer-Encoding: chunked", raw.send("f\r\n" .. OK .. "\r\n0\r\n"), FIN },
  "network")
script(14, "bad chunk size", "unconfirmed",
  { READ, head "Transfer-Encoding: chunked", raw.send("xyz\r\n" .. OK), FIN })
script(15, "close-delimited body cut inside its JSON", "unconfirmed",
  { READ, head "Connection: close", raw.send '{"status":"o', FIN }, "untrusted_response")
script(15, "close-delimited whole JSON", "confirmed",
  { READ, head "Connection: close", raw.send(OK), FIN })
script(15, "HTTP/1.0 whole JSON", "confirmed",
  { READ, raw.send("HTTP/1.0 200 OK\r\n\r\n" .. OK), FIN })
script(15, "close-delimited number", "unconfirmed",
  { READ, head "Connection: close", raw.send "4", FIN }, "untrusted_response")
script(15, "close-delimited empty body", "unconfirmed",
  { READ, head "Connection: close", FIN }, "untrusted_response")

-- ---- it takes too long

local HASTY = { attempt_timeout_ms = 400, connect_timeout_ms = 400 }

local drip = { READ }
for i, byte in ipairs { "H", "T", "T", "P", "/", "1", ".", "1" } do
  drip[2 * i], drip[2 * i + 1] = raw.send(byte), raw.wait(0.1)
end
script(16, "one byte at a time", "unconfirmed", drip, "timeout", HASTY)
script(17, "headers, then silence", "unconfirmed",
  { READ, head "Content-Length: 15", HOLD }, "timeout", HASTY)
fault(17, "HTTP/2: headers, then silence", "unconfirmed",
  over_h2({ { { h2.headers(200) } } }, 1, HASTY), "timeout")

fault(18, "full accept backlog", "not_sent", function(by)
  local full = process.start { "/usr/bin/python3", "spec/support/servers/backlog.py" }
  local port = cjson.decode((full:read_line())).port
  local seen, kind = by.unshare(assert(workspace.new(by.options {
    base_url = ("https://127.0.0.1:%d"):format(port),
    api_key = raw.KEY,
    connect_timeout_ms = 30,
  })))
  full:stop()
  return seen, kind
end, "timeout")

-- ---- the answer is no HTTP, or too much of it

script(19, "garbage", "unconfirmed", { READ, raw.send "\1\2\3 what?\r\n\r\n", FIN })
script(19, "HTTP/0.9", "unconfirmed", { READ, raw.send(OK), FIN })
script(20, "300 KB header line", "unconfirmed",
  { READ, raw.send(HEAD .. "X: "), { "repeat", ("x"):rep(1024), 300 }, raw.send "\r\n\r\n", HOLD })
script(21, "20 MB of headers", "unconfirmed",
  { READ, raw.send(HEAD), { "repeat", ("X: " .. ("x"):rep(1019) .. "\r\n"), 20480 }, HOLD })
script(22, "1 GB body", "unconfirmed",
  { READ, head "Content-Length: 1073741824", { "repeat", (" "):rep(65536), 16384 }, HOLD },
  "untrusted_response")
h2_script(22, "2 MB body", "unconfirmed",
  { h2.headers(200), h2.data((" "):rep(16000)), h2.data((" "):rep(16000)),
    h2.data((" "):rep(16000)), h2.data((" "):rep(16000), true) }, "untrusted_response")
script(23, "gzip that nobody asked for", "unconfirmed",
  { READ, raw.answer(200, "\31\139\8\0\0\0\0\0\0\3", "Content-Encoding: gzip\r\n"), HOLD },
  "untrusted_response")

-- ---- the body

answer(24, "HTML with 200", "unconfirmed", 200, "<html>Sign in</html>", "untrusted_response")
for _, row in ipairs {
  { '{"error":"no"}' },
  { '{"status":"error"}' },
  { '{"success":false}' },
  { '{"ok":false}' },
  { "false" },
  { '{"message":"no"}' },
  { '{"errors":["x"]}' },
  { '{"detail":"no"}' },
  { '{"status":"ok","\\u0073tatus":"ok"}', "a name that is given twice" },
  { '{"a":"\\ud800"}', "a lone surrogate" },
} do
  answer(24, "200 with " .. (row[2] or row[1]), "unconfirmed", 200, row[1], "untrusted_response")
end
for _, body in ipairs {
  '{"detail":null}',
  '{"errors":[]}',
  '{"status":"OK"}',
  '{"status":"success","message":"done"}',
  "null",
} do
  answer(25, "200 with " .. body, "confirmed", 200, body)
end
answer(25, "empty 200 with Content-Length 0", "confirmed", 200, "")
h2_script(25, "empty 200 without a length", "unconfirmed", { h2.headers(200, nil, true) },
  "untrusted_response")
script(26, "204", "unconfirmed", { READ, raw.send "HTTP/1.1 204 X\r\n\r\n", HOLD },
  "untrusted_response")
h2_script(26, "204", "unconfirmed", { h2.headers(204, nil, true) }, "untrusted_response")
answer(27, "invalid UTF-8 in the body", "unconfirmed", 200, '{"a":"\255"}', "untrusted_response")
answer(27, "NUL in the body", "unconfirmed", 200, OK .. "\0x", "untrusted_response")
answer(28, "JSON nested 65 deep", "unconfirmed", 200, ("["):rep(65) .. ("]"):rep(65),
  "untrusted_response")
answer(28, "JSON nested 64 deep", "confirmed", 200, ("["):rep(64) .. ("]"):rep(64))

-- ---- the head

script(29, "NUL in a header", "unconfirmed", { READ, head("X: a\0b", "Content-Length: 0"), HOLD })
script(30, "negative Content-Length", "unconfirmed", { READ, head "Content-Length: -1", HOLD })
--- Each reading of the first answer would find it whole.
local function twice(framing, body)
  local first = { READ, head((unpack or table.unpack)(framing)), raw.send(body), READ, GOOD, HOLD }
  return over_raw({ first, { READ, GOOD, HOLD } }, nil, 2)
end
fault(31, "Content-Length with chunked", "unconfirmed, confirmed",
  twice({ "Content-Length: 12", "Transfer-Encoding: chunked" }, "2\r\n{}\r\n0\r\n\r\n"))
fault(31, "chunked with Content-Length", "unconfirmed, confirmed",
  twice({ "Transfer-Encoding: chunked", "Content-Length: 12" }, "2\r\n{}\r\n0\r\n\r\n"))
fault(31, "two different lengths", "unconfirmed, confirmed",
  twice({ "Content-Length: 4", "Content-Length: 2" }, "{}  "))
fault(31, "the same length twice", "confirmed, confirmed",
  twice({ "Content-Length: 15", "Content-Length: 15" }, OK))
script(32, "100 three times, 103, then 200", "confirmed",
  { READ, raw.send(("HTTP/1.1 100 X\r\n\r\n"):rep(3) .. "HTTP/1.1 103 X\r\nLink: x\r\n\r\n"),
    GOOD, HOLD })
script(33, "101", "unconfirmed", { READ, raw.send "HTTP/1.1 101 X\r\nUpgrade: x\r\n\r\n", FIN })
script(34, "endless 1xx", "unconfirmed",
  { READ, { "repeat", "HTTP/1.1 100 X\r\n\r\n", 1000000 }, HOLD }, nil, HASTY)
script(35, "304", "unconfirmed", { READ, raw.send "HTTP/1.1 304 X\r\n\r\n", HOLD },
  "untrusted_response")
h2_script(35, "304", "unconfirmed", { h2.headers(304, nil, true) }, "untrusted_response")
-- A folded line continues the header before it, so this answer's status is 403. libcurl shows
-- us the lines as they came before 8.21, and joined from then on.
script(36, "a second status in a folded line", "unconfirmed | refused",
  { READ, raw.send("HTTP/1.1 403 X\r\nX: y\r\n " .. HEAD .. "Content-Length: 0\r\n\r\n"), HOLD })
script(36, "a second status in a folded status line", "unconfirmed",
  { READ, raw.send("HTTP/1.1 403 X\r\n " .. HEAD .. "Content-Length: 0\r\n\r\n"), HOLD })
script(31, "a length in a folded line after another", "unconfirmed",
  { READ, raw.send(HEAD .. "Content-Length: 0\r\n 15\r\n\r\n" .. OK), HOLD })
script(13, "a coding that libcurl does not read as one", "unconfirmed",
  { READ, raw.send(HEAD .. "Transfer-Encoding : chunked\r\n\r\n"), CUT })
for _, status in ipairs { "099", "2000", "999", "2x0" } do
  script(36, "status " .. status, "unconfirmed",
    { READ, raw.send(("HTTP/1.1 %s X\r\nContent-Length: 0\r\n\r\n"):format(status)), HOLD })
end

-- ---- redirects

--- The target would be trusted and would say yes; it must hear nothing.
local function redirected(start, status)
  return function(by)
    local target = raw.start { { READ, GOOD, HOLD } }
    local server = start(by, status, target.base_url .. "/x")
    local client = server:client(by.options())
    local seen, kind = by.unshare(client)
    assert(by ~= SINGLE or client:stats().connections == 1)
    client:close()
    server:stop()
    assert(#target:stop() == 0, "the redirect was followed")
    return seen, kind
  end
end
for _, status in ipairs { 301, 302, 303, 307, 308 } do
  fault(37, status .. " to another host or port", "unconfirmed", redirected(function(by, code, url)
    return raw.start(by.raw { { READ, raw.redirect(code, url), HOLD } })
  end, status), "untrusted_response")
end
fault(37, "HTTP/2: 307 to another host or port", "unconfirmed", redirected(function(by, code, url)
  local headers = { location = url, ["content-length"] = "0" }
  return h2.start(by.h2 { { { h2.headers(code, headers, true) } } })
end, 307), "untrusted_response")
script(38, "redirect loop", "unconfirmed", { READ, raw.redirect(302, "/"), HOLD },
  "untrusted_response")
script(38, "redirect to a file", "unconfirmed",
  { READ, raw.redirect(302, "file:///etc/passwd"), HOLD }, "untrusted_response")

-- ---- connections that are used again

fault(39, "an answer to nothing, before the next request", "confirmed, refused", over_raw({
  { READ, GOOD, raw.wait(0.1), GOOD, raw.tell, HOLD },
  { READ, raw.answer(403, '{"detail":"no"}'), HOLD },
}, { between = true }, 2))
--- The stray answer ends in the TLS record of the answer before, so that OpenSSL has it
--- and the socket shows nothing.
fault(39, "the same, read with the end of the answer before", "confirmed, refused", over_raw({
  { READ, head "Content-Length: 15", raw.wait(0.3),
    raw.send(OK .. HEAD .. "Content-Length: 0\r\n\r\n"), READ, raw.answer(403, ""), HOLD },
  { READ, raw.answer(403, ""), HOLD },
}, nil, 2))
fault(39, "the same, over HTTP/1.1 that calls itself HTTP/2", "confirmed, refused", over_raw({
  { READ, raw.send "HTTP/2 200\r\nContent-Length: 0\r\n\r\n", raw.wait(0.1), GOOD, raw.tell,
    READ, raw.answer(403, ""), HOLD },
  { READ, raw.answer(403, ""), HOLD },
}, { between = true }, 2))
fault(40, "two answers at once", "confirmed, refused", over_raw({
  { READ, raw.send(raw.answer(200, OK)[2] .. GOOD[2]), READ, GOOD, HOLD }, -- not one, then one
  { READ, raw.answer(403, ""), HOLD },
}, nil, 2))
fault(40, "the same, each in a TLS record of its own", "confirmed, refused", over_raw({
  { READ, GOOD, GOOD, raw.tell, READ, GOOD, HOLD },
  { READ, raw.answer(403, ""), HOLD },
}, { between = true }, 2))
fault(41, "keep-alive close race", "confirmed, confirmed", over_raw({
  { READ, GOOD, READ, FIN },
  { READ, GOOD, HOLD },
}, nil, 2))

-- ---- HTTP/2

fault(42, "HTTP/2: REFUSED_STREAM always", "unconfirmed",
  over_h2 { { { h2.rst(h2.REFUSED_STREAM) } } })
fault(42, "HTTP/2: REFUSED_STREAM once", "confirmed",
  over_h2 { { { h2.rst(h2.REFUSED_STREAM) } }, { { h2.answer(200, OK) } } })
for code = 1, 12 do
  if code ~= h2.REFUSED_STREAM then
    h2_script(43, "RST_STREAM " .. code, "unconfirmed", { h2.rst(code) })
  end
end
h2_script(43, "RST_STREAM after headers and a body", "unconfirmed",
  { h2.headers(200), h2.data(OK), h2.rst(8) })
-- With one request at a time, where libcurl might send again what shares a connection.
fault(44, "HTTP/2: RST_STREAM NO_ERROR after headers", "unconfirmed",
  over_h2({ { { h2.headers(200), h2.rst(h2.NO_ERROR) } } }, 1))
h2_script(44, "the same, 300 ms later", "unconfirmed",
  { h2.headers(200), h2.wait(0.3), h2.rst(h2.NO_ERROR) })
h2_script(44, "RST_STREAM NO_ERROR after part of the body", "unconfirmed",
  { h2.headers(200), h2.data '{"sta', h2.wait(0.1), h2.rst(h2.NO_ERROR) })
h2_script(45, "body shorter than content-length", "unconfirmed",
  { h2.headers(200, { ["content-length"] = "16" }), h2.data(OK, true) })
fault(46, "HTTP/2: GOAWAY last=0 on a new connection", "unconfirmed",
  over_h2({ { { h2.goaway(0), h2.fin } } }, 1))
fault(46, "HTTP/2: GOAWAY last=0 on a reused connection", "confirmed, unconfirmed",
  over_h2({ { { h2.answer(200, OK) }, { h2.goaway(0), h2.fin } },
    { { h2.goaway(0), h2.fin } } }, 2))
h2_script(47, "GOAWAY inside body", "unconfirmed",
  { h2.headers(200, { ["content-length"] = "15" }), h2.data '{"sta', h2.goaway(1), h2.fin })
h2_script(48, "FIN with streams open", "unconfirmed", { h2.fin })
h2_script(48, "FIN after headers and a body", "unconfirmed",
  { h2.headers(200), h2.data '{"sta', h2.fin })
h2_script(49, "HTTP_1_1_REQUIRED", "unconfirmed", { h2.rst(h2.HTTP_1_1_REQUIRED) })

-- ---- TLS

local TRUSTED_ANSWER = { { READ, GOOD, HOLD } }
fault(50, "certificate self-signed by a stranger", "not_sent", over_raw(TRUSTED_ANSWER, {
  client = { ca_file = tls.certificate("stranger", "IP:127.0.0.1").cert },
}), "tls")
fault(50, "certificate for another host", "not_sent", over_raw(TRUSTED_ANSWER, {
  server = function()
    return tls.certificate("elsewhere", "DNS:elsewhere.example")
  end,
}), "tls")
fault(50, "certificate expired", "not_sent", over_raw(TRUSTED_ANSWER, {
  server = tls.expired_certificate,
}), "tls")
fault(51, "TLS 1.1 at most", "not_sent", over_raw({ { HOLD } }, {
  server = function()
    local certificate = raw.certificate()
    return { cert = certificate.cert, key = certificate.key, tls_1_1 = true }
  end,
}), "tls")
fault(51, "plaintext on the TLS port", "not_sent", function(by)
  local server = raw.start({ { raw.send(HEAD .. "\r\n"), HOLD } }, { plain = true })
  local base_url = server.base_url:gsub("http:", "https:")
  local client = server:client(by.options { base_url = base_url })
  local seen, kind = by.unshare(client)
  client:close()
  server:stop()
  return seen, kind
end, "tls")

--- A file of authorities that was whole when the client was made, and is not when it connects.
local function with_spoilt_ca(spoil)
  return function(by)
    local server = raw.start(by.raw { { HOLD } })
    local path = os.tmpname()
    local from, to = assert(io.open(server.ca_file)), assert(io.open(path, "w"))
    to:write(from:read "*a")
    from:close()
    to:close()
    local client = server:client(by.options { ca_file = path })
    spoil(path)
    local seen, kind = by.unshare(client)
    client:close()
    server:stop()
    os.remove(path)
    return seen, kind
  end
end

fault(52, "CA file gone since the client was made", "not_sent", with_spoilt_ca(os.remove), "tls")
fault(52, "CA file overwritten since then", "not_sent", with_spoilt_ca(function(path)
  local file = assert(io.open(path, "w"))
  file:write "garbage"
  file:close()
end), "tls")

-- ---- refusals

answer(53, "400", "refused", 400, "", "invalid_request")
answer(53, "400 of the older shape", "refused", 400, '{"detail":{"status":"c","message":"m"}}',
  "invalid_request")
answer(53, "404 of today's shape", "refused", 404,
  '{"detail":{"type":"not_found","code":"c","message":"m"}}', "not_found")
answer(53, "404 that is a text", "refused", 404, '{"detail":"Not Found"}', "not_found")
answer(53, "404 that is HTML", "refused", 404, "<html>", "not_found")
answer(53, "422 with a list", "refused", 422,
  '{"detail":[{"loc":["body","x"],"msg":"m","type":"t"}]}', "unprocessable")
answer(54, "401", "refused", 401, '{"detail":{"status":"invalid_api_key"}}', "authentication")
answer(54, "402", "refused", 402, "", "payment_required")
answer(54, "403", "refused", 403, "", "permission")

-- ---- the clock

--- A child whose clock is moved by a day either way while it waits for its first answer.
local function move_clock(connections, code, expected)
  local clock = os.tmpname()
  local function set(offset) -- at once: the child reads the file at any time
    local file = assert(io.open(clock .. ".new", "w"))
    file:write(offset, "\n")
    file:close()
    assert(os.rename(clock .. ".new", clock))
  end
  for _, offset in ipairs { "+1d", "-1d" } do
    set "+0"
    local server = raw.start(connections)
    local client = process.start({
      os.getenv "SPEC_LUA",
      "-e",
      [[
        local client = assert(require("elevenlabs.workspace").new {
          base_url = os.getenv "SERVER", ca_file = os.getenv "CA", api_key = "k",
          attempt_timeout_ms = 20000, deadline_ms = 20000,
        })
        local args = { resource_id = "x", resource_type = "voice", group_id = "default" }
        local before = os.time()
      ]] .. code .. [[
        print(math.abs(os.time() - before) > 80000)
      ]],
    }, {
      env = {
        LD_PRELOAD = tls.output "ls /usr/lib/*/faketime/libfaketimeMT.so.1",
        FAKETIME_TIMESTAMP_FILE = clock,
        FAKETIME_NO_CACHE = "1",
        DONT_FAKE_MONOTONIC = "1",
        SERVER = server.base_url,
        CA = server.ca_file,
      },
    })
    server:received(1)
    set(offset)
    local _, out, err = client:wait()
    server:stop()
    for _, name in ipairs { "faketime_shm_", "sem.faketime_sem_" } do
      os.remove("/dev/shm/" .. name .. client.pid) -- left where SPEC_LUA is a script
    end
    assert(out == expected .. "\ntrue\n", out .. err)
  end
  os.remove(clock)
  return expected
end

fault(61, "wall clock moved by a day either way", "confirmed", function()
  return move_clock({ { READ, raw.tell, raw.wait(0.3), GOOD, HOLD } }, [[
    local receipt, err = client:unshare(args)
    print(receipt and receipt.outcome or err)
  ]], "confirmed")
end)
fault(61, "wall clock moved by a day either way", "confirmed again, waited", function()
  local busy = raw.answer(503, "", "Retry-After: 1\r\n")
  return move_clock({ { READ, raw.tell, raw.wait(0.3), busy, READ, GOOD, HOLD } }, [[
    local waited
    local report = assert(client:unshare_many({ args }, {
      journal = os.tmpname(),
      deadline_ms = 20000,
      on_result = function(_, receipt)
        waited = receipt.attempts == 2 and receipt.elapsed_ms > 1000
      end,
    }))
    os.remove(report.journal.path)
    print(report.stopped or waited and "confirmed again, waited")
  ]], "confirmed again, waited")
end, nil, in_bulk)

-- ---- memory

--- With words that an operation's name has.
local function torture(words)
  local status, out, err = process.start({
    os.getenv "SPEC_LUA",
    "spec/proof/torture/report.lua",
    "97",
    words,
  }):wait(120000) -- a bound, never a delay
  return status == 0 and "truth, and a client that works" or out .. err
end

fault(62, "memory runs out at some of all points", "truth, and a client that works", function()
  return torture ""
end)
for _, name in ipairs { "bulk", "resume" } do
  fault(62, "the same, " .. name, "truth, and a client that works", function()
    return torture(name)
  end, nil, in_bulk)
end

-- ---- reads

local READING = setmetatable({
  name = "read",
  unshare = function(client)
    local resource, err = client:get { resource_id = "id1", resource_type = "voice" }
    return resource and "confirmed" or err.outcome, err and err.kind
  end,
}, { __index = SINGLE })

--- A read that is answered 200 with this body.
local function read(name, expected, body)
  local kind = expected == "unconfirmed" and "untrusted_response" or nil
  local run = over_raw { { READ, raw.answer(200, body), HOLD } }
  fault(63, "a read: " .. name, expected, run, kind, READING)
end

local RESOURCE = '{"resource_id":"%s","resource_type":"%s","role_to_group_ids":%s}'
read("who has which role", "confirmed", RESOURCE:format("id1", "voice", '{"admin":["a"]}'))
read("of another resource", "unconfirmed", RESOURCE:format("id2", "voice", "{}"))
read("of another type", "unconfirmed", RESOURCE:format("id1", "songs", "{}"))
local NO_MAPS = {
  "null", "[]", '{"admin":{}}', '{"admin":null}', '{"admin":"a"}', '{"admin":[{"id":"a"}]}',
}
for _, roles in ipairs(NO_MAPS) do
  read("roles " .. roles, "unconfirmed", RESOURCE:format("id1", "voice", roles))
end
for _, body in ipairs { "{}", "[]", '{"error":"no"}', '{"detail":"no"}', "<html>", "" } do
  read(("%q"):format(body), "unconfirmed", body)
end
local NO_ROLES = RESOURCE:format("id1", "voice", "{}")
read("no role", "confirmed", NO_ROLES)
for _, more in ipairs {
  ',"status":"failed"',
  ',"error":"backend timeout"',
  ',"success":false',
  ',"role_to_group_ids":{}',
} do
  read("no role" .. more, "unconfirmed", (NO_ROLES:gsub("}$", more .. "}")))
end

require("spec.proof.faults.bulk_rows")(faults, fault)

M.list = faults

return M
