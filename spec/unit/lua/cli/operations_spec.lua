-- unshare, share and get as an administrator types them.

local cjson = require "cjson"
local process = require "spec.support.process"
local raw = require "spec.support.servers.raw"
local sandboxes = require "spec.support.servers.sandbox"
local tls = require "spec.support.servers.tls"

local join = process.join

local VOICE = { "--resource-id", "voice_narrator", "--resource-type", "voice" }

describe("cli.operations", function()
  local sandbox, server

  setup(function()
    sandbox = sandboxes.start()
    server = { "--base-url", sandbox.base_url, "--ca-file", sandbox.ca_file }
  end)

  teardown(function()
    sandbox:stop()
  end)

  local function start(op, ...)
    return process.start(
      join({ "elevenlabs-workspace", op }, server, ...),
      { env = { ELEVENLABS_API_KEY = sandbox.api_key } }
    )
  end

  local function run(op, ...)
    return start(op, ...):wait()
  end

  it("show who has which role", function()
    local code, out, err = run("get", { "--resource-id", "voices_2026" }, {
      "--resource-type",
      "voice_collection",
    })
    assert.are.same({ 0, "" }, { code, err })
    assert.are.equal(
      [[
voice_collection voices_2026, created by user_ada
  admin        user_ada
  commenter    user_mia
]],
      out
    )
  end)

  it("give and take a role, and say so", function()
    local eve = { "--user-email", "eve@example.com" }
    local code, out = run("share", VOICE, eve, { "--role", "editor" })
    assert.are.equal(0, code)
    assert.matches("^confirmed: eve@example.com is editor on voice voice_narrator", out)
    assert.matches("%(request%-id sandbox%-%d+%)\n$", out)
    assert.are.equal("editor", sandbox:roles("voice_narrator", "voice").user_eve)
    code, out = run("unshare", VOICE, eve)
    assert.are.equal(0, code)
    assert.matches("^confirmed: eve@example.com has no role of its own", out)
    assert.is_nil(sandbox:roles("voice_narrator", "voice").user_eve)
  end)

  it("show what an odd server says, without a traceback or its escapes", function()
    local form = '{"resource_id":"%s","resource_type":"voice","resource_name":"\\u001b[2J",'
      .. '"role_to_group_ids":%s}'
    for body, expected in pairs {
      [form:format("x\\u001b", "{}")] = "its body is not of this resource",
      [form:format("voice_narrator", "null")] = "its body does not say who has which role",
      [form:format("voice_narrator", '{"r\\u001b":["\\u001b[2J"]}')] = false,
    } do
      local steps = {}
      for i = 1, 8, 2 do
        steps[i], steps[i + 1] = raw.read, raw.answer(200, body)
      end
      local odd = raw.start { steps, steps, steps, steps }
      local code, out, err = process.run(
        join({ "elevenlabs-workspace", "get", "--base-url", odd.base_url }, {
          "--ca-file",
          odd.ca_file,
        }, VOICE),
        { env = { ELEVENLABS_API_KEY = raw.KEY } }
      )
      odd:stop()
      assert.are.equal(expected and 1 or 0, code)
      assert.matches(expected or "^$", err)
      assert.is_nil((out .. err):find "\27")
      assert.is_nil((out .. err):find "traceback")
    end
  end)

  it("take a firewall's page for no answer of the service's", function()
    local page = "<html><title>Access denied</title></html>"
    local steps = { raw.read, raw.answer(403, page), raw.read, raw.answer(403, page), raw.hold }
    local firewall = raw.start { steps, steps }
    local command = join({ "elevenlabs-workspace", "unshare", "--base-url", firewall.base_url }, {
      "--ca-file", firewall.ca_file, "--group-id", "default",
    }, VOICE)
    local env = { env = { ELEVENLABS_API_KEY = raw.KEY } }
    local code, _, err = process.run(command, env)
    assert.are.equal(1, code)
    assert.matches('a web page, not the service\'s: "Access denied"', err, 1, true)
    assert.matches("A proxy or a firewall may have answered", err, 1, true)
    assert.is_nil(err:find("admin access", 1, true))
    local _, out = process.run(join(command, { "--json" }), env)
    assert.is_false(cjson.decode(out).from_service)
    firewall:stop()
  end)

  it("print JSON", function()
    local code, out = run("unshare", VOICE, { "--group-id", "default", "--json" })
    local receipt = cjson.decode(out)
    assert.are.same({ 0, "confirmed", 200 }, { code, receipt.outcome, receipt.status })
    code, out = run("get", VOICE, { "--json" })
    assert.are.equal(0, code)
    assert.matches('"commenter":[]', out, 1, true)
    code, out = run("unshare", VOICE, { "--group-id", "none", "--json" })
    local err = cjson.decode(out)
    assert.are.same({ 1, "refused", "group_not_found" }, { code, err.outcome, err.code })
  end)

  -- status, what the message holds, operation, arguments
  local mia = { "--user-email", "mia@example.com" }
  local failures = {
    { 1, "Refused: the server said no", "unshare",
      join({ "--resource-id", "dub_teaser", "--resource-type", "dubbing" }, mia) },
    { 1, "Use the key of someone with admin access", "unshare",
      join({ "--resource-id", "voice_draft", "--resource-type", "voice" }, mia) },
    { 1, "does not prove that a role was removed before", "get",
      { "--resource-id", "none", "--resource-type", "voice" } },
    { 2, "did you mean voice?", "get", { "--resource-id", "x", "--resource-type", "voise" } },
    { 2, "pass exactly one of", "unshare", VOICE },
    { 2, "unknown option --user-email", "get", join(VOICE, mia) },
    { 2, "unknown option --api-key", "get", join(VOICE, { "--api-key", "sk_x" }) },
    { 2, "cannot read the API key: /nonexistent", "get",
      join(VOICE, { "--api-key-file", "/nonexistent" }) },
    { 2, "--region or --base-url, not both", "get", join(VOICE, { "--region", "eu" }) },
    { 2, "--base-url is given twice", "get", join(VOICE, { "--base-url", "https://127.0.0.1:1" }) },
    { 2, "--region takes global, us, eu, in, sg: did you mean eu?", "get",
      join(VOICE, { "--region", "eur" }) },
  }
  for _, failure in ipairs(failures) do
    it(("say with status %d: %s"):format(failure[1], failure[2]), function()
      local code, out, err = run(failure[3], failure[4])
      assert.are.same({ failure[1], "" }, { code, out })
      assert.matches(failure[2], err, 1, true)
      assert.is_nil(err:find(sandbox.api_key, 1, true))
    end)
  end

  it("take the key from a file's first line", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(sandbox.api_key, "\r\nnot this\n")
    file:close()
    local command = join({ "elevenlabs-workspace", "get", "--api-key-file", path }, server, VOICE)
    local env = { env = { ELEVENLABS_API_KEY = false } }
    for mode, said_of in pairs { ["600"] = "^$", ["640"] = "^$", ["644"] = "everybody may read" } do
      os.execute(("chmod %s %s"):format(mode, path))
      local status, _, said = process.run(command, env)
      assert.are.equal(0, status)
      assert.matches(said_of, said)
    end
    file = assert(io.open(path, "w"))
    file:close()
    local code, _, err = process.run(command, env)
    assert.are.equal(2, code)
    assert.matches("key's file " .. path .. " has an empty first line", err, 1, true)
    os.remove(path)
  end)

  --- The command alone, in this environment.
  local function run_in(env, ...)
    env.ELEVENLABS_API_KEY = env.ELEVENLABS_API_KEY == nil and sandbox.api_key
      or env.ELEVENLABS_API_KEY
    return process.run(join({ "elevenlabs-workspace", "get" }, VOICE, ...), { env = env })
  end

  for name, row in pairs {
    ["a folder as key file"] = {
      "cannot read the API key: /tmp: Is a directory",
      "--api-key-file",
      "/tmp",
    },
    ["no CA file"] = { "cannot read --ca-file: /nonexistent", "--ca-file", "/nonexistent" },
    ["a folder as CA file"] = {
      "cannot read --ca-file: /tmp: Is a directory",
      "--ca-file",
      "/tmp",
    },
  } do
    it("case 26: find " .. name .. " at once", function()
      local code, out, err = run_in({}, { "--base-url", "https://127.0.0.1:1", row[2], row[3] })
      assert.are.same({ 2, "" }, { code, out })
      assert.matches(row[1], err, 1, true)
    end)
  end

  it("say how to give a key if there is none, and say so as JSON too", function()
    local code, out, err = run_in({ ELEVENLABS_API_KEY = false }, { "--json" })
    assert.are.equal(2, code)
    assert.matches("set ELEVENLABS_API_KEY, or name a file by --api-key-file", err, 1, true)
    assert.are.equal("invalid_argument", cjson.decode(out).kind)
  end)

  it("say that the server is not trusted, with status 3", function()
    local stranger = tls.certificate("stranger", "IP:127.0.0.1").cert
    local options = { "--base-url", sandbox.base_url, "--ca-file", stranger }
    local code, out, err = run_in({}, options)
    assert.are.same({ 3, "" }, { code, out })
    assert.matches("Check --ca-file", err, 1, true)
  end)

  it("say that the network failed, with status 3", function()
    local code, out, err = run_in({}, { "--base-url", "https://127.0.0.1:1" })
    assert.are.same({ 3, "" }, { code, out })
    assert.matches("Check the network", err, 1, true)
  end)

  describe("case 20: ELEVENLABS_BASE_URL", function()
    it("leads to the sandbox of this machine", function()
      local code, out = run_in {
        ELEVENLABS_BASE_URL = sandbox.base_url,
        ELEVENLABS_CA_FILE = sandbox.ca_file,
      }
      assert.are.equal(0, code)
      assert.matches("^voice voice_narrator", out)
    end)

    for _, url in ipairs {
      "https://api.example.com",
      "https://127.0.0.1.example.com",
      "https://localhost:1",
      "https://127.0.0.1@example.com",
      "https://[::2]",
      "nonsense",
    } do
      it("leads nowhere else: " .. url, function()
        local code, out, err = run_in { ELEVENLABS_BASE_URL = url }
        assert.are.same({ 2, "" }, { code, out })
        assert.matches("may only name a loopback address", err, 1, true)
        assert.matches("use --base-url", err, 1, true)
      end)
    end

    it("is not looked at with --base-url", function()
      local code = run_in({
        ELEVENLABS_BASE_URL = "https://api.example.com",
        ELEVENLABS_CA_FILE = "/nonexistent",
      }, server)
      assert.are.equal(0, code)
    end)
  end)

  describe("case 7: a result that cannot be written", function()
    for _, where in ipairs { ">/dev/full", ">&-" } do
      it("is an error of its own: " .. where, function()
        for _, op in ipairs { "get --json", "get", "unshare --group-id default" } do
          local command = ('exec elevenlabs-workspace %s "$@" %s'):format(op, where)
          local code, _, err = process.run(
            join({ "sh", "-c", command, "sh" }, server, VOICE),
            { env = { ELEVENLABS_API_KEY = sandbox.api_key } }
          )
          assert.are.equal(5, code, op .. err)
          assert.matches("cannot write the result: ", err, 1, true)
        end
      end)
    end
  end)

  it("case 8: work with closed descriptors", function()
    for redirection, status in pairs {
      ["<&-"] = 0,
      ["2>&-"] = 0,
      ["<&- 2>&-"] = 0,
      [">&-"] = 5,
      ["<&- >&-"] = 5,
      [">&- 2>&-"] = 5,
      ["<&- >&- 2>&-"] = 5,
    } do
      local command = 'exec elevenlabs-workspace get "$@" ' .. redirection
      local code = process.run(
        join({ "sh", "-c", command, "sh" }, server, VOICE),
        { env = { ELEVENLABS_API_KEY = sandbox.api_key } }
      )
      assert.are.equal(status, code, redirection)
    end
  end)

  it("write no secrets of TLS to a file that the environment names", function()
    local path = os.tmpname()
    os.remove(path)
    local env = { ELEVENLABS_API_KEY = sandbox.api_key, SSLKEYLOGFILE = path }
    local command = join({ "elevenlabs-workspace", "get" }, server, VOICE)
    assert.are.equal(0, (process.run(command, { env = env })))
    assert.is_nil(io.open(path))
  end)

  it("case 4: run no module of the folder and no LUA_INIT", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert.are.equal(0, (process.run { "mkdir", folder }))
    local trap = 'io.stderr:write "trapped"'
    for _, name in ipairs { "luv", "cjson", "argparse", "elevenlabs" } do
      local file = assert(io.open(folder .. "/" .. name .. ".lua", "w"))
      file:write(trap)
      file:close()
    end
    local command = 'cd "$0" && exec elevenlabs-workspace get "$@"'
    local code, _, err = process.run(join({ "sh", "-c", command, folder }, server, VOICE), {
      env = {
        ELEVENLABS_API_KEY = sandbox.api_key,
        LUA_INIT = trap,
        LUA_INIT_5_4 = trap,
        LUA_PATH_5_4 = "./?.lua;;",
      },
    })
    process.run { "rm", "-r", folder }
    assert.are.same({ 0, "" }, { code, err })
  end)

  for signal, status in pairs { sigint = 130, sigterm = 143, sighup = 129 } do
    it("say after " .. signal .. " that an unshare is unconfirmed", function()
      local silent = raw.start { { raw.read, raw.tell, raw.hold } }
      local command = { "elevenlabs-workspace", "unshare", "--base-url", silent.base_url }
      local running = process.start(
        join(command, { "--ca-file", silent.ca_file }, VOICE, mia),
        { env = { ELEVENLABS_API_KEY = raw.KEY } }
      )
      silent:received(1)
      local code, _, err = running:stop(signal)
      assert.are.equal(status, code)
      assert.matches("UNCONFIRMED", err)
      assert.matches("Run it again, or look with `get`", err)
      silent:stop()
    end)
  end
end)
