local bulk = require "elevenlabs.workspace.bulk"
local fake = require "elevenlabs.workspace.sandbox.fake"
local journals = require "elevenlabs.workspace.bulk.journal"
local support = require "spec.support.bulk"
local workspace = require "elevenlabs.workspace"
local world = require "spec.support.world"

local URL = support.URL
local always, item, item_of, many, outcomes, run =
  support.always, support.item, support.item_of, support.many, support.outcomes, support.run

describe("the intake of a run", function()
  local journal

  before_each(function()
    journal = support.journal()
  end)

  after_each(function()
    journal:remove()
  end)

  it("names the place of an invalid item", function()
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

  describe("refuses an item that holds the key, and no file holds the key:", function()
    local KEY = "sk_hidden_key_01"
    local items = {}
    for i, id in ipairs { KEY, "x" .. KEY, "a/b", "desk" } do
      items[i] = { resource_id = id, resource_type = "voice", group_id = "g" }
    end
    items[4].workspace_api_key_id = KEY

    --- What the owner was told, and what the journal holds.
    local function refuse(api_key)
      local client = assert(workspace.new {
        base_url = "https://127.0.0.1:1",
        api_key = api_key,
        max_attempts = 1,
      })
      local told = {}
      local report = assert(client:unshare_many(items, {
        journal = journal.path,
        on_result = function(it_, _, err)
          local target = it_.workspace_api_key_id
          told[#told + 1] = ("%s %s %s"):format(it_.resource_id, target or "", err.kind)
        end,
      }))
      client:close()
      table.sort(told)
      assert.are.same({
        "[secret]  invalid_argument",
        "a/b  invalid_argument",
        "desk [secret] invalid_argument",
        "x[secret]  invalid_argument",
      }, told)
      assert.are.same({ 4, 4 }, { report.not_sent, report.invalid })
      assert.is_nil(journal:read():find(KEY, 1, true))
      assert.is_nil(tostring(report):find(KEY, 1, true))
    end

    it("the key is a string", function()
      refuse(KEY)
    end)

    it("the key is a function's, and not known before the first request", function()
      items[4].group_id = nil
      refuse(function()
        return KEY
      end)
      assert.matches('"resource_id":"x%[secret%]"', journal:read())
      items[4].group_id = "g"
    end)
  end)

  it("gives each item that is sent or refused the number of its events", function()
    local ends, told = {}, {}
    local items = { item(1), { bad = true, resource_id = "x" }, "what", item(2) }
    local _, _, engine = run(support.only("id1", { status = 404 }), items, {
      on_result = function(_, receipt, err)
        told[(receipt or err).call] = (receipt or err).outcome
      end,
    }, {
      on_event = function(event)
        ends[event.call] = event.name == "done" and event.outcome or nil
      end,
    })
    assert.are.same(ends, told)
    table.sort(ends)
    assert.are.same({ "confirmed", "not_sent", "not_sent", "refused" }, ends)
    assert.are.same({ 4, 2 }, { engine.counts.calls, engine.counts.not_sent })
  end)

  it("gives no number, and tells of no event, in a dry run", function()
    local numbers = {}
    local _, _, engine = run(always {}, { item(1), { bad = true } }, {
      dry_run = true,
      on_result = function(_, _, err)
        numbers[#numbers + 1] = err.call or "none"
      end,
    }, {
      on_event = function()
        error "an event"
      end,
    })
    assert.are.same({ "none", "none" }, numbers)
    assert.are.same({ 0, 0 }, { engine.outbox.errors, engine.counts.calls })
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

  it("keeps to the run's own max_concurrency if that is less", function()
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

  it("keeps to it also if items are sent again", function()
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

  it("stops the run if the source raises", function()
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

  it("stops the run if the client is closed", function()
    local engine
    local next_item, taken = many(100), 0
    engine = world.running(function()
      engine:close()
      return {}
    end)
    local report = bulk.start(engine, URL, "unshare", function()
      taken = taken + 1
      return next_item()
    end, {}):result()
    assert.are.equal(taken, report.total) -- each once
    assert.are.same({ "closed", report.total }, {
      report.stopped,
      report.confirmed + report.refused + report.unconfirmed + report.not_sent,
    })
    assert.is_true(report.total < 70, report.total)
  end)

  it("copies each item, as an iterator may give the same table again", function()
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

  it("of a dry run checks every item and sends nothing", function()
    local report, core = run(always {}, function()
      return nil
    end, { dry_run = true })
    assert.are.same({ 0, true }, { report.total, report.dry_run })
    local client = fake.new()
    report = client:unshare_many({ item(1), { resource_id = "x" } }, { dry_run = true })
    assert.are.same({ 2, 2, 1 }, { report.total, report.not_sent, report.invalid })
    assert.are.same({ 0, 0 }, { #core.attempts, client:stats().attempts })
  end)

  it("has each intent on the disk before it is sent", function()
    local seen
    journal:run({ "x" }, function()
      seen = journal:records()
      return {}
    end, "share")
    assert.are.same({ "x", true, nil }, { seen[2].resource_id, seen[2].intent, seen[3] })
  end)

  it("sends no share if its intent cannot be written", function()
    local report, told = journal:run_to_full_disk(1, 5, "share")
    assert.are.same({ "journal", 5 }, { report.stopped, report.not_sent })
    assert.are.equal("journal", told[1].kind)
  end)

  it("does not say that an item was not sent which a killed run may have sent", function()
    assert(journals.open(journal.path, { operation = "unshare", base_url = URL })):close()
    local told
    local run_ = bulk.start(world.running(always {}), URL, "unshare", { item_of "a" }, {
      journal = journal.path,
      on_result = function(_, _, err)
        told = err
      end,
    })
    run_.known_items.set = {
      add = function()
        return nil, { kind = "out_of_memory", message = "out of memory" }
      end,
    }
    assert.are.equal("journal", assert(run_:result()).stopped)
    assert.are.same({ "unconfirmed", "out_of_memory" }, { told.outcome, told.kind })
  end)
end)
