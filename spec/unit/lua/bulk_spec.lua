local bulk = require "elevenlabs.workspace.bulk"
local fake = require "elevenlabs.workspace.sandbox.fake"
local items = require "elevenlabs.workspace.items"
local leaver = require "elevenlabs.workspace.sandbox.leaver"
local sandboxes = require "spec.support.servers.sandbox"
local support = require "spec.support.bulk"
local world = require "spec.support.world"

local URL = support.URL
local always, item, many, outcomes, run =
  support.always, support.item, support.many, support.outcomes, support.run

describe("a bulk run", function()
  it("shares too", function()
    local client, model = fake.new()
    local report = client:share_many {
      { resource_id = "voice_narrator", resource_type = "voice", user_email = "eve@example.com",
        role = "viewer" },
    }
    assert.are.same({ 1, 0, 0, 0 }, outcomes(report))
    assert.are.equal("viewer", model.state.resources[1].roles.user_eve)
  end)

  for _, driver in ipairs { "blocking", "manual" } do
    it("goes through a real sandbox with the " .. driver .. " driver", function()
      local sandbox = sandboxes.start("--resources", "100", "--max-concurrent", "5")
      local client = sandbox:client { driver = driver }
      local list, path = {}, os.tmpname()
      for i, resource in ipairs(leaver.state(100).resources) do
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

  describe("over a file with the key in it begins not, dry or not:", function()
    for name, row in pairs {
      ["a row"] = "x%s,voice,a@example.com",
      ["a row that is no item, as its target is another"] = "id,voice,%s@example.com",
    } do
      it(name, function()
        local path, journal = os.tmpname(), os.tmpname()
        os.remove(journal)
        local file = assert(io.open(path, "w"))
        local key = "k_hidden_key_01"
        file:write("resource_id,resource_type,user_email\n", row:format(key), "\n")
        file:close()
        for _, dry_run in ipairs { true, false } do
          local client = fake.new { api_key = key }
          local list = assert(items.from_csv(path, { user_email = "a@example.com" }))
          local report, err = client:unshare_many(list, { dry_run = dry_run, journal = journal })
          assert.is_nil(report)
          assert.matches("line 2.*nothing was sent", err.message)
          assert.is_nil((err.message .. err.details[1]):find(key, 1, true))
          assert.is_nil(io.open(journal))
        end
        os.remove(path)
      end)
    end
  end)

  describe("over a part of its items", function()
    local function once_each(count)
      local wanted = {}
      for i = 1, count do
        wanted["id" .. i] = 1
      end
      return wanted
    end

    it("loses none and sends none twice, in whatever order each part has them", function()
      local list = {}
      for i = 1, 200 do
        list[i] = item(i)
      end
      local function shuffled()
        for i = #list, 2, -1 do
          local j = math.random(i)
          list[i], list[j] = list[j], list[i]
        end
        return list
      end
      local confirmed = {}
      for number = 0, 15 do
        run(always {}, shuffled(), {
          part = number .. "/16",
          on_result = function(item_)
            confirmed[item_.resource_id] = (confirmed[item_.resource_id] or 0) + 1
          end,
        })
      end
      assert.are.same(once_each(200), confirmed)
    end)

    it("names what is no item, and what has no resource, once", function()
      local client, list, messages = fake.new(), { item(1), "what", {}, { resource_id = "x" } }, {}
      for number = 0, 2 do
        client:unshare_many(list, {
          part = number .. "/3",
          on_result = function(_, _, err)
            messages[#messages + 1] = err.kind == "invalid_argument" and err.message or nil
          end,
        })
      end
      table.sort(messages)
      assert.are.same({
        "item 2 is a string, not a table",
        "item 3: resource_id is missing",
        "item 4: resource_type is missing",
      }, messages)
    end)

    it("checks the items of all parts of a file before it sends any", function()
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write "resource_id,resource_type,user_email\nid1,voice,a@example.com\nid2,voice,\n"
      file:close()
      for number = 0, 1 do
        local client = fake.new()
        local list = assert(items.from_csv(path))
        local report, err = client:unshare_many(list, { part = number .. "/2" })
        assert.is_nil(report)
        assert.matches("line 3.*nothing was sent", err.message)
      end
      os.remove(path)
    end)

    it("asks may_begin with both counts", function()
      local list, asked = {}, nil
      for i = 1, 50 do
        list[i] = item(i)
      end
      local report = run(always {}, list, {
        part = "0/2",
        may_begin = function(...)
          asked = { ... }
          return true
        end,
      })
      assert.are.same({ report.total, true, 50 }, asked)
    end)

    it("reads what other parts do not read", function()
      local read = {}
      local list = { item(1), item(2), item(3), item(4) }
      for i = 1, 4 do
        list[i].user_email = nil
      end
      for number = 0, 2 do
        run(always { body = '{"resource_id":"x"}' }, list, {
          part = number .. "/3",
          on_result = function(item_)
            read[item_.resource_id] = (read[item_.resource_id] or 0) + 1
          end,
        }, nil, "get")
      end
      assert.are.same(once_each(4), read)
    end)

    it("is not begun if the part has no such name", function()
      for _, row in ipairs {
        { 3, "part must be a string" },
        { "3", "part must be K/N, such as 3/16: part 3 of 0 to 15" },
        { "2/2", "part must be one of 0/2 to 1/2: parts are counted from 0" },
      } do
        local engine = world.running(always {})
        local started, err = bulk.start(engine, URL, "unshare", {}, { part = row[1] })
        assert.is_nil(started)
        assert.are.same({ "part", row[2] }, { err.field, err.message })
      end
    end)
  end)

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

  it("stops after two minutes without one, and more can be had later", function()
    local source, taken = many(500)
    local report = run(always { sent = false, status = 0, curl_code = 7 }, source)
    assert.are.equal("outage", report.stopped)
    assert.is_false(report.exhausted)
    assert.are.same({ taken(), taken() }, { report.total, report.not_sent })
    assert.is_true(taken() <= 5 * 32)
  end)

  it("stops if the server asks for one pause after another, and says nothing else", function()
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
      engine:wait(function()
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

    it("and sends nothing if something is wrong with it", function()
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

    it("and reads the resources of a list of changes", function()
      write(
        "resource_id,resource_type,user_email,role\n"
          .. "voice_narrator,voice,mia@example.com,editor\n"
      )
      local client = fake.new()
      local report = client:get_many(assert(items.from_csv(path)))
      assert.are.same({ 1, { "role", "user_email" } }, { report.confirmed, report.ignored })
    end)

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
        client:start_many("connect", {})
      end, "the operation of a bulk run must be unshare, share or get")
    end)
  end)

  it("does not stop at refusals if an earlier run had confirmations", function()
    local journal = support.journal()
    local function many_gone(attempt)
      return attempt.args.resource_id == "0" and {} or { status = 404 }
    end
    local ids = {}
    for i = 0, 99 do
      ids[i + 1] = tostring(i)
    end
    journal:run(ids, many_gone)
    for _ = 1, 2 do
      local report = journal:run(ids, many_gone)
      assert.is_nil(report.stopped)
      assert.are.same({ 100, 1, 99 }, { report.total, report.confirmed, report.refused })
    end
    journal:remove()
  end)
end)
