local bulk = require "elevenlabs.workspace.bulk"
local fake = require "elevenlabs.workspace.sandbox.fake"
local limits = require "spec.support.limit"
local support = require "spec.support.bulk"
local world = require "spec.support.world"

local URL = support.URL
local always, item, item_of, many, outcomes, run =
  support.always, support.item, support.item_of, support.many, support.outcomes, support.run

describe("a run", function()
  it("stops at its deadline: calls in flight are unconfirmed, waiting calls not sent", function()
    local report, _, engine = run(function()
      return nil
    end, (many(100)), { deadline_ms = 5000 }, { max_concurrency = 6 })
    assert.are.equal("deadline", report.stopped)
    assert.are.same({ 0, 0, 4, 2 }, outcomes(report))
    assert.are.equal(6000, engine.now())
    assert.are.equal("deadline_ms (5000) passed", report.stop_message) -- case 37
    for _, reason in ipairs(report.reasons) do
      assert.matches("; the run stopped: deadline_ms (5000) passed", reason.message, 1, true)
    end
  end)

  it("says what its calls waited for if a limit lets nothing through", function()
    local engine
    local places = limits
      .over(function()
        return nil, "no route"
      end)
      :join {
        now = function()
          return engine.now()
        end,
        random = math.random,
        max_concurrency = 6,
        attempt_timeout_ms = 1000,
      }
    engine = world.running(always {}, { places = places })
    local seen
    local report = assert(bulk.start(engine, URL, "unshare", (many(3)), {
      deadline_ms = 5000,
      on_progress = function(progress)
        seen = seen or progress.why
      end,
    })):result()
    local why = "the limit's store is out of reach: no route"
    assert.are.equal("deadline_ms (5000) passed: " .. why, report.stop_message)
    assert.are.same({ { 0, 0, 0, 3 }, why }, { outcomes(report), seen })
  end)

  it("counts its deadline from when its result is asked for", function()
    local engine, _, pass = world.new { wait = function() end }
    local run_ = bulk.start(engine, URL, "unshare", {}, { deadline_ms = 5000 })
    pass(60000)
    local report = run_:result()
    assert.are.same({ 0 }, { report.elapsed_ms, report.stopped })
  end)

  describe("is cancelled", function()
    --- Cancel at the 10th result, `times` times; from the 20th on answers take `delay` ms.
    local function cancelled(times, delay)
      local run_, told, sent = nil, 0, 0
      local engine = world.running(function(attempt, now)
        if not attempt.since then
          attempt.since, sent = now, sent + 1
          attempt.delay = sent < 20 and 0 or delay
        end
        return now - attempt.since >= attempt.delay and {} or nil
      end)
      run_ = bulk.start(engine, URL, "unshare", (many(1000)), {
        on_result = function()
          told = told + 1
          if told == 10 then
            for _ = 1, times do
              run_:cancel()
            end
          end
        end,
      })
      local report = run_:result()
      assert.is_true(run_:done())
      return report, engine.now()
    end

    it("takes no more, and lets what is in flight end", function()
      local report, now = cancelled(1, 1000)
      assert.are.equal("cancelled", report.stopped)
      assert.are.equal(0, report.unconfirmed)
      assert.is_true(report.total < 80)
      assert.is_true(now <= 2100, now)
    end)

    it("for 5 s at most", function()
      local report, now = cancelled(1, 60000)
      assert.is_true(report.unconfirmed > 0)
      assert.is_true(now >= 6000 and now < 6200, now)
    end)

    it("by a callback: not one item more is taken", function()
      for name, delay in pairs { on_progress = 10, on_result = 0 } do
        local path = os.tmpname()
        os.remove(path)
        local source, taken = many(100000)
        local run_, told, cancelled_at, taken_before = nil, 0, nil, nil
        local opts = { journal = path }
        opts[name] = function()
          told = told + 1
          if told == 10 then
            run_:cancel()
            cancelled_at, taken_before = run_.engine.now(), taken()
          end
        end
        local engine = world.running(function(attempt, now)
          attempt.since = attempt.since or now
          return not cancelled_at and now - attempt.since >= delay and {} or nil
        end)
        run_ = bulk.start(engine, URL, "unshare", source, opts)
        local report = run_:result()
        os.remove(path)
        assert.are.same({ "cancelled", taken_before }, { report.stopped, taken() }, name)
        assert.is_true(engine.now() <= cancelled_at + 5010, name .. engine.now() - cancelled_at)
      end
    end)

    it("and says that there may be more, though its source then gave nothing", function()
      local run_
      local engine = world.running(always {})
      run_ = bulk.start(engine, URL, "unshare", function()
        run_:cancel() -- as a signal does that interrupts reading
      end, {})
      assert.is_false(run_:result().exhausted)
    end)

    it("at once if it is asked twice", function()
      local report, now = cancelled(2, 60000)
      assert.is_true(report.unconfirmed > 0)
      assert.is_true(now < 1200, now)
    end)
  end)

  it("has no result for its own functions while they run", function()
    local path = os.tmpname()
    os.remove(path)
    local inner, run_
    run_ = fake.new():start_many("unshare", (many(10)), {
      journal = path,
      on_result = function()
        inner = { run_:result() }
      end,
    })
    local report = run_:result()
    os.remove(path)
    assert.are.same({ 10, nil }, { report.total, report.stopped })
    assert.is_nil(inner[1])
    assert.are.equal("invalid_argument", inner[2].kind)
  end)

  -- 5.1 cannot yield in a function that it protects.
  local can_yield = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil

  it("wakes the host at its end, for others who asked for its result before", function()
    local engine, core
    engine, core = world.new {
      wait = function(done)
        while not done() do
          coroutine.yield()
          engine:step()
        end
      end,
    }
    local run_ = bulk.start(engine, URL, "unshare", (many(1)), {
      on_result = can_yield and coroutine.yield or nil,
    })
    local jobs = {}
    for i = 1, 2 do
      jobs[i] = coroutine.create(function()
        return run_:result()
      end)
      coroutine.resume(jobs[i])
    end
    coroutine.resume(jobs[1])
    core:answer(1)
    coroutine.resume(jobs[2])
    if can_yield then -- the second is in on_result, and the first has seen that there is no news
      for _ = 1, 3 do
        coroutine.resume(jobs[1])
      end
      assert.is_nil(core.wake)
      coroutine.resume(jobs[2])
    end
    assert.are.equal("dead", coroutine.status(jobs[2]))
    assert.are.equal(0, core.wake)
    coroutine.resume(jobs[1])
    assert.are.equal("dead", coroutine.status(jobs[1]))
  end)

  it("has one result for several coroutines, when all is told", function()
    local client = fake.new {
      driver = {
        wait = function(client, done)
          repeat
            coroutine.yield()
            client:step(0)
          until done()
        end,
      },
    }
    local told, totals = 0, {}
    local run_ = client:start_many("unshare", (many(10)), {
      on_result = function()
        told = told + 1
        if can_yield then
          coroutine.yield()
        end
      end,
    })
    local jobs = {}
    for i = 1, 3 do
      jobs[i] = coroutine.create(function()
        totals[i] = { run_:result().total, told }
      end)
      assert(coroutine.resume(jobs[i]))
    end
    repeat
      local alive = 0
      for _, job in ipairs(jobs) do
        if coroutine.status(job) ~= "dead" then
          assert(coroutine.resume(job))
          alive = alive + 1
        end
      end
    until alive == 0
    assert.are.same({ { 10, 10 }, { 10, 10 }, { 10, 10 } }, totals)
  end)

  it("cannot begin if its driver cannot wait, and sends nothing", function()
    local client = fake.new {
      driver = {
        wait = function()
          return "cannot wait here"
        end,
      },
    }
    local run_ = client:start_many("unshare", { item(1) })
    run_:result()
    local report, err = run_:result()
    assert.is_nil(report)
    assert.are.same({ "invalid_argument", "driver", 0 }, {
      err.kind,
      err.field,
      client:stats().attempts,
    })
  end)

  it("ends and tells the items that it took if its driver can wait no longer", function()
    local waits, told = 0, 0
    local client = fake.new {
      driver = {
        wait = function(client, done)
          waits = waits + 1
          while waits <= 3 and not done() do
            client:step(0)
          end
          return waits > 3 and "the frame is over" or nil
        end,
      },
    }
    local path = os.tmpname()
    os.remove(path)
    local source, taken = many(100)
    local run_ = client:start_many("unshare", source, {
      journal = path,
      on_result = function()
        told = told + 1
      end,
    })
    local others_call = assert(client:start("unshare", source()))
    local other = coroutine.wrap(function()
      coroutine.yield(client.engine.waiters:add(function()
        return others_call:done()
      end))
    end)()
    local report = assert(run_:result())
    os.remove(path)
    assert.is_true(other.satisfied) -- by the step that ended the run's calls
    assert.are.same({ "driver", "the frame is over" }, { report.stopped, report.stop_message })
    assert.are.same({ taken() - 1, taken() - 1 }, { report.total, told })
    assert.is_true(report.refused > 0 and report.not_sent > 0)
    assert.are.equal(report, run_:result())
  end)

  it("that an error cut short is no run that ended, says the journal", function()
    local journal = support.journal()
    local engine = world.running(always {})
    local run_ = bulk.start(engine, URL, "unshare", { item_of "a", item_of "b" }, {
      journal = journal.path,
    })
    local record = run_.journal.record
    function run_.journal.record()
      run_.journal.record = record
      error "not enough memory"
    end
    assert.has_error(function()
      run_:result()
    end)
    local report, err = run_:result()
    assert.is_nil(report)
    assert.are.equal("unconfirmed", err.outcome)
    local _, told = journal:run({ "a", "b" }, function()
      return { status = 404 }
    end)
    assert.are.same({ true, true }, { told.a.ambiguous, told.b.ambiguous })
    journal:remove()
  end)

  it("ends after an error that came before the owner's function was called", function()
    local journal = support.journal()
    local opts = { journal = journal.path }
    local run_ = bulk.start(world.running(always {}), URL, "unshare", { item_of "a" }, opts)
    local pcall_ = pcall
    rawset(_G, "pcall", function() -- it may need memory itself
      rawset(_G, "pcall", pcall_)
      error "not enough memory"
    end)
    assert.is_false(pcall_(run_.result, run_))
    local report, err = run_:result()
    assert.is_nil(report)
    assert.are.equal("cancelled", err.kind)
    local _, told = journal:run({ "a" }) -- the file is not locked any more
    assert.are.equal("confirmed", told.a.outcome)
    journal:remove()
  end)
end)
