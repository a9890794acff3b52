-- The sandbox as a process: nginx over TLS, started and stopped by the command.

local cjson = require "cjson"
local json = require "elevenlabs.workspace.json"
local leaver = require "elevenlabs.workspace.sandbox.leaver"
local model = require "elevenlabs.workspace.sandbox.model"
local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"
local uv = require "luv"

local words = json.sorted_keys

local UNSHARE = "/v1/workspace/resources/voice_narrator/unshare"

--- A request that our own client would never send. Returns status, decoded body and
--- headers by lower-case name.
local function request(sandbox, method, path, body, key)
  local code, out, err = process.run {
    "/usr/bin/python3",
    "-c",
    [[
import http.client, json, ssl, sys
address, ca_file, method, path, body, key = sys.argv[1:7]
context = ssl.create_default_context(cafile=ca_file)
connection = http.client.HTTPSConnection(address, context=context)
headers = {"content-type": "application/json"}
if key:
    headers["xi-api-key"] = key
connection.request(method, path, body.replace("@", "x" * 70000), headers)
answer = connection.getresponse()
text = answer.read().decode()
print(json.dumps([answer.status, text, {k.lower(): v for k, v in answer.getheaders()}]))
]],
    (sandbox.base_url:gsub("https://", "")),
    sandbox.ca_file,
    method,
    path,
    body,
    key or sandbox.api_key,
  }
  assert(code == 0, err)
  local answer = cjson.decode(out)
  return answer[1], cjson.decode(answer[2]), answer[3]
end

--- Repeat it until the answer has this status. Returns that one's body and headers.
local function request_until(wanted, sandbox, body)
  for _ = 1, 100 do
    local status, value, headers = request(sandbox, "POST", "/", body)
    if status == wanted then
      return value, headers
    end
  end
  error("no answer " .. wanted)
end

local function exists(path)
  return uv.fs_stat(path) ~= nil
end

