local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"
local workspace = require "elevenlabs.workspace"

--- Run a chunk in a fresh interpreter.
local function run(chunk, env)
  return process.run({ os.getenv "SPEC_LUA", "-e", chunk }, { env = env })
end

describe("workspace", function()
  it("tells its version and the resource types", function()
    assert.matches("^%d+%.%d+%.%d+$", workspace.VERSION)
    assert.are.equal(45, #workspace.RESOURCE_TYPES)
  end)

  it("sets no global", function()
    local code, _, err = run [[
      local before = {}
      for name in pairs(_G) do before[name] = true end
      require "elevenlabs.workspace"
      for name in pairs(_G) do assert(before[name] or name == "cjson", name) end
    ]]
    assert.are.equal(0, code, err)
  end)

  it("says what is missing when the environment has no key", function()
    local code, out = run(
      [[
        local w = require "elevenlabs.workspace"
        local args = { resource_id = "x", resource_type = "voice" }
        for _, op in ipairs { "unshare", "share", "get" } do
          local _, err = w[op](args)
          print(op, err.field, err.outcome, err.message)
        end
      ]],
      { ELEVENLABS_API_KEY = false }
    )
    assert.are.equal(0, code)
    local rest = "\tapi_key\tnot_sent\tapi_key is missing: pass it or set ELEVENLABS_API_KEY\n"
    assert.are.equal("unshare" .. rest .. "share" .. rest .. "get" .. rest, out)
  end)

  it("makes its default client from the environment, the key alone", function()
    local sandbox = sandboxes.start()
    local code, out = run(
      -- The default client speaks to the real service, which is out of reach here:
      -- a closed proxy keeps it from leaving this machine.
      [[
        local w = require "elevenlabs.workspace"
        local args = { resource_id = "x", resource_type = "voice" }
        print((w.get(args, { dry_run = true })))
        local _, err = w.get(args, { max_attempts = 1 })
        print(err.outcome, err.kind, err.attempts)
        local c = assert(w.new { base_url = os.getenv "SANDBOX", ca_file = os.getenv "CA" })
        print(c:get { resource_id = "voice_narrator", resource_type = "voice" } ~= nil)
      ]],
      {
        ELEVENLABS_API_KEY = sandbox.api_key,
        ELEVENLABS_BASE_URL = sandbox.base_url,
        https_proxy = "http://127.0.0.1:1",
        no_proxy = "127.0.0.1",
        SANDBOX = sandbox.base_url,
        CA = sandbox.ca_file,
      }
    )
    sandbox:stop()
    assert.are.equal(0, code)
    assert.are.equal("true\nnot_sent\tnetwork\t1\ntrue\n", out)
  end)
end)
