-- The examples run, and say what they should.

local process = require "spec.support.process"

local function run(example)
  local code, out, err = process.run {
    "elevenlabs-workspace",
    "sandbox",
    "--port",
    "0",
    "--",
    os.getenv "SPEC_LUA",
    "examples/" .. example,
  }
  assert.are.same({ 0, "" }, { code, err })
  return out
end

describe("examples", function()
  it("offboard.lua removes what it may and counts the rest", function()
    local out = run "offboard.lua"
    assert.matches("\ntotal 11 confirmed 8 refused 3 unconfirmed 0 not_sent 0\n$", out)
    assert.matches("agent_support    user_ada admin, user_mia admin", out, 1, true)
    assert.matches("agent_support    user_ada admin, service_deploy editor\n", out, 1, true)
  end)

  it("metrics.lua counts for Prometheus", function()
    local out = run "metrics.lua"
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
end)
