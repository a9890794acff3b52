local support = require "spec.support.command"

local function undo(...)
  return support.offboard("undo", ...)
end

local function role()
  return support.role_of_mia("voice_0001", "voice")
end

describe("cli.offboard.undo", function()
  local mia

  before_each(function()
    support.begin()
    mia = support.path_of "mia"
    local voices = { "--resource-type=voice" }
    assert.are.equal(0, (support.offboard("plan", { mia }, support.LEAVER, voices)))
    assert.are.equal(0, (support.offboard("apply", { mia, "--yes" })))
    assert.is_nil(role())
  end)
  after_each(support.finish)

  it("asks like apply, and gives the roles back", function()
    local code, out, err = undo { mia }
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("nobody can be asked here", err, 1, true)
    local shown
    code, shown = support.offboard_on_terminal("to agree: ", "no", "undo", { mia })
    assert.are.equal(3, code)
    local question = "Give mia@example.com back roles on 5 resources, at the sandbox"
    assert.matches(question, shown, 1, true)
    assert.matches("nothing was sent", shown, 1, true)
    assert.is_nil(role())
    code, shown = support.offboard_on_terminal("to agree: ", "mia@example.com", "undo", { mia })
    assert.are.equal(0, code, shown)
    assert.matches("Access remains: roles that undo gave back on 5 resources", shown, 1, true)
    assert.are.equal("editor", role())
  end)

  it("gives no more back than --max-removals, and ends with 1 if it cannot give all", function()
    local code, _, err = undo { mia, "--yes", "--max-removals=4" }
    assert.are.equal(2, code)
    assert.matches("5 resources are to be changed, and at most 4 are allowed", err, 1, true)
    local client = support.sandbox:client()
    assert(client:share {
      resource_id = "voice_0001",
      resource_type = "voice",
      user_email = "mia@example.com",
      role = "viewer",
    })
    client:close()
    local out
    code, out = undo { mia, "--yes", "--resource-id=voice_0085" }
    assert.are.equal(0, code, out)
    assert.are.equal("commenter", support.role_of_mia("voice_0085", "voice"))
    assert.is_nil(support.role_of_mia("voice_0064", "voice"))
    code, out = undo { mia, "--yes" }
    assert.are.equal(1, code)
    assert.matches('voice_0001 "Number 1": not given back: the subject has a role again: viewer',
      out, 1, true)
    assert.are.equal("viewer", role())
  end)
end)
