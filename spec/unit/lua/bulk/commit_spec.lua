local bulk = require "elevenlabs.workspace.bulk"
local clock = require("elevenlabs.workspace.core").now
local records = require "spec.support.records"
local sources = require "elevenlabs.workspace.items.source"
local support = require "spec.support.bulk"
local world = require "spec.support.world"

local URL = support.URL
local always, item_of = support.always, support.item_of

--- A journal's file whose syncs take so many ms of the engine's time. From the `fails_at`th on they
--- fail.
local function slow_file(engine, ms, fails_at)
  local file = { records = {}, kept = 0, syncs = 0, looks = 0, due = false, batch = 0 }
  local function conclude()
    file.due = false
    if file.syncs >= (fails_at or math.huge) then
      return nil, { kind = "journal", message = "No space left on device" }
    end
    file.kept = math.max(file.kept, file.batch)
    return true
  end
  function file.append(_, text)
    file.records[#file.records + 1] = text
    return true
  end
  function file.record(_, ...)
    return file.append(_, records.imitate(...))
  end
  function file.begin_sync()
    assert(not file.due, "one at a time")
    file.syncs, file.due, file.batch = file.syncs + 1, engine.now() + ms, #file.records
    return true
  end
  function file.has_synced()
    file.looks = file.looks + 1
    if file.due and engine.now() < file.due then
      return false
    end
    return conclude()
  end
  function file.sync()
    file.syncs, file.batch = file.syncs + 1, #file.records
    return conclude()
  end
  function file.close()
    file.closed = true
  end
  --- Is there such a record on the disk?
  function file.keeps(pattern)
    for i = file.kept, 1, -1 do
      if file.records[i]:find(pattern) then
        return true
      end
    end
    return false
  end
  return file
end

describe("a commit", function()
  local journal

  before_each(function()
    journal = support.journal()
  end)

  after_each(function()
    journal:remove()
  end)

  --- A run whose journal syncs in a thread.
  local function start(engine, list, opts, op, ms, fails_at, is_inline)
    opts.journal = journal.path
    local run = assert(bulk.start(engine, URL, op or "unshare", list, opts, not is_inline))
    run.journal:close()
    local file = slow_file(engine, ms, fails_at)
    run.journal.file = file
    return run, file
  end

  local function ids(count, op)
    local list = {}
    for i = 1, count do
      list[i] = item_of("id" .. i, op == "share" and "viewer" or nil)
    end
    return list
  end

  describe("in a thread", function()
    it("lets the run go on, and its results are told when the sync has ended", function()
      local told, sent_meanwhile = 0, 0
      local run, file
      local engine = world.running(function()
        sent_meanwhile = sent_meanwhile + (file.due and 1 or 0)
        return {}
      end)
      run, file = start(engine, ids(3000), {
        on_result = function(item, receipt)
          told = told + 1
          assert(receipt and item.resource_id == "id" .. told, "in the order of completion")
          assert(file.kept >= told, "before it is on the disk")
        end,
      }, nil, 20)
      local report = run:result()
      assert.are.same({ 3000, 3000, nil }, { report.confirmed, told, report.stopped })
      assert.is_true(sent_meanwhile > 0)
    end)

    it("is over before the run is, and says that the run has ended", function()
      local run, file = start(world.running(always {}), ids(5), {}, nil, 20)
      assert.are.equal(5, run:result().confirmed)
      assert.are.same({ 1, 6, 6 }, { file.syncs, file.kept, #file.records })
      assert.matches('^{"end":true', file.records[6])
      assert.is_true(file.closed)
    end)

    it("has intents on the disk before their shares are sent", function()
      local sent = 0
      local run, file
      local engine = world.running(function(attempt)
        if not attempt.seen then
          attempt.seen, sent = true, sent + 1
          assert(file.keeps('"' .. attempt.args.resource_id .. '".*"intent":true'))
        end
        return {}
      end)
      run, file = start(engine, ids(200, "share"), {}, "share", 20)
      assert.are.same({ 200, 200 }, { run:result().confirmed, sent })
    end)

    it("takes as many shares as there is room for when another commit has ended", function()
      local run, file = start(world.running(always {}), ids(640, "share"), {}, "share", 20)
      assert.are.equal(640, run:result().confirmed)
      assert.is_true(file.syncs < 200, file.syncs)
    end)

    it("counts shares that wait for it among the items that are held", function()
      local most = 0
      local engine = world.running(always {})
      local run = start(engine, ids(10, "share"), {
        on_progress = function(progress)
          most = math.max(most, progress.held)
        end,
      }, "share", 500)
      run:result()
      assert.are.equal(10, most)
    end)

    it("of shares that the run was stopped for sends none of them", function()
      local engine, core = world.running(always {})
      local told = {}
      local run = start(engine, ids(3, "share"), {
        deadline_ms = 100,
        on_result = function(_, _, err)
          told[#told + 1] = err.outcome
        end,
      }, "share", 500)
      assert.are.equal("deadline", run:result().stopped)
      assert.are.same({ { "not_sent", "not_sent", "not_sent" }, 0 }, { told, #core.attempts })
    end)

    it("holds up a run that has many results more", function()
      local most, told, taken = 0, 0, 0
      local function source()
        taken = taken + 1
        most = math.max(most, taken - told)
        return taken <= 10000 and item_of("id" .. taken) or nil
      end
      local run = start(world.running(always {}), source, {
        on_result = function()
          told = told + 1
        end,
      }, nil, 60000)
      assert.are.equal(10000, run:result().confirmed)
      assert.is_true(most > 1500 and most < 2048 + 3 * 32, most)
    end)

    it("that fails stops the run, which reports no confirmation of it", function()
      local told = {}
      local run, file = start(world.running(always {}), ids(5000), {
        on_result = function(_, receipt, err)
          told[#told + 1] = (receipt or err).outcome
        end,
      }, nil, 20, 2)
      local report = run:result()
      assert.are.same({ "journal", file.kept }, { report.stopped, report.confirmed })
      assert.is_true(report.unconfirmed > 0)
      for i, outcome in ipairs(told) do
        assert.are.equal(i <= file.kept, outcome == "confirmed")
      end
    end)

    it("that fails sends none of its shares", function()
      local engine, core = world.running(always {})
      local run = start(engine, ids(5, "share"), {}, "share", 20, 1)
      local report = run:result()
      assert.are.same({ "journal", 5, 0 }, { report.stopped, report.not_sent, #core.attempts })
    end)

    it("is looked at soon after its end, and not much more often than is of use", function()
      for _, ms in ipairs { 1, 20, 3000 } do
        local at
        local engine = world.running(always {})
        local run, file = start(engine, ids(1), {
          on_result = function()
            at = engine.now()
          end,
        }, nil, ms)
        local before = engine.now()
        run:result()
        assert.is_true(at - before <= ms * 1.125 + 1, at - before)
        assert.is_true(file.looks < 80, file.looks)
      end
    end)

    it("is waited for if the client is closed", function()
      local engine, core = world.running(always {})
      local run, file = start(engine, ids(5), {}, nil, 60000)
      local wait = engine.wait_by_driver
      function engine.wait_by_driver(done)
        if file.due then
          engine:close()
          core.wake = nil -- a closed core wakes nobody
        end
        return wait(done)
      end
      assert.are.equal(5, run:result().confirmed)
      assert.are.same({ 2, 6 }, { file.syncs, file.kept })
    end)

    it("is waited for if the driver can wait no longer, and so are its shares", function()
      for _, op in ipairs { "unshare", "share" } do
        local engine = world.running(always {})
        local run, file = start(engine, ids(3000, op), {}, op, 20)
        local wait = engine.wait_by_driver
        function engine.wait_by_driver(done)
          return file.syncs > 1 and file.due and "the frame is over" or wait(done)
        end
        local report = run:result()
        local sum = report.confirmed + report.refused + report.unconfirmed + report.not_sent
        assert.are.same({ "driver", sum }, { report.stopped, report.total })
        assert.is_true(report.confirmed > 0)
        assert.is_nil(file.due or nil)
        assert.are.equal(#file.records, file.kept)
        assert.matches('^{"end":true', file.records[file.kept])
        journal:remove()
      end
    end)
  end)

  it("that has the run's end alone may fail: what was told stands", function()
    for _, is_inline in ipairs { false, true } do
      local source, given, told = sources.kind(), 0, 0
      function source.next()
        given = given + 1
        return given <= 5 and item_of("id" .. given) or nil
      end
      function source.is_ready()
        return given < 5 or told == 5
      end
      local run = start(world.running(always {}), setmetatable({}, source), {
        on_result = function()
          told = told + 1
        end,
      }, nil, 20, 2, is_inline)
      local report = run:result()
      assert.are.same({ "journal", 5, 5 }, { report.stopped, report.confirmed, told })
      journal:remove()
    end
  end)

  it("says that the run has ended if its last callback stops the run", function()
    local source, given = sources.kind(), 0
    function source.next()
      given = given + 1
      return item_of("id" .. given)
    end
    function source.is_ready()
      return given < 2
    end
    for _, is_threaded in ipairs { false, true } do
      given = 0
      local told = 0
      -- A real disk needs real time.
      local report = bulk.start(world.running(always {}, { now = clock }), URL, "unshare",
        setmetatable({}, source), {
          journal = journal.path,
          on_result = function()
            told = told + 1
            assert(told < 2, "enough")
          end,
        }, is_threaded):result()
      local written = journal:records()
      assert.are.same({ "callback", true }, { report.stopped, written[#written]["end"] })
      journal:remove()
    end
  end)

  describe("of a host that is to have turns", function()
    --- A run whose owner takes 1 ms for each result. -> the run; what was told, in order; { count } of
    --- what was told by the times when the run waited
    local function slow_run(count, op, is_threaded, parts)
      local told, waits, late = {}, { count = 0 }, 0
      local engine = world.running(always {}, parts)
      local now, wait = engine.now, engine.wait
      function engine.now()
        return now() + late
      end
      function engine.wait(...)
        waits.count = waits.count + (waits[#told] and 0 or 1)
        waits[#told] = true
        return wait(...)
      end
      local run = start(engine, ids(count, op), {
        on_result = function(item, receipt)
          late = late + 1
          told[#told + 1] = receipt and item.resource_id
        end,
      }, op, 1, nil, not is_threaded)
      return run, told, waits
    end

    for _, op in ipairs { "unshare", "share" } do
      for _, is_threaded in ipairs { false, true } do
        local where = is_threaded and " in a thread" or ""
        it("tells a few results at a time: " .. op .. where, function()
          local run, told, waits = slow_run(100, op, is_threaded, { gives_turns = true })
          assert.are.equal(100, run:result().confirmed)
          for i = 1, 100 do
            assert.are.equal("id" .. i, told[i])
          end
          assert.are.equal(100, #told)
          local other, _, few = slow_run(100, op, is_threaded, {})
          assert.are.equal(100, other:result().confirmed)
          assert.is_true(waits.count > few.count)
        end)
      end
    end

    it("tells all at once if the driver holds its host up", function()
      local run, told, waits = slow_run(100, "unshare", false, {})
      assert.are.same({ 100, 100 }, { run:result().confirmed, #told })
      assert.is_nil(waits[16])
    end)

    it("ends in a thread if the client is closed in a turn of the host", function()
      assert.are.equal(2500, slow_run(2500, "unshare", true, {}):result().confirmed)
      local run, told = slow_run(2500, "unshare", true, { gives_turns = true }) -- makes no call
      local engine = run.engine
      local wait = engine.wait
      function engine.wait(...)
        if #told > 0 then
          engine:close()
        end
        return wait(...)
      end
      local report = run:result()
      assert.are.same({ "closed", 0 }, { report.stopped, report.not_sent })
      assert.is_true(report.total < 2500)
    end)

    it("tells all, each once, if there is no waiting any more", function()
      local run, told, waits = slow_run(100, "unshare", true, { gives_turns = true })
      local engine = run.engine
      local wait = engine.wait
      function engine.wait(...)
        if #told > 0 then
          return "no more"
        end
        return wait(...)
      end
      local report = run:result()
      assert.are.same({ 100, 100, "driver" }, { report.total, #told, report.stopped })
      assert.is_nil(waits[16])
    end)
  end)
end)
