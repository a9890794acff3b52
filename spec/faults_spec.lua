-- What a hostile or broken server may send, byte by byte, and what must come of it.
-- The numbers are those of the project's fault table. Every case also asserts that
-- the key reached one host only.

local core = require "elevenlabs.workspace.core"
local raw = require "spec.support.raw"
local tls = require "spec.support.tls"

local ARGS = { resource_id = "id1", resource_type = "voice", user_email = "a@example.com" }
local OK = '{"status":"ok"}'
local HEAD = "HTTP/1.1 200 OK\r\n"

local function head(...)
  return raw.send(HEAD .. table.concat({ ... }, "\r\n") .. "\r\n\r\n")
end

--- Unshare from a server that plays `script` on every connection.
local function unshare(script, options, client_options)
  local server = raw.start({ script }, options)
  local client = server:client(client_options)
  local receipt, err = client:unshare(ARGS)
  client:close()
  server:received(1)
  for _, report in ipairs(server:stop()) do
    assert.are.equal("port", report.on, "something spoke to the other host")
  end
  return receipt, err
end

local function assert_unconfirmed(receipt, err)
  assert.is_nil(receipt)
  assert.are.equal("unconfirmed", err.outcome)
  assert.are.equal(1, err.attempts)
end

local READ = raw.read

-- number, name, script, outcome, kind
local faults = {
  { 6, "accept, then RST", { raw.rst }, "unconfirmed", "network" },
  { 6, "request, then RST", { READ, raw.rst }, "unconfirmed", "network" },
  { 7, "accept, then FIN", { raw.fin }, "unconfirmed", "network" },
  { 7, "request, then FIN", { READ, raw.fin }, "unconfirmed", "network" },
  { 8, "RST inside headers", { READ, raw.send(HEAD .. "Conte"), raw.rst }, "unconfirmed" },
  { 9, "FIN after the status line", { READ, raw.send(HEAD), raw.fin }, "unconfirmed" },
  { 9, "FIN inside a header", { READ, raw.send(HEAD .. "Server: x"), raw.fin }, "unconfirmed" },
  { 9, "FIN after a refusal's status line",
    { READ, raw.send "HTTP/1.1 403 X\r\n", raw.fin }, "unconfirmed" },
  { 10, "FIN after the Content-Length header",
    { READ, raw.send(HEAD .. "Content-Length: 0\r\n"), raw.fin }, "unconfirmed" },
  { 10, "FIN after the Content-Length header of a body",
    { READ, raw.send(HEAD .. "Content-Length: 15\r\n"), raw.fin }, "unconfirmed" },
  { 11, "RST inside body",
    { READ, head "Content-Length: 15", raw.send '{"sta', raw.rst }, "unconfirmed" },
  { 12, "short Content-Length body",
    { READ, head "Content-Length: 16", raw.send(OK), raw.fin }, "unconfirmed", "network" },
  { 12, "the same, cut without close_notify",
    { READ, head "Content-Length: 16", raw.send(OK), raw.cut }, "unconfirmed", "network" },
  { 13, "chunked, cut",
    { READ, head "Transfer-Encoding: chunked", raw.send("f\r\n" .. OK .. "\r\n"), raw.fin },
    "unconfirmed", "network" },
  { 13, "chunked, cut inside its last chunk's line end",
    { READ, head "Transfer-Encoding: chunked", raw.send("f\r\n" .. OK .. "\r\n0\r\n"), raw.fin },
    "unconfirmed", "network" },
  { 14, "bad chunk size",
    { READ, head "Transfer-Encoding: chunked", raw.send("xyz\r\n" .. OK), raw.fin },
    "unconfirmed" },
  { 15, "close-delimited body cut inside its JSON",
    { READ, head "Connection: close", raw.send '{"status":"o', raw.fin },
    "unconfirmed", "untrusted_response" },
  { 15, "close-delimited whole JSON",
    { READ, head "Connection: close", raw.send(OK), raw.fin }, "confirmed" },
  { 15, "HTTP/1.0 whole JSON",
    { READ, raw.send("HTTP/1.0 200 OK\r\n\r\n" .. OK), raw.fin }, "confirmed" },
  { 15, "close-delimited number", { READ, head "Connection: close", raw.send "4", raw.fin },
    "unconfirmed", "untrusted_response" },
  { 15, "close-delimited empty body", { READ, head "Connection: close", raw.fin },
    "unconfirmed", "untrusted_response" },
  { 19, "garbage", { READ, raw.send "\1\2\3 what?\r\n\r\n", raw.fin }, "unconfirmed" },
  { 19, "HTTP/0.9", { READ, raw.send(OK), raw.fin }, "unconfirmed" },
  { 24, "HTML with 200", { READ, raw.answer(200, "<html>Sign in</html>"), raw.hold },
    "unconfirmed", "untrusted_response" },
  { 25, "empty 200 with Content-Length 0", { READ, raw.answer(200, ""), raw.hold }, "confirmed" },
  { 26, "204", { READ, raw.send "HTTP/1.1 204 No Content\r\n\r\n", raw.hold },
    "unconfirmed", "untrusted_response" },
  { 27, "invalid UTF-8 in the body", { READ, raw.answer(200, '{"a":"\255"}'), raw.hold },
    "unconfirmed", "untrusted_response" },
  { 27, "NUL in the body", { READ, raw.answer(200, OK .. "\0x"), raw.hold },
    "unconfirmed", "untrusted_response" },
  { 53, "400", { READ, raw.answer(400, ""), raw.hold }, "refused", "invalid_request" },
  { 53, "404 that is a text", { READ, raw.answer(404, '{"detail":"Not Found"}'), raw.hold },
    "refused", "not_found" },
  { 53, "404 of today's shape",
    { READ, raw.answer(404, '{"detail":{"type":"not_found","code":"c","message":"m"}}'), raw.hold },
    "refused", "not_found" },
  { 53, "400 of the older shape",
    { READ, raw.answer(400, '{"detail":{"status":"c","message":"m"}}'), raw.hold },
    "refused", "invalid_request" },
  { 53, "422 with a list",
    { READ, raw.answer(422, '{"detail":[{"loc":["body","x"],"msg":"m","type":"t"}]}'), raw.hold },
    "refused", "unprocessable" },
  { 53, "404 that is HTML", { READ, raw.answer(404, "<html>"), raw.hold },
    "refused", "not_found" },
}

