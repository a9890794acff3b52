-- The examples run, and say what they should.

local process = require "spec.support.process"

--- Run one, with its arguments, around a sandbox with these options.
local function run(interpreter, example, arguments, options)
  local command = { "elevenlabs-workspace", "sandbox", "--port", "0" }
  for _, option in ipairs(options or {}) do
    command[#command + 1] = option
  end
  for _, word in ipairs { "--", interpreter, "examples/" .. example } do
    command[#command + 1] = word
  end
  for _, argument in ipairs(arguments or {}) do
    command[#command + 1] = argument
  end
  return process.run(command)
end

--- The same, with its success.
local function succeed(...)
  local code, out, err = run(...)
  assert.are.equal(0, code, err)
  return out, err
end

local LUA = os.getenv "SPEC_LUA"

describe("examples", function()
  local folder

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
  end)

  after_each(function()
    process.run { "rm", "-rf", folder }
  end)

  it("offboard.lua removes what it may, and its status says that a role is left", function()
    local code, out, err = run(LUA, "offboard.lua", { "mia@example.com", folder })
    assert.are.same({ 1, "" }, { code, err })
    assert.matches("\n  voice +voice_trailer +viewer: not removed yet\n", out)
    local why = "the role is still there; refused: You need admin access"
    assert.matches("\nStill there:\n  voice +voice_draft +viewer: " .. why, out)
    assert.matches("\ntotal 9 confirmed 8 refused 1 unconfirmed 0 not_sent 0\n$", out)
    assert(io.open(folder .. "/report.html")):close()
  end)

  it("offboard.lua has the status 0 if all is gone, and plans anew after that", function()
    for _ = 1, 2 do -- in the second sandbox the leaver has roles again
      local options = { "--resources", "40" }
      local out = succeed(LUA, "offboard.lua", { "mia@example.com", folder }, options)
      assert.matches("\ntotal (%d+) confirmed %1 refused 0 unconfirmed 0 not_sent 0\n$", out)
    end
    assert(io.open(folder .. "/plan-4.jsonl")):close() -- plan, apply and verify came before
  end)

  it("offboard.lua goes on with a case that was cut short, on its server alone", function()
    local sandbox = { "elevenlabs-workspace", "sandbox", "--port", "0", "--" }
    local plan = { "offboard", "plan", folder, "--user-email=mia@example.com" }
    table.insert(sandbox, sandbox[1])
    for _, word in ipairs(plan) do
      table.insert(sandbox, word)
    end
    assert.are.equal(0, (process.run(sandbox)))
    local code, _, err = run(LUA, "offboard.lua", { "mia@example.com", folder })
    assert.are.equal(1, code)
    assert.matches("the plan was made at https://127.0.0.1:%d+, and this client sends to", err)
    assert.matches(": take another folder, or plan again\n", err)
  end)

  it("offboard.sh survives a kill, and verifies that all roles are gone", function()
    local faults = { "--resources", "1000", "--fail-rate", "0.01" }
    local out, err = succeed("sh", "offboard.sh", { folder }, faults)
    local removed = tonumber(out:match "Killed after (%d+) removals")
    local total = out:match(
      "\nAccess remains: creator of 40 resources[^\n]*No other role of their own is left on "
        .. "[^\n]*\ntotal (%d+) confirmed %1 refused 0 unconfirmed 0 not_sent 0\n$"
    )
    assert.is_true(removed > 300 and removed < tonumber(total), out)
    assert.matches("\nNot touched, because the role is gone already: %d+\n", err)
    local report = out:match "\nThe report, [^\n]*: (/[^\n]*)\n"
    assert(io.open(report)):close()
  end)

  it("case 34: show the cause where there is no key", function()
    for _, name in ipairs { "offboard", "cqueues/revoke", "luv/revoke", "c/plugin" } do
      local script = ("examples/%s.lua"):format(name)
      local command = { "env", "-u", "ELEVENLABS_API_KEY", LUA, script, "a@b.example" }
      local code, _, err = process.run(command)
      assert.are.equal(1, code)
      assert.matches("api_key is missing: pass it or set ELEVENLABS_API_KEY", err, 1, true)
    end
  end)
end)
