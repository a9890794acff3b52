local bulk = require "elevenlabs.workspace.bulk"
local fake = require "elevenlabs.workspace.sandbox.fake"
local items = require "elevenlabs.workspace.items"
local models = require "elevenlabs.workspace.sandbox.model"
local sandboxes = require "spec.support.servers.sandbox"
local world = require "spec.support.world"

local URL = "https://server.example"

local function item(number)
  return { resource_id = "id" .. number, resource_type = "voice", user_email = "a@example.com" }
end

--- An iterator over so many items; the second result tells how many were taken.
local function many(count)
  local taken = 0
  return function()
    if taken < count then
      taken = taken + 1
      return item(taken)
    end
  end, function()
    return taken
  end
end

--- Run over a world in which each attempt gets `answer(attempt, now)`.
local function run(answer, source, opts, options, op)
  local engine, core = world.running(answer, options)
  local run_ = assert(bulk.start(engine, URL, op or "unshare", source, opts or {}))
  return assert(run_:result()), core, engine
end

local function always(changes)
  return function()
    return changes
  end
end

local function outcomes(report)
  return { report.confirmed, report.refused, report.unconfirmed, report.not_sent }
end

describe("a bulk run", function()
  it("ends every item in one outcome, and tells of each", function()
    local client, model = fake.new()
    local list, told = {}, {}
    for i, resource in ipairs(model.state.resources) do
      list[i] = {
        resource_id = resource.id,
        resource_type = resource.type,
        user_email = "mia@example.com",
      }
    end
    list[11] = { resource_id = "voice_narrator", user_email = "mia@example.com" }
    local report = client:unshare_many(list, {
      on_result = function(it_, receipt, err)
        told[it_.resource_id .. (it_.resource_type or "")] = (receipt or err).outcome
      end,
    })
    assert.are.equal("total 11 confirmed 8 refused 2 unconfirmed 0 not_sent 1", tostring(report))
    assert.are.same({ 1, true }, { report.invalid, report.exhausted })
    assert.is_nil(report.stopped)
    assert.are.same(
      { "confirmed", "refused", "not_sent" },
      { told.voice_trailervoice, told.dub_teaserdubbing, told.voice_narrator }
    )
    for _, resource in ipairs(model.state.resources) do
      local kept = resource.creator == "user_mia" or resource.creator == "user_tom"
      assert.are.equal(kept, resource.roles.user_mia ~= nil, resource.id)
    end
  end)

  it("shares too", function()
    local client, model = fake.new()
    local report = client:share_many {
      { resource_id = "voice_narrator", resource_type = "voice", user_email = "eve@example.com",
        role = "viewer" },
    }
    assert.are.same({ 1, 0, 0, 0 }, outcomes(report))
    assert.are.equal("viewer", model.state.resources[1].roles.user_eve)
  end)

  it("names the place of what is wrong", function()
    local client = fake.new()
    local messages = {}
    client:unshare_many({ item(1), { resource_id = "x" }, "what" }, {
      on_result = function(_, _, err)
        messages[#messages + 1] = err and err.kind == "invalid_argument" and err.message or nil
      end,
    })
    assert.are.same({ "item 2: resource_type is missing", "item 3 is a string, not a table" },
      messages)
  end)

  it("takes no more than it can hold", function()
    local source, taken = many(1000)
    local most = 0
    run(function(_, now)
      most = math.max(most, taken())
      return now >= 2000 and {} or nil
    end, source, { deadline_ms = 500 }, { max_concurrency = 10 })
    assert.are.equal(10, most)
  end)

  it("goes by its own max_concurrency where that is less", function()
    local in_flight, most = 0, 0
    local report = run(function(attempt)
      if not attempt.seen then
        attempt.seen, in_flight = true, in_flight + 1
        most = math.max(most, in_flight)
        return nil
      end
      in_flight = in_flight - 1
      return {}
    end, (many(50)), { max_concurrency = 2 })
    assert.are.same({ 50, 2 }, { report.confirmed, most })
  end)

  it("goes by it also where items are sent again", function()
    local in_flight, most, tried = 0, 0, {}
    local report = run(function(attempt, now)
      if not attempt.since then
        attempt.since, in_flight = now, in_flight + 1
        most = math.max(most, in_flight)
      elseif now - attempt.since >= 100 then
        in_flight = in_flight - 1
        local id = attempt.args.resource_id
        tried[id] = (tried[id] or 0) + 1
        return { status = tried[id] < 3 and 500 or 200 }
      end
    end, (many(50)), { max_concurrency = 2 })
    assert.are.same({ 50, 2 }, { report.confirmed, most })
  end)

  for _, driver in ipairs { "blocking", "manual" } do
    it("goes through a real sandbox with the " .. driver .. " driver", function()
      local sandbox = sandboxes.start("--resources", "100", "--max-concurrent", "5")
      local client = sandbox:client { driver = driver }
      local list, path = {}, os.tmpname()
      for i, resource in ipairs(models.leaver(100).resources) do
        list[i] = {
          resource_id = resource.id,
          resource_type = resource.type,
          user_email = "mia@example.com",
        }
      end
      local report
      local job = coroutine.create(function()
        report = assert(client:unshare_many(list, { journal = path }))
      end)
      repeat
        assert(coroutine.resume(job))
      until coroutine.status(job) == "dead"
      assert.are.same({ 96, 4, 0, 0 }, outcomes(report))
      assert.is_true(client:stats().window <= 5)
      client:close()
      sandbox:stop()
      os.remove(path)
    end)
  end

  it("sends again what failed, and loses nothing", function()
    local seen = {}
    local report, core = run(function(attempt)
      local id = attempt.args.resource_id
      seen[id] = (seen[id] or 0) + 1
      return { status = seen[id] % 2 == 1 and 503 or 200 }
    end, (many(100)))
    assert.are.same({ 100, 0, 0, 0 }, outcomes(report))
    assert.are.same({ 100, 200 }, { report.retries, #core.attempts })
  end)

  it("gives an item up after 8 attempts", function()
    local report, core = run(function(attempt)
      return { status = attempt.args.resource_id == "id3" and 500 or 200 }
    end, (many(20)))
    assert.are.same({ 19, 0, 1, 0 }, outcomes(report))
    assert.are.equal(19 + 8, #core.attempts)
  end)

  it("waits out a minute without a server, and nothing has failed", function()
    for _, down in ipairs { { sent = false, status = 0, curl_code = 7 }, { status = 503 } } do
      local report, _, engine = run(function(_, now)
        return now < 61000 and down or {}
      end, (many(500)))
      assert.are.same({ 500, 0, 0, 0 }, outcomes(report))
      assert.is_true(engine.now() < 150000)
    end
  end)

  for _, every in ipairs { 20, 3 } do
    it(("reaches every item, though one in %d fails for ever"):format(every), function()
      local report = run(function(attempt)
        local number = tonumber(attempt.args.resource_id:match "%d+")
        return { status = number % every == 0 and 500 or 200 }
      end, (many(600)))
      assert.is_true(report.exhausted)
      assert.are.same({ 600 - 600 / every, 0, 600 / every, 0 }, outcomes(report))
    end)
  end

  it("stops after two minutes without one, and more can be had later", function()
    local source, taken = many(500)
    local report = run(always { sent = false, status = 0, curl_code = 7 }, source)
    assert.are.equal("outage", report.stopped)
    assert.is_false(report.exhausted)
    assert.are.same({ taken(), taken() }, { report.total, report.not_sent })
    assert.is_true(taken() <= 5 * 32)
  end)

  it("stops where the server asks for one pause after another, and says nothing else", function()
    for _, pause in ipairs { false, "1", "120", "300" } do
      local report, _, engine = run(function(_, now)
        assert.is_true(now < 3600000, "an hour of it")
        return { status = 429, headers = { ["retry-after"] = pause or nil } }
      end, (many(200)))
      assert.are.equal("outage", report.stopped)
      assert.is_true(engine.now() < 600000, engine.now())
    end
  end)

  describe("takes no failure of long ago for an outage:", function()
    local function pass(engine, ms)
      local at = engine.now() + ms
      engine:set_timer("pass", at)
      engine.wait(function()
        return engine.now() >= at
      end)
    end

    it("one before it began", function()
      local down = true
      local engine = world.running(function()
        return { status = down and 500 or 200 }
      end)
      local call = engine:start("unshare", item(0))
      assert.is_nil(call:result())
      pass(engine, 180000)
      down = false
      local report = bulk.start(engine, URL, "unshare", (many(10)), {}):result()
      assert.are.equal(10, report.confirmed)
      assert.is_nil(report.stopped)
    end)

    it("one before its source had nothing for a while", function()
      local engine = world.running(function(attempt)
        return { status = attempt.args.resource_id == "id1" and 500 or 200 }
      end)
      local given = 0
      local report = bulk.start(engine, URL, "unshare", function()
        given = given + 1
        if given == 2 then
          pass(engine, 180000)
        end
        return given <= 3 and item(given) or nil
      end, { max_concurrency = 1 }):result()
      assert.are.same({ 2, 0, 1, 0 }, outcomes(report))
    end)
  end)

  it("settles near what the server allows, and loses nothing", function()
    local in_flight, most_late, refused, done = 0, 0, 0, 0
    local report = run(function(attempt, now)
      if not attempt.since then
        attempt.since, in_flight = now, in_flight + 1
        attempt.over = in_flight > 5
        most_late = done > 500 and math.max(most_late, in_flight) or most_late
      end
      if attempt.over or now - attempt.since >= 100 then
        in_flight, done = in_flight - 1, done + 1
        refused = refused + (attempt.over and 1 or 0)
        return attempt.over
            and { status = 429, body = '{"detail":{"code":"concurrent_limit_exceeded"}}' }
          or {}
      end
    end, (many(2000)))
    assert.are.same({ 2000, 0, 0, 0 }, outcomes(report))
    assert.is_true(most_late <= 7, most_late)
    assert.is_true(refused < 400, refused)
  end)

  describe("stops", function()
    for name, row in pairs {
      ["at a redirect"] = { { status = 302 }, "redirect", 4 },
      ["where nobody pays"] = { { status = 402 }, "payment_required", 4 },
      ["where the key is refused twice"] = { { status = 401 }, "authentication", 10 },
      ["where the first 20 answers are 403"] = { { status = 403 }, "permission" },
      ["where the first 50 answers are the same refusal"] = { { status = 404 }, "refusals" },
      ["where the certificate is not trusted"] = {
        { sent = false, status = 0, curl_code = 60 },
        "tls",
        4,
      },
      ["where the server wants a pause of an hour"] = {
        { status = 429, headers = { ["retry-after"] = "3600" } },
        "rate_limited",
        4,
      },
      ["where a proxy cannot be used"] = {
        { sent = false, status = 0, curl_code = 5 },
        "proxy",
        4,
      },
      ["after 20 answers that are neither yes nor no"] = { { status = 204 }, "unexpected_answers" },
    } do
      it(name .. ", with an outcome for each item it took", function()
        local source, taken = many(1000)
        local messages = {}
        local report, core = run(always(row[1]), source, {
          on_result = function(_, _, err)
            messages[#messages + 1] = err.message
          end,
        })
        assert.are.equal(row[2], report.stopped)
        assert.are.equal(taken(), report.total)
        assert.are.equal(taken(), #messages)
        assert.is_false(report.exhausted)
        assert.is_true(taken() < 120, taken())
        if row[3] then
          assert.is_true(#core.attempts <= row[3], #core.attempts)
        end
        assert.matches("the run stopped: ", table.concat(messages, "\n"))
      end)
    end

    it("at its deadline: what is in flight is unconfirmed, what waits not sent", function()
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

    it("which counts from when its result is asked for", function()
      local engine, _, pass = world.new { wait = function() end }
      local run_ = bulk.start(engine, URL, "unshare", {}, { deadline_ms = 5000 })
      pass(60000)
      local report = run_:result()
      assert.are.same({ 0 }, { report.elapsed_ms, report.stopped })
    end)

    it("where the api_key function fails", function()
      local source, taken = many(1000)
      local report = run(always {}, source, {}, {
        api_key = function()
          error "the vault is sealed"
        end,
      })
      assert.are.same({ "authentication", 0 }, { report.stopped, report.invalid })
      assert.are.same({ taken(), taken() }, { report.total, report.not_sent })
      assert.is_true(taken() < 100)
    end)

    it("where its source raises", function()
      local given = 0
      local report = run(always {}, function()
        given = given + 1
        if given > 3 then
          error "the file is gone"
        end
        return item(given)
      end)
      assert.are.same({ "source", 3 }, { report.stopped, report.not_sent })
      assert.is_false(report.exhausted)
      assert.matches("the file is gone", report.stop_message)
    end)

    it("where a function of its owner raises, and tells the rest all the same", function()
      local told = 0
      local report = run(always {}, (many(100)), {
        on_result = function()
          told = told + 1
          error "disk full"
        end,
      })
      assert.are.equal("callback", report.stopped)
      assert.are.equal(report.total, told)
      assert.matches("disk full", report.stop_message)
    end)

    it("where one raises what no journal could hold, and shows no key", function()
      local path = os.tmpname()
      for _, raised in ipairs {
        "key\n" .. ("x"):rep(100000),
        setmetatable({}, {
          __tostring = function()
            error "no text"
          end,
        }),
        setmetatable({}, {
          __tostring = function()
            return {} -- which 5.1 passes on
          end,
        }),
      } do
        os.remove(path)
        local messages = ""
        local engine = world.running(function(attempt, now)
          return (attempt.args.resource_id == "id1" or now > 3000) and {} or nil
        end)
        local report = bulk.start(engine, URL, "unshare", (many(10)), {
          journal = path,
          on_result = function(_, _, err)
            messages = messages .. (err and err.message or "")
            error(raised, 0)
          end,
        }):result()
        assert.are.equal("callback", report.stopped)
        assert.is_true(report.not_sent > 0)
        local file = assert(io.open(path))
        local text = file:read "*a"
        file:close()
        assert.matches('{"end":true[^\n]*\n$', text)
        for _, shown in ipairs { messages, report.stop_message, text } do
          assert.is_nil(shown:find "key")
        end
        assert.is_nil(messages:find "\n")
      end
      os.remove(path)
    end)

    it("where the client is closed", function()
      local engine
      local report
      engine = world.running(function()
        engine:close()
        return {}
      end)
      report = bulk.start(engine, URL, "unshare", (many(100)), {}):result()
      assert.are.same({ "closed", report.total }, {
        report.stopped,
        report.confirmed + report.refused + report.unconfirmed + report.not_sent,
      })
      assert.is_true(report.total < 70, report.total)
    end)
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

    it("at once where it is asked twice", function()
      local report, now = cancelled(2, 60000)
      assert.is_true(report.unconfirmed > 0)
      assert.is_true(now < 1200, now)
    end)
  end)

  describe("dry", function()
    it("checks every item and sends nothing", function()
      local report, core = run(always {}, function()
        return nil
      end, { dry_run = true })
      assert.are.same({ 0, true }, { report.total, report.dry_run })
      local client = fake.new()
      report = client:unshare_many({ item(1), { resource_id = "x" } }, { dry_run = true })
      assert.are.same({ 2, 2, 1 }, { report.total, report.not_sent, report.invalid })
      assert.are.same({ 0, 0 }, { #core.attempts, client:stats().attempts })
    end)
  end)

  describe("reads a file whole before the first request", function()
    local path

    before_each(function()
      path = os.tmpname()
    end)

    after_each(function()
      os.remove(path)
    end)

    local function write(text)
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
    end

    it("and sends nothing where something is wrong with it", function()
      write("resource_id,resource_type,user_email\na,voice,x@example.com\n"
        .. "b,voize,x@example.com\nc\n")
      local client = fake.new()
      local report, err = client:unshare_many(assert(items.from_csv(path)))
      assert.is_nil(report)
      assert.are.equal("invalid_argument", err.kind)
      assert.are.equal(0, client:stats().calls)
      assert.are.equal(2, #err.details)
      assert.matches(", line 3, column 2 %(resource_type%): .*did you mean", err.details[1])
      assert.matches(", line 4, column 2: ", err.details[2])
      assert.matches("line 3.*and 1 more", err.message)
    end)

    it("case 10: and names the line, the column and the character", function()
      write("resource_id,resource_type,user_email\na,voice,mia@example.com\194\160\n"
        .. "1.23457E+17,voice,x@y.z\nb,voice,x\246@y.z\nc ,voice,x@y.z\nd,voice,mia\n")
      local _, err = fake.new():unshare_many(assert(items.from_csv(path)))
      local function at(line, column, field, what)
        local place = ("%s, line %d, column %d (%s): "):format(path, line, column, field)
        return place .. field .. what
      end
      assert.are.same({
        at(2, 3, "user_email", " holds U+00A0 NO-BREAK SPACE (character 16)"),
        at(3, 1, "resource_id", " is a number in scientific notation: a spreadsheet shortened the "
          .. "id; format its column as text and enter the id again"),
        at(4, 3, "user_email", " is not valid UTF-8 (character 2): save the text as UTF-8"),
        at(5, 1, "resource_id", " holds a space (character 2)"),
        at(6, 3, "user_email", " holds no @: pass an address such as mia@example.com"),
      }, err.details)
    end)

    it("case 28: and finds no items in one that has none", function()
      write "resource_id,resource_type,user_email\n , ,\n"
      local client = fake.new()
      local run_ = assert(client:start_many("unshare", assert(items.from_csv(path))))
      assert.are.equal(0, run_.count)
      local report = run_:result()
      assert.are.same({ 0, true }, { report.total, report.exhausted })
    end)

    for ending, text in pairs {
      csv = "resource_id,resource_type,user_email,role\n"
        .. "voice_narrator,voice,mia@example.com,viewer\n",
      jsonl = '{"resource_id":"voice_narrator","resource_type":"voice",'
        .. '"user_email":"mia@example.com","role":"viewer"}\n',
    } do
      it("case 40: and undoes a share with the share's own file, a " .. ending, function()
        write(text)
        local client = fake.new()
        local report = client:unshare_many(assert(items["from_" .. ending](path)))
        assert.are.same({ 1, { "role" } }, { report.confirmed, report.ignored })
        report = client:share_many(assert(items["from_" .. ending](path)))
        assert.are.equal(1, report.confirmed)
        assert.is_nil(report.ignored)
      end)
    end

    it("case 40: and refuses a role that is the caller's own in an unshare", function()
      write "resource_id,resource_type,user_email\nvoice_narrator,voice,mia@example.com\n"
      local client = fake.new()
      local report, err = client:unshare_many(assert(items.from_csv(path, { role = "viewer" })))
      assert.is_nil(report)
      assert.matches("role belongs to share alone", err.message)
      report = client:unshare_many { {
        resource_id = "voice_narrator", resource_type = "voice", user_email = "mia@example.com",
        role = "viewer",
      } }
      assert.are.same({ 1 }, { report.invalid, report.ignored })
    end)

    it("and counts it", function()
      write "resource_id,resource_type,user_email\nvoice_narrator,voice,mia@example.com\n"
      local counts = {}
      local client = fake.new()
      local report = client:unshare_many(assert(items.from_csv(path)), {
        on_progress = function(progress)
          counts[#counts + 1] = progress.count
        end,
      })
      assert.are.equal(1, report.confirmed)
      assert.are.equal(1, counts[1])
    end)
  end)

  it("tells its progress, ten times a second at most, and the end", function()
    local told = {}
    run(function(attempt, now)
      attempt.since = attempt.since or now
      return now - attempt.since >= 50 and {} or nil
    end, (many(1000)), {
      on_progress = function(progress)
        told[#told + 1] = progress
      end,
    })
    local last = told[#told]
    assert.are.same({ 1000, true, 0 }, { last.confirmed, last.over, last.held })
    assert.is_true(last.elapsed_ms / #told >= 90)
    assert.is_true(told[5].window >= 4 and told[5].held > 0)
  end)

  it("goes on where on_progress takes longer than the time between its calls", function()
    local engine = world.running(always {})
    local now, late, told = engine.now, 0, 0
    function engine.now()
      return now() + late
    end
    local report = bulk.start(engine, URL, "unshare", (many(10)), {
      on_progress = function()
        late, told = late + 150, told + 1
        assert(told < 100)
      end,
    }):result()
    assert.are.equal(10, report.confirmed)
  end)

  it("lets its callbacks call the client", function()
    local client = fake.new()
    local seen
    client:unshare_many({
      { resource_id = "voice_narrator", resource_type = "voice", user_email = "mia@example.com" },
    }, {
      on_result = function(it_)
        seen = client:get { resource_id = it_.resource_id, resource_type = it_.resource_type }
      end,
    })
    assert.are.same({}, seen.role_to_group_ids.editor)
  end)

  it("ends no item twice where a callback lets others end meanwhile", function()
    local client = fake.new()
    local told = {}
    local report = client:unshare_many((many(10)), {
      on_result = function(it_)
        told[it_.resource_id] = (told[it_.resource_id] or 0) + 1
        client:get { resource_id = "voice_narrator", resource_type = "voice" }
      end,
    })
    assert.are.equal(10, report.total)
    for number = 1, 10 do
      assert.are.equal(1, told["id" .. number], number)
    end
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

  it("keeps what an iterator gave, also where it gives the same table again", function()
    local one, count, seen = {}, 0, {}
    run(always {}, function()
      count = count + 1
      one.resource_id, one.resource_type = "id" .. count, "voice"
      one.user_email = "a@example.com"
      return count <= 20 and one or nil
    end, {
      on_result = function(it_)
        seen[#seen + 1] = it_.resource_id
      end,
    })
    table.sort(seen)
    assert.are.same({ 20, "id1", "id9" }, { #seen, seen[1], seen[20] })
  end)

  it("yields to the host between bursts of what needs no request", function()
    local client = fake.new { driver = require "elevenlabs.workspace.driver.manual" }
    local resumed = 0
    local job = coroutine.create(function()
      return client:unshare_many((many(10000)), { dry_run = true })
    end)
    repeat
      resumed = resumed + 1
      local _, report = assert(coroutine.resume(job))
      if report then
        assert.are.equal(10000, report.not_sent)
      end
    until coroutine.status(job) == "dead"
    assert.is_true(resumed > 5)
  end)

  it("cannot begin where its driver cannot wait, and sends nothing", function()
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

  it("ends what it took, and tells of it, where its driver can wait no longer", function()
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
    local report = assert(run_:result())
    os.remove(path)
    assert.is_true(client.engine.woken) -- others may wait for what that step ended
    assert.are.same({ "driver", "the frame is over" }, { report.stopped, report.stop_message })
    assert.are.same({ taken(), taken() }, { report.total, told })
    assert.is_true(report.refused > 0 and report.not_sent > 0)
    assert.are.equal(report, run_:result())
  end)

  describe("refuses", function()
    for name, row in pairs {
      ["an unknown option"] = { { jurnal = "x" }, "did you mean journal" },
      ["a journal that is no path"] = { { journal = true }, "must be a string" },
      ["a deadline of 0"] = { { deadline_ms = 0 }, "above 0" },
      ["half a request"] = { { max_concurrency = 1.5 }, "whole number" },
      ["a function that is none"] = { { on_result = "print" }, "must be a function" },
    } do
      it(name, function()
        local client = fake.new()
        local report, err = client:unshare_many({ item(1) }, row[1])
        assert.is_nil(report)
        assert.matches(row[2], err.message)
        assert.are.equal("invalid_argument", err.kind)
      end)
    end

    it("a source that an earlier run has read", function()
      local client = fake.new()
      local source = assert(items.product {
        resource_ids = { "voice_narrator" },
        resource_type = "voice",
        user_emails = { "mia@example.com" },
      })
      assert.are.equal(1, client:unshare_many(source, { dry_run = true }).total)
      local report, err = client:unshare_many(source)
      assert.is_nil(report)
      assert.are.same({ "invalid_argument", "items" }, { err.kind, err.field })
    end)

    it("what is no list, no operation, no options by raising", function()
      local client = fake.new()
      assert.has_error(function()
        client:unshare_many "leavers.csv"
      end, "a bulk run takes an array, an iterator or a source of items, got string")
      assert.has_error(function()
        client:share_many({}, "journal")
      end, "a bulk run takes a table of options, got string")
      assert.has_error(function()
        client:start_many("get", {})
      end, "the operation of a bulk run must be unshare or share")
    end)
  end)
end)