describe("fault", function()
  for _, fault in ipairs(faults) do
    local number, name, script, outcome, kind = (unpack or table.unpack)(fault)
    it(("%d, %s: %s"):format(number, name, outcome), function()
      local receipt, err = unshare(script)
      if outcome == "confirmed" then
        assert.is_nil(err)
        assert.are.equal("confirmed", receipt.outcome)
      else
        assert.is_nil(receipt)
        assert.are.equal(outcome, err.outcome)
        assert.are.equal(kind or err.kind, err.kind)
        assert.are.equal(1, err.attempts)
        assert.is_nil(tostring(err):find(raw.KEY, 1, true))
      end
    end)
  end

  it("1, connection refused: not sent", function()
    local server = raw.start { { raw.hold } }
    local client = server:client()
    server:stop()
    local receipt, err = client:unshare(ARGS)
    assert.is_nil(receipt)
    assert.are.same({ "not_sent", "network", true }, { err.outcome, err.kind, err.retryable })
    client:close()
  end)

  for _, status in ipairs { 301, 302, 303, 307, 308 } do
    it(("37, %d to another host or port: unconfirmed, and the key stays"):format(status), function()
      local server = raw.start { { READ, raw.answer(200, OK), raw.hold } } -- trusted as well
      local redirecting = raw.start {
        { READ, raw.redirect(status, server.base_url .. "/x"), raw.hold },
      }
      local client = redirecting:client()
      local receipt, err = client:unshare(ARGS)
      client:close()
      assert_unconfirmed(receipt, err)
      assert.are.same({ "untrusted_response", status }, { err.kind, err.status })
      assert.matches("xi-api-key: " .. raw.KEY, redirecting:received(1)[1], 1, true)
      assert.are.same({}, redirecting:stop())
      assert.are.same({}, server:stop())
    end)
  end

  describe("50, a certificate that is", function()
    local function assert_untrusted(options, client_options)
      local receipt, err = unshare({ READ, raw.answer(200, OK), raw.hold }, options, client_options)
      assert.is_nil(receipt)
      assert.are.same({ "not_sent", "tls", false }, { err.outcome, err.kind, err.retryable })
    end

    it("self-signed by a stranger: not sent", function()
      local stranger = tls.certificate("stranger", "IP:127.0.0.1")
      assert_untrusted(nil, { ca_file = stranger.cert })
    end)

    it("for another host: not sent", function()
      assert_untrusted(tls.certificate("elsewhere", "DNS:elsewhere.example"))
    end)

    it("expired: not sent", function()
      assert_untrusted(tls.expired_certificate())
    end)
  end)

  it("52, wrong CA path: not sent", function()
    local receipt, err = unshare({ raw.hold }, nil, { ca_file = "/nonexistent/ca.pem" })
    assert.is_nil(receipt)
    assert.are.same({ "not_sent", "tls", false }, { err.outcome, err.kind, err.retryable })
  end)

  it("39, an answer to nothing is not taken for the next call's", function()
    local forbidden = raw.answer(403, '{"detail":"no"}')
    local server = raw.start {
      { READ, raw.answer(200, OK), raw.answer(200, OK), raw.hold },
      { READ, forbidden, raw.hold },
    }
    local client = server:client()
    assert.are.equal("confirmed", client:unshare(ARGS).outcome)
    -- The stray answer is on its way: wait for it as a host would, on the connection.
    local until_ms = core.now() + 300
    while core.now() < until_ms do
      client:step(until_ms - core.now())
    end
    local receipt, err = client:unshare(ARGS)
    assert.is_nil(receipt)
    assert.are.same({ "refused", 403 }, { err.outcome, err.status })
    assert.are.equal(2, client:stats().connections)
    client:close()
    server:stop()
  end)

  it("a connection that died in idleness costs an unshare nothing", function()
    local server = raw.start {
      { READ, raw.answer(200, OK), raw.fin },
      { READ, raw.answer(200, OK), raw.hold },
    }
    local client = server:client()
    assert.are.equal("confirmed", client:unshare(ARGS).outcome)
    server:received(1) -- its connection has ended
    assert.are.equal("confirmed", client:unshare(ARGS).outcome)
    client:close()
    server:stop()
  end)

  it("a share uses no connection that may have died: one request, one connection", function()
    local server = raw.start {
      { READ, raw.answer(200, OK), READ, raw.fin },
      { READ, raw.answer(200, OK), raw.hold },
    }
    local client = server:client()
    assert.are.equal("confirmed", client:unshare(ARGS).outcome)
    local share = { role = "viewer" }
    for name, value in pairs(ARGS) do
      share[name] = value
    end
    assert.are.equal("confirmed", client:share(share).outcome)
    assert.are.equal(2, client:stats().connections)
    client:close()
    server:stop()
  end)

  it("31, conflicting lengths: unconfirmed, and the connection is not used again", function()
    local server = raw.start {
      { READ, head("Content-Length: 15", "Content-Length: 4"), raw.send(OK), raw.hold },
      { READ, raw.answer(200, OK), raw.hold },
    }
    local client = server:client()
    assert_unconfirmed(client:unshare(ARGS))
    assert.are.equal("confirmed", client:unshare(ARGS).outcome)
    assert.are.equal(2, client:stats().connections)
    client:close()
    server:stop()
  end)
end)
