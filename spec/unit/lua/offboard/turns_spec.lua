-- The turns that a host has while a case is opened, changed and reported.

local cjson = require "cjson"
local hosts = require "spec.support.turns"
local leaver = require "elevenlabs.workspace.sandbox.leaver"
local ledgers = require "elevenlabs.workspace.offboard.ledger"
local manual = require "elevenlabs.workspace.driver.manual"
local offboard = require "elevenlabs.workspace.offboard"
local support = require "spec.support.offboard"

local host = hosts.host

local RESOURCES = 400

describe("a case gives the host turns", function()
  local world

  before_each(function()
    support.begin()
    world = support.world(function(state)
      for name, value in pairs(leaver.state(RESOURCES)) do
        state[name] = value
      end
    end, { driver = manual })
  end)

  after_each(support.finish)

  local function plan()
    local _, case = host(function()
      return world:plan()
    end)
    return case
  end

  local function report(case, client)
    return host(function()
      return assert(case:report(client))
    end)
  end

  --- The rows of a report, read from each of its files. Fails if one is not whole.
  local function count_rows(case)
    local html = support.read(case:path "report.html")
    assert.matches("</html>\n$", html)
    local _, in_html = html:gsub('<tr><th scope="row"><b>', "")
    local _, in_csv = support.read(case:path "report.csv"):gsub("\n", "")
    local in_json = cjson.decode(support.read(case:path "report.json")).rows
    return { in_html, in_csv - 1, #in_json }
  end

  it("while it writes a report", function()
    local case = plan()
    local turns = report(case, world.client)
    assert.is_true(turns >= 10)
    local rows = #case.ledger.rows
    assert.are.same({ rows, rows, rows }, count_rows(case))
  end)

  it("while it is opened", function()
    plan():close()
    local turns, case = host(function()
      return support.keep(offboard.open(support.path "mia", world.client))
    end)
    assert.is_true(turns >= 5)
    assert.is_true(#case.ledger.rows > RESOURCES * 3 / 4)
  end)

  it("while a record of its log concerns every row", function()
    local engine, ms, rows = hosts.engine(), 0, {}
    function engine.now() -- every look finds a turn due
      ms = ms + 5
      return ms
    end
    for i = 1, 64 do
      rows[i] = { resource_id = "voice_" .. i, resource_type = "voice", roles = { "editor" } }
    end
    local ledger = ledgers.new()
    ledger:take_plan { header = { number = 1 }, rows = rows, given = {} }
    local function turns_of(record)
      return (host(function()
        ledger:take(record, engine)
      end))
    end
    local turns = { turns_of { began = "plan", number = 1 } }
    ledger:take { began = "verify", number = 2 }
    turns[2] = turns_of { ended = 2 }
    turns[3] = host(function()
      ledger:take_unanswered(1, "the command was killed", engine)
    end)
    for _, count in ipairs(turns) do
      assert.is_true(count >= 4, count)
    end
    assert.are.equal(3, #turns)
  end)

  it("while the resources of an option are checked", function()
    local list, before = {}, 0
    for i = 1, RESOURCES do
      list[i] = { resource_type = "songs", resource_id = "song_" .. i }
    end
    host(function()
      return world:plan { ids = list }
    end, function()
      before = before + (world.requests[1] and 0 or 1)
    end)
    assert.is_true(before >= 3)
  end)

  for _, name in ipairs { "apply", "verify", "undo" } do
    it("while it writes the report of " .. name, function()
      local case = plan()
      if name == "undo" then
        host(function()
          return assert(case:apply(world.client))
        end)
      end
      local seen, since = 0, 0
      host(function()
        return assert(case[name](case, world.client))
      end, function()
        since = seen == #world.requests and since + 1 or 0
        seen = #world.requests
      end)
      assert.is_true(since >= 10)
    end)
  end

  it("while it writes its decisions before a removal", function()
    local case = plan()
    local most, since, seen, is_removing = 0, 0, 0, false
    host(function()
      return assert(case:apply(world.client, {
        verify = false,
        on_step = function(step)
          is_removing = is_removing or step == "removing"
        end,
      }))
    end, function()
      since = seen == #world.requests and since + 1 or 0
      seen = #world.requests
      most = is_removing and most or math.max(most, since)
    end)
    assert.is_true(most >= 3)
  end)

  it("and none without a client, or with one that holds its host up", function()
    local case = plan()
    assert.are.equal(0, (report(case)))
    world:connect() -- with the blocking driver
    assert.are.equal(0, (report(case, world.client)))
    case:close()
    assert.are.equal(0, (host(function()
      return support.open()
    end)))
  end)

  it("and none inside of a C function", function()
    local case = plan()
    assert.are.equal(0, (host(function()
      string.gsub("x", "x", function()
        assert(case:report(world.client))
      end)
    end)))
    host(function()
      assert(pcall(case.report, case, world.client))
    end)
  end)

  it("and writes a report though the client is closed in one", function()
    local case = plan()
    local turns = host(function()
      return assert(case:report(world.client))
    end, function()
      world.client:close()
    end)
    assert.are.equal(1, turns)
    assert.are.equal(#case.ledger.rows, count_rows(case)[1])
  end)

  it("and writes each file whole if two write it at once", function()
    local case = plan()
    local threads, running = {}, 3
    for i = 1, running do
      threads[i] = coroutine.create(function()
        assert(case:report(world.client))
        running = running - 1
        local rows = #case.ledger.rows
        assert.are.same({ rows, rows, rows }, count_rows(case))
      end)
      assert(coroutine.resume(threads[i])) -- each is in another place of its files
    end
    while running > 0 do
      for _, thread in ipairs(threads) do
        if coroutine.status(thread) ~= "dead" then
          assert(coroutine.resume(thread))
        end
      end
    end
    local handle = assert(io.popen(("ls '%s'"):format(case.folder)))
    assert.is_nil(handle:read("*a"):find(".new", 1, true))
    handle:close()
  end)
end)
