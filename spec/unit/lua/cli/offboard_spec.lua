-- A case from the plan to the report, as an administrator types it.

local cjson = require "cjson"
local declaration = require "elevenlabs.workspace.cli.offboard"
local support = require "spec.support.command"

local offboard = support.offboard

describe("cli.offboard", function()
  setup(support.begin)
  teardown(support.finish)

  it("has its commands in the order in which they are used", function()
    local names = {}
    for i, command in ipairs(declaration.commands) do
      names[i] = command.name
      assert.are.equal("folder", command.arguments[1].name)
      assert.is_function(command.run)
    end
    assert.are.equal(
      "offboard plan, offboard show, offboard apply, offboard verify, offboard undo,"
        .. " offboard report",
      table.concat(names, ", ")
    )
  end)

  it("takes a leaver from the plan to the report, and back", function()
    local mia = support.path_of "mia"
    local code, out, err = offboard("plan", { mia }, support.LEAVER, { "--note", "Ticket 4711" })
    assert.are.equal(0, code, out .. err)
    assert.matches(
      "^mia@example.com has a role of their own on 83 of the 97 resources that this key can",
      out
    )
    assert.matches("Access that the plan does not end: creator of 4 resources", out, 1, true)
    assert.matches("\n%d+ kinds have no list, and only [^\n]*: `offboard show` names them\n", out)
    assert.matches("Note: Ticket 4711", out, 1, true)
    assert.matches("\nThe plan has %d+ removals, and %d+ resources stay as they are:\n  %l", out)
    assert.matches("\n  %.%.%. and 67 more: `offboard show` prints all\n", out)
    assert.matches("\nNext: elevenlabs%-workspace offboard apply " .. mia, out)

    code, out = offboard("show", { mia })
    assert.are.equal(0, code)
    assert.matches('\n  voice voice_0001 "Number 1": editor\n', out)
    assert.matches(": %l+ %(stays: a creator's role%)\n", out)
    assert.matches("kinds have no list, and only [^\n]*: avatar_video_generations, ", out)
    assert.matches("\ntotal 83 confirmed 0 refused 0 unconfirmed 0 not_sent 83\n$", out)

    code, out = offboard("verify", { mia, "--planned-only" })
    assert.are.equal(4, code) -- the roles are still there
    assert.matches("^Access remains: a role of their own on 83 resources", out)

    code, out, err = offboard("apply", { mia, "--yes" })
    assert.are.equal(0, code, out .. err)
    assert.matches("\nAccess remains: creator of 4 resources; [^\n]*%. No other role of their", out)
    assert.matches("\nReport: " .. mia .. "/report.html\ntotal 83 confirmed 83 refused 0 ", out)
    assert.matches("\nRemoving the roles on 83 resources\n", err)
    assert.is_nil(support.role_of_mia("voice_0001", "voice"))

    code = offboard("verify", { mia })
    assert.are.equal(0, code)
    code = offboard("verify", { mia, "--strict" })
    assert.are.equal(4, code) -- what mia created is access that no removal ends

    code, out, err = offboard("undo", { mia, "--yes" })
    assert.are.equal(1, code, out .. err) -- custom roles cannot be given back
    assert.matches("^Access remains: roles that undo gave back on 78 resources", out)
    assert.are.equal("editor", support.role_of_mia("voice_0001", "voice"))

    code, out = offboard("report", { mia })
    assert.are.equal(0, code)
    assert.are.equal(
      ("%s/report.html\n%s/report.csv\n%s/report.json\n"):format(mia, mia, mia),
      out
    )
    local log = support.read_file(mia .. "/case.jsonl")
    local began = cjson.decode(log:match '\n([^\n]*"began":"apply"[^\n]*)')
    assert.matches("^elevenlabs%-workspace offboard apply .* %-%-yes$", began.arguments)
    assert.is_string(began.operator)
    assert.is_string(began.host)
    assert.is_nil(log:find(support.sandbox.api_key, 1, true))
  end)
end)
