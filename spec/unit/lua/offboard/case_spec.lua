local cases = require "elevenlabs.workspace.offboard.case"
local fake = require "elevenlabs.workspace.sandbox.fake"
local offboard = require "elevenlabs.workspace.offboard"
local process = require "spec.support.process"
local support = require "spec.support.offboard"

describe("offboard case", function()
  before_each(support.begin)
  after_each(support.finish)

  local function open(create)
    return support.keep(cases.open(cases.class(), support.path "mia", create))
  end

  it("is a folder that its owner alone may enter, and so are its files", function()
    local world = support.world()
    local case = world:plan()
    assert(case:apply(world.client))
    assert.are.equal("700", support.mode(support.path "mia"))
    for _, name in ipairs {
      "plan.jsonl",
      "case.jsonl",
      "round-2.unshare.jsonl",
      "report.html",
      "report.csv",
      "report.json",
    } do
      assert.are.equal("600", support.mode(case:path(name)), name)
    end
  end)

  it("is refused if there is none, and then no folder is made", function()
    local case, err = open(false)
    assert.is_nil(case)
    assert.are.same({ "invalid_argument", "folder" }, { err.kind, err.field })
    assert.matches("^there is no case in ", err.message)
    assert.is_nil(io.open(support.path "mia"))
  end)

  it("is refused if others may write its folder, and so exchange its files", function()
    support.world():plan():close()
    for _, mode in ipairs { "777", "770" } do
      process.run { "chmod", mode, support.path "mia" }
      local case, err = offboard.open(support.path "mia")
      assert.is_nil(case)
      assert.are.same({ "invalid_argument", "folder" }, { err.kind, err.field })
      assert.matches("can be written by others: chmod 700 it", err.message, 1, true)
    end
    process.run { "chmod", "700", support.path "mia" }
    support.open()
  end)

  it("has the same folder with a slash at its end", function()
    support.world():plan():close()
    local case = assert(support.keep(offboard.open(support.path "mia" .. "//")))
    assert.are.equal(support.path "mia", case.folder)
  end)

  it("needs a plan for most commands", function()
    assert(open(true)):close()
    local case = support.open()
    for _, name in ipairs { "apply", "verify", "undo", "report", "summary" } do
      local done, err = case[name](case, {})
      assert.is_nil(done)
      assert.matches("^there is no plan in ", err.message)
    end
  end)

  it("begins no round whose journal is there already", function()
    local world = support.world()
    local case = world:plan()
    local log = support.read(case:path "case.jsonl")
    assert(case:apply(world.client))
    case:close()
    support.write(support.path "mia/case.jsonl", log) -- from a backup
    world:resource("voice_trailer").roles.user_mia = "viewer"
    for _ = 1, 2 do
      world.requests = {}
      case = support.open()
      local summary, err = case:apply(world.client)
      assert.is_nil(summary)
      assert.are.equal("journal", err.kind)
      assert.matches("round%-2.unshare.jsonl is there, and the log of the case does not know it",
        err.message)
      assert.are.same({}, world:changes())
      assert.are.equal(0, case:summary().totals.confirmed)
      case:close()
    end
  end)

  it("knows of no answer whose journal is missing", function()
    local world = support.world()
    local case = world:plan()
    assert(case:apply(world.client))
    case:close()
    assert(os.remove(case:path "round-2.unshare.jsonl"))
    local totals = support.open():summary().totals
    assert.are.same({ 9, 0, 9 }, { totals.total, totals.confirmed, totals.unconfirmed })
  end)

  describe("lock", function()
    it("keeps a second command away, until the case is closed", function()
      local case = support.world():plan()
      local second, err = offboard.open(support.path "mia")
      assert.is_nil(second)
      assert.are.equal("journal", err.kind)
      case:close()
      assert(support.keep(offboard.open(support.path "mia")))
    end)

    it("keeps a second plan away, and then no request is of use", function()
      local world = support.world()
      world:plan()
      local _, err = world:try_plan { again = true }
      assert.are.equal("journal", err.kind)
    end)

    it("keeps another process away", function()
      local case = support.world():plan()
      local function try()
        local try_to_open = [[
          local case, err = require("elevenlabs.workspace.offboard").open(%q)
          io.write(case and "opened" or err.kind)
        ]]
        local code = try_to_open:format(support.path "mia")
        local _, out = process.run { os.getenv "SPEC_LUA", "-e", code }
        return out
      end
      assert.are.equal("journal", try())
      case:close()
      assert.are.equal("opened", try())
    end)
  end)

  describe("log", function()
    local case, client

    before_each(function()
      client = fake.new()
      case = assert(open(true))
    end)

    --- Close and open it.
    local function reopen()
      case:close()
      case = assert(open(false))
      return case
    end

    it("numbers commands, also after the case was opened again", function()
      local by = { operator = "root", host = "h", arguments = "a" }
      assert.are.equal(1, case:begin(client, "plan", by))
      assert(case:finish(1))
      assert.are.equal(2, reopen():begin(client, "verify"))
      local commands = reopen().ledger.commands
      assert.are.same({ "plan", "root", "h", "a", 1 }, {
        commands[1].command,
        commands[1].operator,
        commands[1].host,
        commands[1].arguments,
        commands[1].number,
      })
      assert.is_truthy(commands[1].ended_at)
      assert.are.same({ "verify" }, { commands[2].command, commands[2].ended_at })
    end)

    it("has no key, whatever the command's arguments were", function()
      local key = "sk_sandbox_ada"
      assert(case:begin(client, "verify", { operator = key, host = "h", arguments = "a x" .. key }))
      assert.is_nil(support.read(support.path "mia/case.jsonl"):find(key, 1, true))
      local command = reopen().ledger.commands[1]
      assert.are.same({ "[secret]", "a x[secret]" }, { command.operator, command.arguments })
    end)

    it("drops what was not synced", function()
      assert(case:begin(client, "verify"))
      case:write { ended = 1, at = "now" }
      assert.is_nil(reopen().ledger.commands[1].ended_at)
    end)

    it("keeps the first failure until the next sync", function()
      assert(case:begin(client, "verify"))
      case.log.append = function()
        return nil, { kind = "journal", message = "no space" }
      end
      case:write { ended = 1, at = "now" }
      case.log.append = nil
      local ok, err = case:sync()
      assert.is_nil(ok)
      assert.are.equal("no space", err.message)
    end)

    it("with a damaged line is refused", function()
      assert(case:begin(client, "verify"))
      case:close()
      local path = support.path "mia/case.jsonl"
      support.write(path, (support.read(path):gsub('"number":1', '"number":2')))
      local opened, err = open(false)
      assert.is_nil(opened)
      assert.are.equal("journal", err.kind)
    end)
  end)
end)
