-- The turns that a host has while a run begins and while it goes on.

local bulk = require "elevenlabs.workspace.bulk"
local hosts = require "spec.support.turns"
local items = require "elevenlabs.workspace.items"
local sandboxes = require "spec.support.servers.sandbox"
local support = require "spec.support.bulk"
local uv = require "luv"

local URL = support.URL

describe("a bulk run gives the host turns", function()
  local journal, path, engine, core, pass

  before_each(function()
    journal, path = support.journal(), os.tmpname()
    engine, core, pass = hosts.engine()
  end)

  after_each(function()
    journal:remove()
    os.remove(path)
  end)

  local function write_csv(count, last)
    local file = assert(io.open(path, "w"))
    file:write "resource_id,resource_type,user_email\n"
    for i = 1, count do
      file:write(("id%d,voice,a@example.com\n"):format(i))
    end
    file:write(last or "")
    file:close()
  end

  --- Each call of the method takes 1 ms.
  local function slow(object, name)
    local method = object[name]
    object[name] = function(...)
      pass(1)
      return method(...)
    end
  end

  --- Run a function in a coroutine. A turn of the host takes 1 ms.
  ---@return integer turns
  local function host(f, in_turn)
    return (hosts.host(f, function()
      pass(1)
      if in_turn then
        in_turn()
      end
    end))
  end

  --- Begin a run.
  ---@return integer turns, table|nil run, elevenlabs.workspace.Error|nil err
  local function begin(list, opts, in_turn)
    local run, err
    local turns = host(function()
      run, err = bulk.start(engine, URL, "unshare", list, opts)
    end, in_turn)
    return turns, run, err
  end

  it("while it checks a file", function()
    write_csv(320)
    slow(engine, "check")
    local turns, run = begin(assert(items.from_csv(path)), {})
    assert.are.same({ 20, 320 }, { turns, run.count })
  end)

  it("while it counts a part", function()
    local list = {}
    for i = 1, 320 do
      list[i] = support.item(i)
    end
    local metatable = getmetatable(require("elevenlabs.workspace.items.array").source {})
    local original = metatable.next
    slow(metatable, "next")
    local turns, run = begin(list, { part = "0/2" })
    metatable.next = original
    assert.are.equal(20, turns)
    assert.is_true(run.count > 100 and run.count < 220) -- about a half
  end)

  it("while it reads a journal", function()
    local ids = {}
    for i = 1, 319 do
      ids[i] = "id" .. i
    end
    journal:run(ids)
    local known = require "elevenlabs.workspace.bulk.known"
    local original = known.new
    function known.new(...)
      local made = original(...)
      made.remember = function(self, record)
        pass(1)
        return getmetatable(self).__index.remember(self, record)
      end
      return made
    end
    local turns, run = begin({}, { journal = journal.path })
    known.new = original
    assert.are.equal(20, turns)
    run.journal:close()
  end)

  --- Run to the end over 160 items, each of which takes 1 ms.
  local function run_slowly(opts)
    slow(engine, "prepare")
    local report
    local run = assert(bulk.start(engine, URL, "unshare", support.many(160), opts))
    local turns = host(function()
      report = assert(run:result())
    end)
    assert.are.equal(160, report.total)
    return turns
  end

  it("while it takes items that end at once", function()
    assert.are.equal(10, run_slowly { dry_run = true })
  end)

  it("while the server answers each request at once", function()
    local send = core.send
    function core:send(...)
      send(self, ...)
      self:confirm(#self.attempts)
      return true
    end
    assert.is_true(run_slowly {} >= 20)
  end)

  it("and goes on without them if its caller cannot wait", function()
    write_csv(320, "bad\n")
    slow(engine, "check")
    local _, err = bulk.start(engine, URL, "unshare", assert(items.from_csv(path)), {})
    assert.matches("line 322.*nothing was sent", err.message)
  end)

  it("and begins nothing if the client is closed in one", function()
    write_csv(320)
    slow(engine, "check")
    local source = assert(items.from_csv(path))
    local turns, run, err = begin(source, {}, function()
      engine:close()
    end)
    assert.are.same({ 1, "closed" }, { turns, err.kind })
    assert.is_nil(run)
    assert.is_nil(source.rows) -- the file is closed
  end)

  it("and leaves its journal to others if the client is closed while it is read", function()
    local ids = {}
    for i = 1, 100 do
      ids[i] = "id" .. i
    end
    journal:run(ids)
    pass(100) -- the first turn is due at once
    local turns, run, err = begin({}, { journal = journal.path }, function()
      local other, failure = journal:open()
      assert.is_nil(other)
      assert.matches("is locked by another run", failure.message)
      engine:close()
    end)
    assert.are.same({ 1, "closed" }, { turns, err.kind })
    assert.is_nil(run)
    assert(journal:open()):close()
  end)

  it("and lets two check at once", function()
    write_csv(160)
    slow(engine, "check")
    local runs, threads = {}, {}
    for i = 1, 2 do
      threads[i] = coroutine.create(function()
        runs[i] = assert(bulk.start(engine, URL, "unshare", assert(items.from_csv(path)), {}))
      end)
    end
    local order = {}
    while not (runs[1] and runs[2]) do
      for i, thread in ipairs(threads) do
        if coroutine.status(thread) ~= "dead" then
          assert(coroutine.resume(thread))
          order[#order + 1] = i
        end
      end
      pass(1)
    end
    assert.are.equal("12121212121212121212", table.concat(order):sub(1, 20))
    assert.are.same({ 160, 160 }, { runs[1].count, runs[2].count })
  end)

  it("in a real loop", function()
    write_csv(40000)
    local sandbox = sandboxes.start()
    local client = sandbox:client { driver = "luv" }
    local ticks, timer, run, ticks_before = 0, uv.new_timer(), nil, nil
    timer:start(0, 1, function()
      ticks = ticks + 1
    end)
    coroutine.wrap(function()
      run = assert(client:start_many("unshare", assert(items.from_csv(path))))
      ticks_before = ticks
    end)()
    while not run do
      uv.run "once"
    end
    timer:close()
    client:close()
    sandbox:stop()
    assert.are.equal(40000, run.count)
    assert.is_true(ticks_before >= 2)
  end)
end)
