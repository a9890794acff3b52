-- The sandbox as a process: nginx over TLS, started and stopped by the command.

local cjson = require "cjson"
local process = require "spec.support.process"
local sandboxes = require "spec.support.sandbox"
local uv = require "luv"

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

local function exists(path)
  return uv.fs_stat(path) ~= nil
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
      local client = sandbox:client()
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
    local client, err = sandbox:client(), nil
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
    local client = sandbox:client()
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
      local file = assert(io.open(path, "w"))
      file:write(content)
      file:close()
      local code, _, err = process.run {
        "elevenlabs-workspace", "sandbox", "--port", "0", "--state", path,
      }
      assert.are.equal(1, code)
      assert.matches(path, err, 1, true)
      assert.matches(why, err, 1, true)
      os.remove(path)
    end)
  end

  it("waits before each answer as it is told", function()
    local sandbox = sandboxes.start("--latency-ms", "60")
    local client = sandbox:client()
    assert.is_true(client:unshare(sandbox.example).elapsed_ms >= 60)
    client:close()
    sandbox:stop()
  end)

  it("says when its port is taken", function()
    local sandbox = sandboxes.start()
    local port = sandbox.base_url:match "%d+$"
    local code, _, err = process.run { "elevenlabs-workspace", "sandbox", "--port", port }
    sandbox:stop()
    assert.are.equal(1, code)
    assert.matches("cannot listen on 127.0.0.1:" .. port, err, 1, true)
  end)
end)
