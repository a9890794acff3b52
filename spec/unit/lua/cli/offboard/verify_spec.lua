local process = require "spec.support.process"
local support = require "spec.support.command"

local function verify(...)
  return support.offboard("verify", ...)
end

describe("cli.offboard.verify", function()
  local mia

  setup(function()
    support.begin()
    mia = support.path_of "mia"
    local code = support.offboard("plan", { mia }, support.LEAVER)
    assert.are.equal(0, code)
  end)
  teardown(support.finish)

  it("changes nothing, and ends with 4 while a role is there", function()
    local code, out = verify { mia }
    assert.are.equal(4, code)
    assert.matches("^Access remains: a role of their own on 83 resources; ", out)
    assert.matches("\n  ... and 63 more: " .. mia .. "/report.html\n", out, 1, true)
    assert.matches("\ntotal 83 confirmed 0 refused 0 unconfirmed 0 not_sent 83\n$", out)
    assert.are.equal("editor", support.role_of_mia("voice_0001", "voice"))
  end)

  it("says that it read the planned resources alone", function()
    support.offboard("plan", { support.path_of "eve", "--user-email=eve@example.com" })
    local code, out = verify { support.path_of "eve", "--planned-only" }
    assert.are.equal(0, code)
    assert.matches("on the 0 resources of the case, which alone were read.", out, 1, true)
  end)

  it("does several cases in one reading, and nothing if one is none", function()
    local code, out, err = verify { mia, support.path_of "none" }
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("there is no case in ", err, 1, true)
    local tom = support.path_of "tom"
    support.offboard("plan", { tom, "--user-email=tom@example.com" })
    local before = support.sandbox:requests()
    code, out = verify { mia, tom }
    assert.are.equal(4, code)
    assert.are.equal(2, select(2, out:gsub("\ntotal ", "")))
    assert.is_true(support.sandbox:requests() - before < 200)
  end)

  it("ends with 2 with the key of another owner, and at another server", function()
    local command = { "elevenlabs-workspace", "offboard", "verify", mia }
    local code, _, err = process.run(process.join(command, support.to_sandbox {}), {
      env = { ELEVENLABS_API_KEY = "sk_sandbox_tom" },
    })
    assert.are.equal(2, code)
    assert.matches("use a key of the first, in the same workspace", err, 1, true)
    code, _, err = process.run(process.join(command, { "--region=us" }), support.env())
    assert.are.equal(2, code)
    assert.matches("this client sends to https://api.us.elevenlabs.io", err, 1, true)
  end)

  it("ends with 5 if the report cannot be written", function()
    local eve = support.path_of "full"
    support.offboard("plan", { eve, "--user-email=eve@example.com" })
    process.run { "mkdir", "-p", eve .. "/report.json/full" }
    local code, _, err = verify { eve, "--planned-only" }
    assert.are.equal(5, code)
    assert.matches("report.json cannot be put in its place", err, 1, true)
  end)
end)