local function write_file(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function read_file(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

--- Take Mia's role on each of these resources away, `many` at once. Returns the results in
--- order, as { receipt, err }.
local function unshare_all(client, resources)
  local calls, results = {}, {}
  for i, resource in ipairs(resources) do
    calls[i] = assert(client:start("unshare", {
      resource_id = resource.id,
      resource_type = resource.type,
      user_email = "mia@example.com",
    }))
  end
  for i, call in ipairs(calls) do
    while not call:done() do
      client:step(20000)
    end
    results[i] = { call:result() }
  end
  return results
end

--- What became of a call: "confirmed", a code, or the kind of failure where there is none.
local function word(result)
  return result[1] and "confirmed" or result[2].code or result[2].kind
end

-- What the sandbox says, and not what a retry makes of it.
local ONCE = { max_attempts = 1 }

--- Run a sandbox of `count` resources, take her roles on them, and stop it.
--- Returns how often each word came with the role gone or there: { ["word gone"] = times }.
local function take_all(count, client_options, ...)
  local path, state = os.tmpname(), leaver.state(count)
  write_file(path, json.encode(state))
  local sandbox = sandboxes.start("--state", path, ...)
  client_options.max_attempts = 1
  local client = sandbox:client(client_options)
  local results = unshare_all(client, state.resources)
  local connections = client:stats().connections
  client:close()
  sandbox:stop()
  local seen = {}
  for i, resource in ipairs(cjson.decode(read_file(path)).resources) do
    local key = word(results[i]) .. (resource.roles.user_mia and " there" or " gone")
    if state.resources[i].roles.user_mia then
      seen[key] = (seen[key] or 0) + 1
    end
  end
  os.remove(path)
  return seen, connections
end

describe("sandbox.nginx", function()
  describe("answers", function()
    local sandbox

    setup(function()
      sandbox = sandboxes.start()
    end)

    teardown(function()
      sandbox:stop()
    end)

    it("its own example", function()
      local client = sandbox:client(ONCE)
      assert.are.equal("confirmed", client:unshare(sandbox.example).outcome)
      client:close()
    end)

    it("bad JSON with a list", function()
      local status, value, headers = request(sandbox, "POST", UNSHARE, "{bad")
      assert.are.equal(422, status)
      assert.are.equal("json_invalid", value.detail[1].type)
      assert.are.equal("application/json", headers["content-type"])
      assert.matches("^sandbox%-%d+$", headers["request-id"])
    end)

    it("an oversized body in the documented shape", function()
      local status, value, headers = request(sandbox, "POST", UNSHARE, "@")
      assert.are.equal(413, status)
      assert.are.equal("request_too_large", value.detail.code)
      assert.matches("^sandbox%-%d+$", headers["request-id"])
    end)

    it("a missing key", function()
      local status, value = request(sandbox, "POST", UNSHARE, "{}", "")
      assert.are.same({ 401, "missing_api_key" }, { status, value.detail.code })
    end)

    it("an unknown path", function()
      local status, value = request(sandbox, "GET", "/v1/other", "")
      assert.are.same({ 404, { detail = "Not Found" } }, { status, value })
    end)
  end)

  for _, signal in ipairs { "sigterm", "sigint", "sighup" } do
    it("leaves no process and no folder after " .. signal, function()
      local sandbox = sandboxes.start()
      local folder = sandbox.ca_file:match "^(.*)/[^/]*$"
      local pid_file = assert(io.open(folder .. "/nginx.pid"))
      local nginx = pid_file:read "*n"
      pid_file:close()
      assert.are.equal(0, uv.kill(nginx, 0))
      local code, out, err = sandbox.process:stop(signal)
      assert.are.same({ 0, "", "" }, { code, out, err })
      assert.is_false(exists(folder))
      assert.is_nil((uv.kill(nginx, 0)))
    end)
  end

  it("leaves no nginx even where the command is killed", function()
    local sandbox = sandboxes.start()
    local folder = sandbox.ca_file:match "^(.*)/[^/]*$"
    sandbox.process:stop "sigkill"
    local client, err = sandbox:client(ONCE), nil
    for _ = 1, 200 do -- nginx ends in its own time: soon, or the assertion fails
      err = select(2, client:unshare(sandbox.example))
      if err and err.outcome == "not_sent" then
        break
      end
      client:step(20)
    end
    assert.are.equal("not_sent", err and err.outcome)
    client:close()
    os.execute(("rm -r '%s'"):format(folder))
  end)

  it("stops and says so when its nginx dies", function()
    local sandbox = sandboxes.start()
    local folder = sandbox.ca_file:match "^(.*)/[^/]*$"
    local pid_file = assert(io.open(folder .. "/nginx.pid"))
    uv.kill(pid_file:read "*n", "sigterm")
    pid_file:close()
    local code, _, err = sandbox.process:wait()
    assert.are.equal(1, code)
    assert.matches("nginx ended", err)
    assert.is_false(exists(folder))
  end)

  it("is ready once, though its worker is killed and comes again", function()
    local script = [[
      echo started
      pkill -9 -P "$(cat "$(dirname "$ELEVENLABS_CA_FILE")/nginx.pid")"
      for i in 1 2 3 4 5 6 7 8 9 10; do
        elevenlabs-workspace get --resource-id voice_narrator --resource-type voice \
          --base-url "$ELEVENLABS_BASE_URL" --ca-file "$ELEVENLABS_CA_FILE" >/dev/null 2>&1 && break
      done
    ]]
    local code, out = process.run {
      "elevenlabs-workspace", "sandbox", "--port", "0", "--", "sh", "-c", script,
    }
    assert.are.same({ 0, "started\n" }, { code, out })
  end)

  it("keeps its state in a file from run to run", function()
    local path = os.tmpname()
    os.remove(path)
    local sandbox = sandboxes.start("--state", path)
    local client = sandbox:client(ONCE)
    assert(client:unshare(sandbox.example))
    client:close()
    sandbox:stop()
    assert.is_true(exists(path))
    assert.is_false(exists(path .. ".new"))

    sandbox = sandboxes.start("--state", path)
    assert.are.same(
      { user_ada = "admin", user_tom = "viewer" },
      sandbox:roles("voice_narrator", "voice")
    )
    sandbox:stop()
    os.remove(path)
  end)

  for content, why in pairs { ["not json"] = "is not JSON", ["{}"] = "users is missing" } do
    it("refuses a state file that holds " .. content, function()
      local path = os.tmpname()
      write_file(path, content)
      local code, _, err = process.run {
        "elevenlabs-workspace", "sandbox", "--port", "0", "--state", path,
      }
      assert.are.equal(1, code)
      assert.matches(path, err, 1, true)
      assert.matches(why, err, 1, true)
      os.remove(path)
    end)
  end

  it("has its state written however long that takes", function()
    local path = os.tmpname()
    write_file(path, json.encode(leaver.state(3)))
    local sandbox = sandboxes.start("--state", path)
    -- A pipe for the new file: writing it takes until someone reads, which is longer than
    -- the 3 s that nginx gives its worker after SIGTERM.
    local reader = process.start {
      "sh", "-c", 'mkfifo "$1.new" && echo made && sleep 4 && cat "$1.new" >"$1.read"', "sh", path,
    }
    assert.are.equal("made", reader:read_line())
    assert.are.same({ 0, "", "" }, { sandbox:stop() })
    assert.are.equal(0, (reader:wait()))
    assert.are.equal(3, #cjson.decode(read_file(path .. ".read")).resources)
    os.remove(path)
    os.remove(path .. ".read")
  end)

  it("starts with as many resources as are asked for", function()
    local sandbox = sandboxes.start("--resources", "30")
    local client = sandbox:client(ONCE)
    assert.are.equal("confirmed", client:unshare(sandbox.example).outcome)
    client:close()
    assert.is_nil(sandbox:roles("voice_0001", "voice").user_mia)
    assert.are.equal("editor", sandbox:roles("songs_0030", "songs").user_mia)
    sandbox:stop()
  end)

  it("keeps a connection for more than nginx's thousand requests", function()
    local sandbox = sandboxes.start("--resources", "1100")
    local client = sandbox:client(ONCE)
    unshare_all(client, leaver.state(1100).resources)
    assert.are.equal(1, client:stats().connections)
    client:close()
    sandbox:stop()
  end)

  describe("with --fail-rate", function()
    it("fails in each of five ways, and does what it says; over HTTP/2 others go on", function()
      local seen, connections = take_all(400, {}, "--fail-rate", "0.5")
      assert.are.same({
        "confirmed gone",
        "internal_error gone",
        "internal_error there",
        "network gone",
        "network there",
        "service_unavailable there",
        "target_is_creator there",
      }, words(seen))
      assert.are.equal(1, connections)
    end)

    it("fails lists as well", function()
      local sandbox = sandboxes.start("--fail-rate", "1", "--no-http2")
      local client, seen = sandbox:client(ONCE), {}
      for _ = 1, 100 do
        local call = client.engine:start("list", { path = { "v2", "voices" } })
        seen[word { call:result() }] = true
      end
      client:close()
      sandbox:stop()
      assert.are.same({ "internal_error", "network", "service_unavailable" }, words(seen))
    end)

    it("answers in the documented shape, to get too, or closes the connection", function()
      local sandbox = sandboxes.start("--fail-rate", "1", "--no-http2")
      local client, shown, closed = sandbox:client(ONCE), nil, false
      for _ = 1, 200 do
        local _, err = client:get { resource_id = "voice_narrator", resource_type = "voice" }
        shown = err.status == 503 and err or shown
        closed = closed or err.kind == "network"
      end
      client:close()
      assert.are.same({ "server", "service_unavailable" }, { shown.kind, shown.code })
      assert.matches("^sandbox%-%d+$", shown.request_id)
      assert.is_true(closed)
      sandbox:stop()
    end)
  end)

  describe("with --rate-limit", function()
    it("has not done what it refused", function()
      local seen = take_all(20, {}, "--rate-limit", "4")
      assert.are.same({ "confirmed gone", "rate_limit_exceeded there" }, words(seen))
    end)

    it("says when to come again", function()
      local sandbox = sandboxes.start("--rate-limit", "1")
      local value, headers = request_until(429, sandbox, "")
      assert.are.equal("rate_limit_error", value.detail.type)
      assert.are.equal(headers["request-id"], value.detail.request_id)
      assert.are.equal("1", headers["retry-after"])
      sandbox:stop()
    end)
  end)

  describe("with --max-concurrent", function()
    for _, protocol in ipairs { "--no-http2", false } do
      local name = protocol and "HTTP/1.1" or "HTTP/2"

      it("has not done what it refused, over " .. name, function()
        local limits = { "--max-concurrent", "3", "--latency-ms", "300", protocol or nil }
        local seen = take_all(12, {}, (unpack or table.unpack)(limits))
        assert.are.same({ "concurrent_limit_exceeded there", "confirmed gone" }, words(seen))
      end)

      it("refuses none who keep to it, over " .. name, function()
        local client_options = { max_concurrency = 3 }
        local seen = take_all(300, client_options, "--max-concurrent", "3", protocol or nil)
        assert.are.same({ "confirmed gone", "target_is_creator there" }, words(seen))
      end)

      it("counts none who went away, over " .. name, function()
        local sandbox =
          sandboxes.start("--max-concurrent", "1", "--latency-ms", "300", protocol or nil)
        local quitter = sandbox:client { max_attempts = 1, io = "inline" } -- steps when told to
        local stayer = sandbox:client(ONCE)
        local call = assert(quitter:start("unshare", sandbox.example))
        assert.is_true(stayer:connect())
        local err
        repeat
          quitter:step(0)
          err = select(2, stayer:unshare(sandbox.example))
        until err
        call:cancel()
        quitter:step(0)
        assert.are.equal("concurrent_limit_exceeded", err.code)
        for _ = 1, 50 do
          err = select(2, stayer:unshare(sandbox.example))
          if not err then
            break
          end
        end
        assert.is_nil(err)
        quitter:close()
        stayer:close()
        sandbox:stop()
      end)
    end

    it("counts no request whose handler failed", function()
      local path, state = os.tmpname(), model.example()
      state.resources[2].roles = nil -- which no model understands
      write_file(path, json.encode(state))
      local sandbox = sandboxes.start("--max-concurrent", "1", "--state", path)
      local client = sandbox:client(ONCE)
      for _ = 1, 3 do
        local _, err = client:get { resource_id = "voice_trailer", resource_type = "voice" }
        assert.are.equal(500, err.status)
      end
      assert.are.equal("confirmed", client:unshare(sandbox.example).outcome)
      client:close()
      sandbox:stop()
      os.remove(path)
    end)

    it("tells both numbers with each answer", function()
      local sandbox = sandboxes.start("--max-concurrent", "7", "--rate-limit", "1")
      for _, wanted in ipairs { 404, 429, 413 } do
        local _, headers = request_until(wanted, sandbox, wanted == 413 and "@" or "")
        local current, most = "current-concurrent-requests", "maximum-concurrent-requests"
        assert.are.equal("7", headers[most])
        assert.are.equal(wanted == 429 and "0" or "1", headers[current])
      end
      sandbox:stop()
    end)
  end)

  it("waits before each answer as it is told", function()
    local sandbox = sandboxes.start("--latency-ms", "60")
    local client = sandbox:client(ONCE)
    assert.is_true(client:unshare(sandbox.example).elapsed_ms >= 60)
    client:close()
    sandbox:stop()
  end)

  it("waits at random beside that", function()
    local sandbox = sandboxes.start("--jitter-ms", "100")
    local client, all_ms = sandbox:client(ONCE), 0
    for _ = 1, 10 do
      all_ms = all_ms + client:unshare(sandbox.example).elapsed_ms
    end
    assert.is_true(all_ms >= 100, all_ms) -- 500 is to be expected, and ten without it
    client:close()
    sandbox:stop()
  end)

  for _, protocol in ipairs { "--no-http2", false } do
    it("ends at once while answers wait, over " .. (protocol and "HTTP/1.1" or "HTTP/2"), function()
      local sandbox = sandboxes.start("--latency-ms", "600000", protocol or nil)
      local client = sandbox:client(ONCE)
      local call = assert(client:start("unshare", sandbox.example))
      for _ = 1, 20 do
        client:step(20) -- until it is sent, which nothing shows
      end
      assert.are.same({ 0, "", "" }, { sandbox:stop() })
      while not call:done() do
        client:step(20000)
      end
      assert.are.equal("unconfirmed", select(2, call:result()).outcome)
      client:close()
    end)
  end

  it("says when its port is taken", function()
    local sandbox = sandboxes.start()
    local port = sandbox.base_url:match "%d+$"
    local code, _, err = process.run { "elevenlabs-workspace", "sandbox", "--port", port }
    sandbox:stop()
    assert.are.equal(1, code)
    assert.matches("cannot listen on 127.0.0.1:" .. port, err, 1, true)
  end)
end)
