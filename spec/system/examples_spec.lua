-- The examples run, and say what they should.

local process = require "spec.support.process"
local uv = require "luv"

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

  describe("offboard.lua", function()
    local leavers, mia

    --- Write the file of leavers.
    local function name(...)
      leavers, mia = folder .. "/leavers.csv", folder .. "/cases/mia@example.com"
      assert(uv.fs_mkdir(folder, 448))
      local file = assert(io.open(leavers, "w"))
      assert(file:write("user_email\n", table.concat({ ... }, "\n"), "\n"))
      assert(file:close())
    end

    it("removes what it may, and its status says that a role is left", function()
      name("mia@example.com", "tom@example.com")
      local code, out, err = run(LUA, "offboard.lua", { leavers, folder .. "/cases" })
      assert.are.same({ 1, "" }, { code, err })
      assert.matches("/mia@example.com: 9 roles are to be removed\n", out)
      local why = "the role is still there; refused: You need admin access"
      assert.matches("\n  still there: voice voice_draft: " .. why, out)
      assert.matches("\ntotal 9 confirmed 8 refused 1 unconfirmed 0 not_sent 0\n", out)
      assert.matches("\ntotal %d+ confirmed %d+ .*\ntotal", out) -- of both
      assert(io.open(mia .. "/report.html")):close()
    end)

    it("has the status 0 if all is gone, and then only reads", function()
      name "mia@example.com"
      local twice = 'for i in 1 2; do "$0" examples/offboard.lua "$@" || exit; done'
      local code, out, err = process.run {
        "elevenlabs-workspace", "sandbox", "--port", "0", "--resources", "40", "--",
        "sh", "-c", twice, LUA, leavers, folder .. "/cases",
      }
      assert.are.equal(0, code, err)
      local _, removals = out:gsub("are to be removed", "")
      local clean = select(2, out:gsub("\ntotal (%d+) confirmed %1 refused 0 unconfirmed 0 ", ""))
      assert.are.same({ 1, 2 }, { removals, clean })
    end)

    it("has the status 2 for what a person must mend, and 3 for what passes by itself", function()
      name("mia@example.com", "nobody@example.com")
      local code, _, err = run(LUA, "offboard.lua")
      assert.are.same({ 2, "name the leavers: offboard.lua FILE [FOLDER]\n" }, { code, err })
      code, _, err = run(LUA, "offboard.lua", { leavers, folder .. "/cases" })
      assert.are.equal(2, code)
      assert.matches("no member has the address nobody@example.com", err)
      assert(uv.fs_unlink(leavers))
      code, _, err = run(LUA, "offboard.lua", { leavers, folder .. "/cases" })
      assert.are.equal(2, code)
      assert.matches("leavers.csv: No such file or directory", err)
      assert(uv.fs_rmdir(folder))
      name "mia@example.com"
      local is_down = { "--fail-rate", "1" }
      code, _, err = run(LUA, "offboard.lua", { leavers, folder .. "/cases" }, is_down)
      assert.are.equal(3, code)
      assert.matches("could not be read", err)
    end)

    it("goes on with a case that was cut short, on its server alone", function()
      name "mia@example.com"
      assert(uv.fs_mkdir(folder .. "/cases", 448))
      local sandbox = { "elevenlabs-workspace", "sandbox", "--port", "0", "--" }
      local plan = { "offboard", "plan", mia, "--user-email=mia@example.com" }
      table.insert(sandbox, sandbox[1])
      for _, word in ipairs(plan) do
        table.insert(sandbox, word)
      end
      assert.are.equal(0, (process.run(sandbox)))
      local code, _, err = run(LUA, "offboard.lua", { leavers, folder .. "/cases" })
      assert.are.equal(2, code)
      assert.matches("the plan was made at https://127.0.0.1:%d+, and this client sends to", err)
      assert.matches(": take another folder, or plan again\n", err)
    end)
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
    local statuses = { offboard = 2, ["cqueues/revoke"] = 1, ["luv/revoke"] = 1, ["c/plugin"] = 1 }
    for name, status in pairs(statuses) do
      local script = ("examples/%s.lua"):format(name)
      local command = { "env", "-u", "ELEVENLABS_API_KEY", LUA, script, "a@b.example" }
      local code, _, err = process.run(command)
      assert.are.equal(status, code)
      assert.matches("api_key is missing: pass it or set ELEVENLABS_API_KEY", err, 1, true)
    end
  end)
end)
