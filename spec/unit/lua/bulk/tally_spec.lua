local core = require "elevenlabs.workspace.core"
local items = require "elevenlabs.workspace.items"
local support = require "spec.support.bulk"
local tallies = require "elevenlabs.workspace.bulk.tally"
local arrays = require "elevenlabs.workspace.items.array"

local item_of, only = support.item_of, support.only
local NOT_FOUND = { status = 404, body = '{"detail":"Not Found"}' }

describe("a tally of journals", function()
  local journals

  before_each(function()
    journals = {}
  end)

  after_each(function()
    for _, journal in ipairs(journals) do
      journal:remove()
    end
  end)

  local function new_journal()
    journals[#journals + 1] = support.journal()
    return journals[#journals]
  end

  --- A journal of a run over items of these ids.
  local function journal_of(ids, answer, op, opts)
    local journal = new_journal()
    assert(journal:run(ids, answer, op, opts))
    return journal
  end

  --- A journal with these records.
  local function journal_with(...)
    local journal = new_journal()
    local file = assert(core.open_journal(journal.path, true))
    file:next()
    for _, text in ipairs { ... } do
      assert(file:append(text))
    end
    assert(file:sync())
    file:close()
    return journal
  end

  --- The tally, and what was told of failed items.
  local function tally_of(...)
    local tally, failed = tallies.new(), {}
    for _, journal in ipairs { ... } do
      assert(tally:add(journal.path, function(item, err)
        failed[#failed + 1] = ("%s %s %s"):format(item.resource_id, err.outcome, err.message)
      end))
    end
    table.sort(failed)
    return tally, failed
  end

  local function outcomes(tally)
    return { tally.total, tally.confirmed, tally.refused, tally.unconfirmed, tally.not_sent }
  end

  local function refused(pattern, ...)
    local tally, err = tallies.new(), nil
    for _, journal in ipairs { ... } do
      local _
      _, err = tally:add(journal.path)
    end
    assert.is_not_nil(err)
    assert.are.equal("journal", err.kind)
    assert.matches(pattern, err.message)
  end

  local function list(ids)
    local all = {}
    for i, id in ipairs(ids) do
      all[i] = type(id) == "table" and id or item_of(id)
    end
    return assert(arrays.source(all))
  end

  it("counts items by their outcome, over all journals", function()
    local tally, failed =
      tally_of(journal_of({ "a", "b" }, only("b", NOT_FOUND)), journal_of { "c" })
    assert.are.same({ 3, 2, 1, 0, 0 }, outcomes(tally))
    assert.are.same({ 2, 1 }, { tally.journals[1].total, tally.journals[2].total })
    assert.are.same({ "b refused Not Found" }, failed)
    assert.is_false(tally:is_complete())
    assert.is_true((tally_of(journal_of { "c" })):is_complete())
  end)

  it("counts what the last run made of an item, once", function()
    local journal = journal_of({ "a", "b", "c" }, support.always(NOT_FOUND))
    journal:run({ "a", "b", "c" }, only("b", { status = 403, body = '{"detail":"No"}' }))
    local tally, failed = tally_of(journal)
    assert.are.same({ 3, 2, 1, 0, 0 }, outcomes(tally))
    assert.are.same({ "b refused No" }, failed)
    journal:run({ "b" })
    tally, failed = tally_of(journal)
    assert.are.same({ 3, 3, 0, 0, 0 }, outcomes(tally))
    assert.are.same({}, failed)
    assert.is_true(tally:is_complete())
  end)

  it("finds the last failure after more runs than it can number", function()
    local journal = journal_of({ "a" }, support.always(NOT_FOUND))
    for run = 1, 40 do
      local body = ('{"detail":"No %d"}'):format(run)
      journal:run({ "a" }, support.always { status = 403, body = body })
    end
    local tally, failed = tally_of(journal)
    assert.are.same({ 1, 0, 1, 0, 0 }, outcomes(tally))
    assert.are.equal(1, #failed)
  end)

  it("does not confirm a share of which only the intent is there", function()
    local journal = journal_of({ "a", "b" }, nil, "share")
    local text = journal:read()
    journal:write((text:gsub('[^\n]*"resource_id":"b"[^\n]*"outcome"[^\n]*\n', "")))
    local tally, failed = tally_of(journal)
    assert.are.same({ 2, 1, 0, 1, 0 }, outcomes(tally))
    assert.matches("^b unconfirmed a run may have shared it", failed[1])
  end)

  it("tells two roles for one target apart", function()
    local journal = journal_of({ item_of("a", "viewer") }, nil, "share")
    journal:run({ item_of("a", "admin") }, support.always(NOT_FOUND), "share")
    local tally = tally_of(journal)
    assert.are.same({ 2, 1, 1, 0, 0 }, outcomes(tally))
    assert(tally:compare(list { item_of("a", "viewer"), item_of("a", "editor") }, function() end))
    assert.are.same({ total = 2, missing = 1, unlisted = 1 }, tally.list)
  end)

  describe("knows of each run", function()
    local function state_of(journal)
      local tally = tally_of(journal)
      return tally.journals[1].state, tally:is_complete()
    end

    it("that it ended", function()
      assert.are.same({ "ended", true }, { state_of(journal_of { "a" }) })
    end)

    it("that it was killed, until it was run again", function()
      local journal = journal_of { "a" }
      journal:kill()
      assert.are.same({ "killed", false }, { state_of(journal) })
      journal:run { "a" }
      assert.are.same({ "ended", true }, { state_of(journal) })
      journal:kill()
      assert.are.same({ "killed", false }, { state_of(journal) })
    end)

    it("that it is at work", function()
      local journal = journal_of { "a" }
      local opened = assert(journal:open())
      assert.are.same({ "running", false }, { state_of(journal) })
      opened:close()
      assert.are.same({ "killed", false }, { state_of(journal) }) -- "resume" was its last record
    end)

    it("that it stopped before its list ended, unless nothing of the list is left", function()
      local journal = journal_of({ "a", "b" }, support.always { status = 401 }, nil, {
        max_concurrency = 1,
      })
      assert.are.equal("stopped", (state_of(journal)))
      journal:run { "a" }
      journal:write((journal:read():gsub('("end":true),"exhausted":true', "%1")))
      local text = journal:read():gsub(',"crc32c":"%x+"}', "}") -- as a first version wrote it
      journal:write ""
      local lines = {}
      for line in text:gmatch "[^\n]+" do
        lines[#lines + 1] = line
      end
      local old = journal_with((unpack or table.unpack)(lines))
      assert.are.same({ "stopped", false }, { state_of(old) })
      local tally = tally_of(old)
      assert(tally:compare(list { "a" }, function() end))
      assert.is_true(tally:is_complete())
    end)

    it("that it found invalid items", function()
      local journal = journal_of({ item_of("a", "viewer"), item_of("a", "admin") }, nil, "share")
      local tally = tally_of(journal)
      assert.are.same({ "ended", 1, false },
        { tally.journals[1].state, tally.journals[1].invalid, tally:is_complete() })
    end)
  end)

  it("counts an item that ended in two journals", function()
    local one, two = journal_of { "a", "b" }, journal_of { "b", "c" }
    local tally = tally_of(one, two)
    assert.are.same({ 4, 1, false }, { tally.total, tally.doubles, tally:is_complete() })
  end)

  describe("compared with the list", function()
    it("counts what is in no journal, and what is not in the list", function()
      local tally, missing = tally_of(journal_of { "a", "b", "x" }), {}
      assert(tally:compare(list { "a", "b", "c", "c", "d", "a" }, function(item)
        missing[#missing + 1] = item.resource_id
      end))
      assert.are.same({ total = 4, missing = 2, unlisted = 1 }, tally.list)
      assert.are.same({ "c", "d" }, missing)
      assert.is_false(tally:is_complete())
    end)

    it("is complete if nothing is missing", function()
      local tally = tally_of(journal_of { "a", "b" })
      assert(tally:compare(list { "b", "a" }, error))
      assert.are.same({ total = 2, missing = 0, unlisted = 0 }, tally.list)
      assert.is_true(tally:is_complete())
    end)

    it("says nothing if the list cannot be read", function()
      for _, row in ipairs {
        { { { resource_id = "x", resource_type = "voice" } }, "item 1: the item has no target" },
        { { "a", { resource_id = "x", group_id = "g" } }, "item 2: resource_type is missing" },
        { { { resource_type = "x", group_id = "g" } }, "item 1: resource_id is missing" },
      } do
        local ok, err = tally_of(journal_of { "a" }):compare(list(row[1]), function() end)
        assert.are.same({ "invalid_argument", row[2] }, { ok == nil and err.kind, err.message })
      end
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write "resource_id,resource_type,group_id\na,voice,g\nb\n"
      file:close()
      local source = assert(items.from_csv(path))
      local ok, err = tally_of(journal_of { "a" }):compare(source, function() end)
      assert.is_nil(ok)
      assert.matches("line 3", err.message)
      os.remove(path)
    end)
  end)

  describe("of parts", function()
    local ids = { "a", "b", "c", "d", "e", "f", "g", "h" }

    it("is complete if each part has one journal", function()
      local parts = {}
      for number = 0, 2 do
        parts[number + 1] = journal_of(ids, nil, nil, { part = number .. "/3" })
      end
      local tally = tally_of((unpack or table.unpack)(parts))
      assert.are.same({ 8, 8, 0, 0, 0 }, outcomes(tally))
      assert.are.same({ {}, {} }, { tally:parts() })
      assert(tally:compare(list(ids), error))
      assert.is_true(tally:is_complete())
    end)

    it("names the parts without a journal, and those with two", function()
      local one = journal_of(ids, nil, nil, { part = "1/4" })
      local tally = tally_of(one, journal_of(ids, nil, nil, { part = "3/4" }), one)
      assert.are.same({ { 0, 2 }, { 1 } }, { tally:parts() })
      assert.are.equal(tally.journals[1].total, tally.doubles)
      assert.is_false(tally:is_complete())
    end)

    it("is not complete if an empty part has no journal", function()
      local tally = tally_of(journal_of({}, nil, nil, { part = "0/2" }))
      assert.are.same({ { 1 }, {} }, { tally:parts() })
      assert.is_false(tally:is_complete())
      tally = tally_of(journal_of({}, nil, nil, { part = "0/1" }))
      assert.is_true(tally:is_complete())
    end)
  end)

  describe("refuses", function()
    it("journals of two operations, servers or numbers of parts", function()
      local one = journal_of { "a" }
      refused("is a journal of share, and .* is one of unshare", one, journal_of({}, nil, "share"))
      refused("is a journal of the whole list, and .* is one of part 0/2",
        journal_of({}, nil, nil, { part = "0/2" }), one)
      refused("is a journal of part 0/3, and .* is one of part 0/2",
        journal_of({}, nil, nil, { part = "0/2" }), journal_of({}, nil, nil, { part = "0/3" }))
      local other = journal_with('{"format":"elevenlabs-workspace journal 1",'
        .. '"operation":"unshare","base_url":"https://other.example"}')
      refused("a run against https://other.example, and .* against https://server.example",
        one, other)
    end)

    it("what is no whole journal", function()
      refused("is not there", { path = "/nowhere/x.journal" })
      refused("has no header", new_journal())
      local damaged = journal_of { "a" }
      damaged:write((damaged:read():gsub("confirmed", "confirmeb")))
      refused("line 2 is damaged", damaged)
      local header = '{"format":"elevenlabs-workspace journal 1","operation":"unshare",'
        .. '"base_url":"https://server.example"}'
      refused("has a line 2 without an outcome",
        journal_with(header, '{"resource_id":"x","resource_type":"voice","group_id":"g"}'))
      for _, text in ipairs {
        header:gsub("unshare", "get"),
        header:gsub("unshare", "what"),
        header:gsub('"base_url"', '"url"'),
        header:gsub('"base_url"', '"part":"3","base_url"'),
        header:gsub('"base_url"', '"part":"03/4","base_url"'),
        (header:gsub('"base_url"', '"part":3,"base_url"')),
      } do
        refused("has a header that this program did not write", journal_with(text))
      end
    end)
  end)

  it("keeps no run from starting", function()
    local journal = journal_of({ "a" }, support.always(NOT_FOUND))
    local report
    assert(tallies.new():add(journal.path, function()
      report = journal:run { "a" }
    end))
    assert.are.equal(1, report.confirmed)
  end)
end)
