local connections = require "elevenlabs.workspace.cli.connections"
local models = require "spec.support.offboard"
local output = require "elevenlabs.workspace.cli.output"
local rounds = require "elevenlabs.workspace.cli.offboard.round"
local support = require "spec.support.command"

describe("cli.offboard.round", function()
  before_each(support.begin)
  after_each(support.finish)

  it("says before it removes what it does not touch, and why", function()
    local mia = support.path_of "mia"
    local voices = { "--resource-type=voice", "--replace-by=tom@example.com" }
    assert.are.equal(0, (support.offboard("plan", { mia }, support.LEAVER, voices)))
    local client = support.sandbox:client()
    local function args(id, role)
      return {
        resource_id = id,
        resource_type = "voice",
        user_email = "mia@example.com",
        role = role,
      }
    end
    assert(client:share(args("voice_0001", "admin")))
    assert(client:unshare(args "voice_0022"))
    client:close()
    local code, out, err = support.offboard("apply", { mia, "--yes" })
    assert.are.equal(4, code) -- a role that is not as planned is left
    local steps = {
      "Reading 5 resources again\n",
      "Granting the successor what they lack on 3 resources\n",
      "Not touched, because the roles changed since the plan: 1\n",
      "Not touched, because the role is gone already: 1\n",
      "Removing the roles on 3 resources\n",
      "Reading 3 resources to see the result\n",
      "Reading everything again\n",
    }
    local at = 0
    for _, step in ipairs(steps) do
      local found = err:find(step, at + 1, true)
      assert.is_truthy(found, step .. " is not in its place in:\n" .. err)
      at = found
    end
    local left = 'voice_0001 "Number 1": admin (another role than was planned; not_sent: '
    assert.matches(left, out, 1, true)
    assert.matches("\ntotal 5 confirmed 3 refused 0 unconfirmed 0 not_sent 2\n$", out)
    assert.are.same({ "admin", "commenter" }, {
      support.role_of_mia("voice_0001", "voice"),
      support.sandbox:roles("voice_0085", "voice").user_tom,
    })
  end)
end)

describe("cli.offboard.round over a model", function()
  local open, write, complain, stderr = connections.open, output.write, output.complain, io.stderr
  local world, driver, printed

  before_each(function()
    models.begin()
    world = models.world(function(state)
      state.resources[1].roles.user_mia = "role_night_shift"
    end)
    world:plan({ replace_by = "tom@example.com", resource_types = { "voice" } }):close()
    driver, printed = {}, ""
    function driver.is_interrupted()
      return driver.status ~= nil
    end
    connections.open = function()
      return world.client, driver
    end
    local function print_text(_, ...)
      printed = printed .. table.concat { ... }
    end
    output.write, output.complain = function(text)
      printed = printed .. text
    end, function(text)
      printed = printed .. text .. "\n"
    end
    io.stderr = { write = print_text } -- luacheck: ignore
  end)

  after_each(function()
    connections.open, output.write, output.complain = open, write, complain
    io.stderr = stderr -- luacheck: ignore
    models.finish()
  end)

  local function apply(values)
    values.folder, values.yes = { models.path "mia" }, true
    return rounds.run("apply", values, {})
  end

  it("withholds a removal whose role the successor cannot get, and ends with 1", function()
    assert.are.equal(1, apply {})
    local text = "\nNot touched, because the successor did not get the role"
    assert.matches(text .. " %(%-%-remove%-anyway removes it%): 1\n", printed)
    assert.are.equal("role_night_shift", world:role "voice_narrator")
    world:connect()
    assert.are.equal(1, apply { remove_anyway = true }) -- voice_draft: ada is no admin of it
    assert.is_nil(world:role "voice_narrator")
  end)

  it("sends nothing after a signal, with --yes too", function()
    driver.status = 130
    assert.are.equal(130, apply {})
    assert.are.same({}, world:changes())
  end)

  it("removes no more than --max-removals", function()
    assert.are.equal(2, apply { max_removals = 2 })
    assert.matches("3 resources are to be changed, and at most 2 are allowed", printed, 1, true)
    assert.are.same({}, world:changes())
  end)
end)
