-- The examples run, and say what they should.

local process = require "spec.support.process"

--- Run one around a sandbox of these further options.
local function run(interpreter, example, ...)
  local command = { "elevenlabs-workspace", "sandbox", "--port", "0" }
  for _, option in ipairs { ... } do
    command[#command + 1] = option
  end
  for _, word in ipairs { "--", interpreter, "examples/" .. example } do
    command[#command + 1] = word
  end
  local code, out, err = process.run(command)
  assert.are.equal(0, code, err)
  return out, err
end

local LUA = os.getenv "SPEC_LUA"

describe("examples", function()
  it("offboard.lua removes what it may and counts the rest", function()
    local out, err = run(LUA, "offboard.lua")
    assert.are.equal("", err)
    assert.matches("\ntotal 11 confirmed 8 refused 3 unconfirmed 0 not_sent 0\n$", out)
    assert.matches("agent_support    user_ada admin, user_mia admin", out, 1, true)
    assert.matches("agent_support    user_ada admin, service_deploy editor\n", out, 1, true)
  end)

  it("offboard.sh survives a kill, and removes all but what the leaver created", function()
    local faults = { "--resources", "1000", "--fail-rate", "0.03", "--rate-limit", "400" }
    local out, err = run("sh", "offboard.sh", (unpack or table.unpack)(faults))
    local written = tonumber(out:match "Killed with (%d+) lines in its journal")
    local known = tonumber(out:match "\n +(%d+)  were already confirmed by an earlier run")
    assert.matches("^947/947 100%%  refused 40  %d+/s [^\n]*\n", err)
    assert.matches("\n997 resources listed, 997 read\n", out)
    assert.is_true(written > 500 and written < 890 and known > 400, out)
    assert.matches("\n +40  refused %(invalid_request, HTTP 400, target_is_creator%)", out)
    assert.matches("\ntotal 897 confirmed 857 refused 40 unconfirmed 0 not_sent 0\n$", out)
  end)

  it("case 34: show the cause where there is no key", function()
    for _, name in ipairs { "offboard.lua", "cqueues.lua", "metrics.lua", "plugin.lua" } do
      local code, _, err =
        process.run { "env", "-u", "ELEVENLABS_API_KEY", LUA, "examples/" .. name }
      assert.are.equal(1, code)
      assert.matches("api_key is missing: pass it or set ELEVENLABS_API_KEY", err, 1, true)
    end
  end)

  it("metrics.lua counts for Prometheus", function()
    local out, err = run(LUA, "metrics.lua")
    assert.are.equal("", err)
    for _, line in ipairs {
      'elevenlabs_workspace_attempts_total{op="unshare"} 4',
      'elevenlabs_workspace_calls_total{op="get",outcome="confirmed",kind=""} 1',
      'elevenlabs_workspace_calls_total{op="unshare",outcome="confirmed",kind=""} 2',
      'elevenlabs_workspace_calls_total{op="unshare",outcome="refused",kind="not_found"} 1',
      'elevenlabs_workspace_calls_total{op="unshare",outcome="refused",kind="permission"} 1',
      'elevenlabs_workspace_response_seconds_count{op="unshare"} 4',
    } do
      assert.matches(line .. "\n", out, 1, true)
    end
  end)

  it("cqueues.lua waits for several calls, and works on meanwhile", function()
    local out, err = run(LUA, "cqueues.lua", "--latency-ms", "20")
    assert.are.equal("", err)
    assert.matches("voice_narrator   confirmed", out)
    assert.matches("voice_trailer    confirmed", out)
    assert.matches("voice_draft      refused", out)
    assert.is_true(tonumber(out:match "\n3 done; the controller had (%d+) other turns") > 1)
  end)
end)
