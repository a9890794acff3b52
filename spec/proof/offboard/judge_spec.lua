-- The judge of the worlds: a case that holds, and the same case with one thing put wrong.

local cases = require "spec.proof.offboard.cases"
local commands = require "spec.proof.offboard.commands"
local folders = require "spec.proof.offboard.folders"
local judges = require "spec.proof.offboard.judge"
local machines = require "spec.proof.offboard.machine"
local worlds = require "spec.proof.offboard.world"

local MIA = { kind = "user", id = "user_mia", options = { user_email = "mia@example.com" } }

local product = machines.load()

describe("the judge of the worlds", function()
  local folder, world, case

  local function add(type_, id, roles, creator)
    local resource = {
      id = id,
      type = type_,
      name = id,
      creator = creator or "user_ada",
      order = #world.workspace.resources,
      roles = { user_ada = { "admin" } },
      since = {},
      created = 0,
    }
    for principal, list in pairs(roles) do
      resource.roles[principal] = list
    end
    table.insert(world.workspace.resources, resource)
    world.workspace.by_key[type_ .. " " .. id] = resource
    return resource
  end

  local function give(name, arguments)
    local options = { weather = {}, dies_at = false }
    if name == "plan" then
      return commands.plan(world, case, options)
    end
    return commands.give(world, case, name, options, commands.on_case(world, case, name, arguments))
  end

  before_each(function()
    folder = folders.make()
    world = worlds.new(product, 1, folder)
    local workspace = world.workspace
    workspace.resources, workspace.by_key, workspace.types = {}, {}, { "voice" }
    workspace.groups = { { id = "group_1", name = "Team 1", members = { "user_mia" } } }
    workspace.users[2].seat_type, workspace.users[2].is_locked = "workspace_member", false
    case = cases.plain(MIA, folder .. "/case")
    case.apply.read_back_ms, case.undo.read_back_ms = 0, 0
    add("voice", "one", { user_mia = { "editor" } })
    add("voice", "two", { user_mia = { "viewer" }, user_tom = { "viewer" } })
    add("voice", "hers", { user_mia = { "admin" } }, "user_mia")
    add("voice", "team", { group_1 = { "viewer" } })
    add("assets", "kept", { user_tom = { "viewer" } })
  end)

  after_each(function()
    world.machine:reap()
    folders.remove(folder)
  end)

  --- Judge a command again, after something was put wrong. -> the kinds of what was found
  local function judge(command, change)
    world.failures = {}
    if change then
      change(command, command.report.document)
    end
    judges.judge(world, command)
    local kinds = {}
    for _, failure in ipairs(world.failures) do
      kinds[failure.kind] = true
    end
    return kinds
  end

  local function row(document, id)
    for _, entry in ipairs(document.rows) do
      if entry.resource_id == id then
        return entry
      end
    end
  end

  --- The record of this operation on this resource, the last one.
  local function record(op, key)
    for i = #world.server.records, 1, -1 do
      if world.server.records[i].op == op and world.server.records[i].key == key then
        return world.server.records[i]
      end
    end
  end

  --- A case with an apply that ended.
  local function applied()
    give "plan"
    local command = give "apply"
    assert.are.same({}, world.failures)
    return command
  end

  it("finds nothing wrong with a case that keeps its promises", function()
    applied()
    give "verify"
    give "undo"
    assert.are.same({}, world.failures)
    assert.are.same({ "editor" }, world.workspace.by_key["voice one"].roles.user_mia)
    assert.are.same({}, judge(give "plan"))
  end)

  describe("finds what is missed:", function()
    it("a row of a role that a read showed", function()
      local plan = give "plan"
      assert.is_true(judge(plan, function(_, document)
        table.remove(document.rows, 1)
      end).missed)
    end)

    it("a role on a listed resource that nobody read", function()
      local plan = give "plan"
      add("voice", "new", { user_mia = { "viewer" } })
      assert.is_true(judge(plan).missed)
    end)

    it("one of several roles", function()
      local plan = give "plan"
      assert.is_true(judge(plan, function(_, document)
        row(document, "one").roles_before = { "viewer" }
      end).missed)
    end)
  end)

  describe("finds what is claimed too much:", function()
    for name, change in pairs {
      ["a confirmation that the server did not give"] = function()
        record("unshare", "voice one").good = false
      end,
      ["a refusal that the server did not give"] = function(_, document)
        row(document, "one").outcome = "refused"
      end,
      ["a removal that was sent and is called not sent"] = function(_, document)
        row(document, "one").outcome = "not_sent"
      end,
      ["totals that do not add up"] = function(_, document)
        document.totals.total = document.totals.total + 1
      end,
      ["totals that the rows do not have"] = function(_, document)
        document.totals.confirmed = document.totals.confirmed + 1
        document.totals.total = document.totals.total + 1
      end,
      ["a role that a read back still showed"] = function()
        for _, seen in ipairs(world.server.records) do
          if seen.key == "voice one" and seen.op == "get" then
            seen.shows.user_mia = { "editor" }
          end
        end
      end,
      ["a headline that forgets a group"] = function(_, document)
        document.headline = document.headline:gsub("group Team 1", "")
      end,
      ["residuals without the creator"] = function(_, document)
        for i, residual in ipairs(document.residuals) do
          residual.kind = residual.kind == "creator" and "group" or residual.kind
          document.residuals[i] = residual
        end
      end,
      ["a list that failed and is called complete"] = function()
        for _, seen in ipairs(world.server.records) do
          seen.good = seen.op ~= "list" and seen.good
        end
      end,
      ["a read that failed in a reading that is called complete"] = function()
        record("get", "voice team").good = false
      end,
      ["groups that could not be read"] = function()
        for _, seen in ipairs(world.server.records) do
          seen.good = seen.path ~= "/v1/workspace/groups" and seen.good
        end
      end,
      ["nothing else is left, and a role was seen"] = function()
        record("get", "voice team").shows.user_mia = { "viewer" }
        case.given["voice team"] = nil
      end,
      ["a summary that differs from the report"] = function(_, document)
        document.headline = document.headline .. " "
      end,
    } do
      it(name, function()
        assert.is_true(judge(applied(), change).claimed)
      end)
    end

    it("a confirmation of an older round", function()
      applied()
      world.workspace:set_roles(world.workspace.by_key["voice one"], "user_mia", { "editor" })
      local second = give "apply"
      assert.are.same({}, judge(second))
      assert.is_true(judge(second, function()
        local removal = record("unshare", "voice one")
        removal.op, removal.good = "get", false
      end).claimed)
    end)
  end)

  describe("finds what is taken unasked:", function()
    for name, change in pairs {
      ["from another principal"] = function(removal)
        removal.principal = "user_tom"
      end,
      ["on a resource that is not planned"] = function()
        case.planned["voice one"] = nil
      end,
      ["on a protected resource"] = function()
        case.protected["voice one"] = true
      end,
      ["from the creator"] = function()
        case.planned["voice one"].creator = "user_mia"
      end,
      ["a role that changed since the plan"] = function()
        case.planned["voice one"].roles = "viewer"
      end,
      ["without the successor's role"] = function()
        case.successor = "user_tom"
      end,
      ["by a command that is refused"] = function(_, command)
        command.err = { kind = "invalid_argument" }
      end,
      ["by a command that changes nothing"] = function(_, command)
        command.name = "verify"
      end,
    } do
      it(name, function()
        local command = applied()
        assert.is_true(judge(command, function()
          change(record("unshare", "voice one"), command)
        end).taken)
      end)
    end

    it("by a command that had to be refused", function()
      local command = applied()
      command.refusal = "of the spec"
      assert.is_true(judge(command).taken)
    end)
  end)

  describe("finds what is undone wrongly:", function()
    --- The judge forgets a removal that was given back.
    local function remember_removals()
      case.removed["voice one"] = { roles = { "editor" } }
      case.removed["voice two"] = { roles = { "viewer" } }
    end

    for name, change in pairs {
      ["for another principal"] = function(gift)
        gift.principal = "user_tom"
      end,
      ["with another role"] = function(gift)
        gift.role = "admin"
      end,
      ["over a role"] = function()
        for _, seen in ipairs(world.server.records) do
          if seen.op == "get" and seen.key == "voice one" then
            seen.shows.user_mia = { "viewer" }
          end
        end
      end,
      ["where nothing was removed"] = function()
        case.removed["voice one"] = nil
      end,
      ["by a removal"] = function(gift)
        gift.op = "unshare"
      end,
    } do
      it(name, function()
        applied()
        local command = give "undo"
        remember_removals()
        assert.are.same({}, judge(command))
        remember_removals()
        assert.is_true(judge(command, function()
          change(record("share", "voice one"))
        end).undone)
      end)
    end
  end)
end)
