local bulk = require "elevenlabs.workspace.bulk"
local cjson = require "cjson"
local journals = require "elevenlabs.workspace.bulk.journal"
local uv = require "luv"
local world = require "spec.support.world"

local URL = "https://server.example"

local path

local function read()
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function write(text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function records()
  local list = {}
  for line in read():gmatch "[^\n]+" do
    list[#list + 1] = cjson.decode(line)
    list[#list].at, list[#list].crc32c = nil, nil
  end
  return list
end

local function item(id, role)
  return { resource_id = id, resource_type = "voice", user_email = "a@example.com", role = role }
end

local function open(options)
  local all = { operation = "unshare", base_url = URL }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return journals.open(path, all)
end

--- A bulk run over items of these ids, in a world that answers so.
local function run(ids, answer, op, opts)
  local engine, core = world.running(answer)
  local list, told = {}, {}
  for i, id in ipairs(ids) do
    list[i] = type(id) == "table" and id or item(id, op == "share" and "viewer" or nil)
  end
  local all = {
    journal = path,
    on_result = function(it_, receipt, err)
      told[it_.resource_id] = receipt or err
    end,
  }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  local run_, why = bulk.start(engine, URL, op or "unshare", list, all)
  if not run_ then
    return nil, why
  end
  return run_:result(), told, core
end

local function ok()
  return {}
end

local function only(id, changes)
  return function(attempt)
    return attempt.args.resource_id == id and changes or {}
  end
end

describe("the journal", function()
  before_each(function()
    path = os.tmpname()
  end)

  after_each(function()
    os.remove(path)
  end)

  it("holds what the run was, what became of each item, and that it ended", function()
    local report = run({ "x", "y" }, only("y", { status = 404, body = '{"detail":"Not Found"}' }))
    assert.are.same({ path = path, resumed = false }, report.journal)
    local list = records()
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", list[1].created)
    list[1].created = nil
    assert.are.same({
      { format = "elevenlabs-workspace journal 1", operation = "unshare", base_url = URL },
      { resource_id = "x", resource_type = "voice", user_email = "a@example.com",
        outcome = "confirmed", status = 200 },
      { resource_id = "y", resource_type = "voice", user_email = "a@example.com",
        outcome = "refused", status = 404, kind = "not_found", message = "Not Found" },
      { ["end"] = true },
    }, list)
  end)

  it("case 33: begins no bulk run where others may write it", function()
    assert(run({ "a" }, ok))
    assert(uv.fs_chmod(path, tonumber("666", 8)))
    local text = read()
    for _, opts in ipairs { {}, { dry_run = true } } do
      local report, err = run({ "a", "b" }, ok, nil, opts)
      assert.is_nil(report)
      assert.are.same({ "journal", "journal", "not_sent" }, { err.kind, err.field, err.outcome })
      assert.matches("can be written by others: .* chmod 600 it$", err.message)
    end
    assert.are.equal(text, read())
    assert(uv.fs_chmod(path, tonumber("600", 8)))
    assert.are.equal(1, run({ "a", "b" }, ok).already_confirmed)
  end)

  it("lets the next run send only what is not confirmed", function()
    run({ "x", "y", "z" }, only("y", { status = 404 }))
    local report, told, core = run({ "x", "y", "z", "new" }, ok)
    assert.are.same({ 4, 4, 2, true }, {
      report.total,
      report.confirmed,
      report.already_confirmed,
      report.journal.resumed,
    })
    assert.are.equal(2, #core.attempts)
    assert.are.equal("confirmed by an earlier run", tostring(told.x))
    assert.are.equal("confirmed (HTTP 200)", tostring(told.y))
  end)

  it("finds an item that comes twice: sent once, counted once", function()
    local report, _, core = run({ "x", "y", "x", "x" }, ok)
    assert.are.same({ 2, 2, 2, 2 },
      { report.total, report.confirmed, report.duplicates, #core.attempts })
  end)

  it("tells items apart by type, target and kind of target", function()
    local list = { item "x", item "x", item "x", item "x" }
    list[2].resource_type = "project"
    list[3].user_email = "b@example.com"
    list[4].user_email, list[4].group_id = nil, "a@example.com"
    local report = run(list, ok)
    assert.are.same({ 4, 0 }, { report.confirmed, report.duplicates })
  end)

  describe("says nothing before it is on the disk:", function()
    it("a group of 256", function()
      local told, synced = 0, 0
      local engine = world.running(ok)
      local count = 0
      local run_ = bulk.start(engine, URL, "unshare", function()
        count = count + 1
        return count <= 600 and item("id" .. count) or nil
      end, {
        journal = path,
        on_result = function()
          told = told + 1
          assert(told <= synced)
        end,
      })
      local sync = run_.journal.sync
      local recorded = 0
      function run_.journal.record(self, ...)
        recorded = recorded + 1
        return getmetatable(self).record(self, ...)
      end
      function run_.journal.sync(self)
        synced = recorded
        return sync(self)
      end
      local report = run_:result()
      assert.is_nil(report.stopped)
      assert.are.same({ 600, 600 }, { report.confirmed, told })
    end)

    it("or 100 ms", function()
      local when
      local _, _, _ = run({ "x", "slow" }, function(attempt, now)
        return (attempt.args.resource_id == "x" or now >= 5000) and {} or nil
      end, "unshare", {
        on_result = function(it_)
          when = when or { it_.resource_id, #records() }
        end,
      })
      assert.are.same({ "x", 2 }, when) -- the header and x
    end)
  end)

  it("has the next run not stop at refusals, where the first had confirmations", function()
    local function many_gone(attempt)
      return attempt.args.resource_id == "0" and {} or { status = 404 }
    end
    local ids = {}
    for i = 0, 99 do
      ids[i + 1] = tostring(i)
    end
    run(ids, many_gone)
    for _ = 1, 2 do
      local report = run(ids, many_gone)
      assert.is_nil(report.stopped)
      assert.are.same({ 100, 1, 99 }, { report.total, report.confirmed, report.refused })
    end
  end)

  describe("after a run that was killed", function()
    --- What a killed run leaves: no end.
    local function kill()
      write((read():gsub('{"end":true[^\n]*\n', "")))
    end

    it("calls each refusal ambiguous, as any item may have been on its way", function()
      run({ "x" }, ok)
      kill()
      local _, told = run({ "x", "y" }, only("y", { status = 404 }))
      assert.are.same({ "refused", true }, { told.y.outcome, told.y.ambiguous })
    end)

    it("also in the run after the next", function()
      run({ "x" }, ok)
      kill()
      run({ "x" }, ok)
      local _, told = run({ "y" }, only("y", { status = 404 }))
      assert.is_true(told.y.ambiguous)
    end)

    it("but not after one that ended", function()
      run({ "x", "y" }, only("y", { status = 404 }))
      local _, told = run({ "y" }, only("y", { status = 404 }))
      assert.is_nil(told.y.ambiguous)
    end)

    it("calls what cannot be sent again unconfirmed", function()
      run({ "x" }, ok)
      kill()
      local _, told = run({ "y" }, only("y", { sent = false, status = 0, curl_code = 60 }))
      assert.are.equal("unconfirmed", told.y.outcome)
    end)
  end)

  it("remembers what may have been applied, over a run that ended", function()
    run({ "x" }, only("x", { status = 302 }))
    local _, told = run({ "x" }, only("x", { status = 404 }))
    assert.is_true(told.x.ambiguous)
    _, told = run({ "x" }, only("x", { status = 404 }))
    assert.is_true(told.x.ambiguous)
    _, told = run({ "x" }, ok)
    assert.are.equal("confirmed", told.x.outcome)
  end)

  it("remembers it also where the client was closed before the item's turn", function()
    run({ "a" }, only("a", { status = 204 }))
    local engine = world.running(ok)
    local run_ = bulk.start(engine, URL, "unshare", { item "a" }, { journal = path })
    engine:close()
    local report = run_:result()
    assert.are.same({ "closed", 1, 0 }, { report.stopped, report.unconfirmed, report.not_sent })
    local _, told = run({ "a" }, only("a", { status = 404 }))
    assert.is_true(told.a.ambiguous)
  end)

  describe("of shares", function()
    it("has each intent on the disk before it is sent", function()
      local seen
      run({ "x" }, function()
        seen = records()
        return {}
      end, "share")
      assert.are.same({ "x", true, nil }, { seen[2].resource_id, seen[2].intent, seen[3] })
    end)

    it("sends none again whose intent stands without an answer", function()
      run({ "x", "y" }, function(attempt)
        if attempt.args.resource_id == "y" then
          return {}
        end
        return { status = 0, curl_code = 56 }
      end, "share")
      local report, told, core = run({ "x", "y" }, ok, "share")
      assert.are.same({ 1, 1, 0 }, { report.unconfirmed, report.already_confirmed, #core.attempts })
      assert.are.same({ "unconfirmed", "journal" }, { told.x.outcome, told.x.kind })
    end)

    it("sends none again that was on its way when its run was killed", function()
      run({ "x" }, ok, "share")
      write((read():gsub('("intent":true[^\n]*\n).*$', "%1")))
      local report, told, core = run({ "x" }, ok, "share")
      assert.are.same({ 1, 0 }, { report.unconfirmed, #core.attempts })
      assert.are.equal("journal", told.x.kind)
    end)

    it("sends again what was refused or never left", function()
      run({ "x" }, only("x", { status = 404 }), "share")
      local report = run({ "x" }, ok, "share")
      assert.are.equal(1, report.confirmed)
    end)

    it("refuses two roles for one target in one list", function()
      local failure
      local report = run({ item("x", "viewer"), item("x", "editor") }, ok, "share", {
        on_result = function(_, _, err)
          failure = failure or err
        end,
      })
      assert.are.same({ 1, 1, 1 }, { report.confirmed, report.not_sent, report.invalid })
      assert.are.same({ "invalid_argument", "role" }, { failure.kind, failure.field })
    end)

    it("forgets no doubt of one role when another is asked for", function()
      run({ item("x", "admin") }, only("x", { status = 0, curl_code = 56 }), "share")
      run({ item("x", "viewer") }, only("x", { status = 404 }), "share")
      local report, told, core = run({ item("x", "admin") }, ok, "share")
      assert.are.same({ 1, 0 }, { report.unconfirmed, #core.attempts })
      assert.are.equal("journal", told.x.kind)
    end)

    it("gives another role in another run", function()
      run({ item("x", "viewer") }, ok, "share")
      local report, _, core = run({ item("x", "editor") }, ok, "share")
      assert.are.same({ 1, 0, 1 }, { report.confirmed, report.already_confirmed, #core.attempts })
    end)
  end)

  describe("is refused, and left as it is,", function()
    local function refused(pattern, options)
      local before = read()
      local journal, err = open(options)
      assert.is_nil(journal)
      assert.are.same({ "journal", "not_sent" }, { err.kind, err.outcome })
      assert.matches(pattern, err.message)
      assert.matches(path, err.message, 1, true)
      assert.are.equal(before, read())
    end

    it("where it is of another operation", function()
      run({ "x" }, ok)
      refused("is a journal of unshare, not of share", { operation = "share" })
    end)

    it("where it is of another server", function()
      run({ "x" }, ok)
      refused("https://server.example, not https://other.example", {
        base_url = "https://other.example",
      })
    end)

    it("where it is another program's", function()
      write '{"format":"something else"}\n'
      refused "not a journal of this program"
    end)

    it("where a line is damaged", function()
      run({ "x" }, ok)
      write((read():gsub("confirmed", "confirmeb")))
      refused "line 2"
    end)

    it("while another run has it", function()
      local journal = assert(open())
      refused "another run"
      journal:close()
      assert(open()):close()
    end)

    it("before anything is sent", function()
      write "what?"
      local report, err = run({ "x" }, ok)
      assert.is_nil(report)
      assert.are.equal("journal", err.kind)
    end)
  end)

  it("warns when it is older than a day", function()
    local date = os.date
    run({ "x" }, ok)
    os.date = function(format, time) -- luacheck: ignore 122 (for this run)
      return date(format, (time or os.time()) + 86401)
    end
    local report = run({ "x" }, ok)
    os.date = date -- luacheck: ignore 122 (as it was)
    assert.matches("was begun at 20", report.journal.warning)
    assert.is_nil(run({ "x" }, ok).journal.warning)
  end)

  it("shows what the file says as one line that is not long", function()
    local long = ("x"):rep(5000)
    for _, header in ipairs {
      { created = "1\27[2J" .. long },
      { created = "1", operation = "get\27[2J" .. long },
      { created = "1", base_url = URL .. "\n" .. long },
    } do
      local file = require("elevenlabs.workspace.core").open_journal(path, true)
      file:next()
      local text = cjson.encode {
        created = header.created,
        operation = header.operation or "unshare",
        base_url = header.base_url or URL,
      }
      assert(file:append('{"format":"elevenlabs-workspace journal 1",' .. text:sub(2)))
      assert(file:sync())
      file:close()
      local journal, err = open()
      local shown = journal and journal.warning or err.message
      assert.is_nil(shown:find "%c")
      assert.is_true(#shown < 500)
      os.remove(path)
    end
  end)

  it("does not say that a run ended which an error cut short", function()
    local engine = world.running(ok)
    local run_ = bulk.start(engine, URL, "unshare", { item "a", item "b" }, { journal = path })
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
    local _, told = run({ "a", "b" }, function()
      return { status = 404 }
    end)
    assert.are.same({ true, true }, { told.a.ambiguous, told.b.ambiguous })
  end)

  it("can be told of an error that came where the owner's function was to be called", function()
    local run_ = bulk.start(world.running(ok), URL, "unshare", { item "a" }, { journal = path })
    local pcall_ = pcall
    rawset(_G, "pcall", function() -- it may need memory itself
      rawset(_G, "pcall", pcall_)
      error "not enough memory"
    end)
    assert.is_false(pcall_(run_.result, run_))
    local report, err = run_:result()
    assert.is_nil(report)
    assert.are.equal("cancelled", err.kind)
    local _, told = run({ "a" }, ok) -- the file is not locked any more
    assert.are.equal("confirmed", told.a.outcome)
  end)

  it("does not say that an item was not sent which a killed run may have sent", function()
    assert(journals.open(path, { operation = "unshare", base_url = URL })):close()
    local told
    local run_ = bulk.start(world.running(ok), URL, "unshare", { item "a" }, {
      journal = path,
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

  describe("that cannot be written", function()
    local function broken(at, count, op, is_quiet)
      local engine = world.running(ok)
      local told = {}
      local taken = 0
      local run_ = bulk.start(engine, URL, op or "unshare", function()
        taken = taken + 1
        return taken <= count and item("id" .. taken, op and "viewer") or nil
      end, {
        journal = path,
        on_result = not is_quiet and function(_, receipt, err)
          told[#told + 1] = receipt or err
        end or nil,
      })
      local calls = 0
      run_.journal.file = setmetatable({
        sync = function()
          calls = calls + 1
          if calls >= at then
            return nil, { kind = "journal", message = "No space left on device" }
          end
          return true
        end,
        append = function()
          return true
        end,
        close = function() end,
      }, {})
      return run_:result(), told, taken
    end

    it("stops the run, which then reports no confirmation", function()
      local report, told, taken = broken(2, 5000)
      assert.are.same({ "journal", false }, { report.stopped, report.exhausted })
      assert.is_true(report.confirmed >= 1024 and report.confirmed < 1024 + 32)
      assert.are.same({ taken, taken }, { report.total, #told })
      assert.are.equal(taken - report.confirmed, report.unconfirmed + report.not_sent)
      for i = report.confirmed + 1, #told do
        assert.are_not.equal("confirmed", told[i].outcome)
      end
      assert.matches("No space left", report.stop_message)
      assert.matches("the server confirmed it, but this could not be written",
        told[report.confirmed + 1].message)
    end)

    it("counts the same where nobody is told of each item", function()
      local told = broken(2, 5000)
      os.remove(path) -- the first run's lock goes with its collection
      local quiet = broken(2, 5000, nil, true)
      for _, count in ipairs { "total", "confirmed", "unconfirmed", "not_sent" } do
        assert.are.equal(told[count], quiet[count], count)
      end
      assert.is_true(quiet.unconfirmed > 0)
    end)

    it("lets no share be sent", function()
      local report, told = broken(1, 5, "share")
      assert.are.same({ "journal", 5 }, { report.stopped, report.not_sent })
      assert.are.equal("journal", told[1].kind)
    end)

    it("from its first line on begins no run, and says why", function()
      local core = require "elevenlabs.workspace.core"
      local open_journal = core.open_journal
      core.open_journal = function()
        return {
          is_new = function()
            return true
          end,
          next = function() end,
          append = function()
            return nil, { kind = "journal", message = "No space left on device" }
          end,
          close = function() end,
        }
      end
      local report, err = run({ "x" }, ok)
      core.open_journal = open_journal
      assert.is_nil(report)
      assert.are.equal("not_sent (journal): No space left on device", tostring(err))
    end)

    it("at its very end is told, and what it says stands", function()
      local report = broken(2, 5)
      assert.are.same({ "journal", 5 }, { report.stopped, report.confirmed })
    end)
  end)

  it("is begun by no dry run, which reads one that is there", function()
    os.remove(path)
    local report = run({ "x", "x" }, ok, "unshare", { dry_run = true })
    assert.are.same({ 1, 1, 0 }, { report.not_sent, report.duplicates, report.confirmed })
    assert.is_nil(io.open(path))
    run({ "x" }, ok)
    local before = read()
    report = run({ "x", "y" }, ok, "unshare", { dry_run = true })
    assert.are.same({ 1, 1, 1 }, { report.confirmed, report.already_confirmed, report.not_sent })
    assert.are.equal(before, read())
  end)

  it("cut anywhere or with any bit flipped confirms nothing that was not", function()
    run({ "x", "y", "z" }, only("y", { status = 404 }))
    local whole = read()
    local truth = { x = true, z = true }
    local function check(text)
      write(text)
      local journal = open { dry_run = true }
      if not journal then
        return
      end
      for _, id in ipairs { "x", "y", "z", "other" } do
        local known = journal.known:take(item(id))
        assert.is_true(known == "new" or (known == "confirmed" and truth[id]), id)
      end
      journal:close()
    end
    for length = 0, #whole do
      check(whole:sub(1, length))
    end
    for i = 1, #whole do
      local byte = whole:byte(i)
      for bit = 0, 7 do
        local flipped = math.floor(byte / 2 ^ bit) % 2 == 1 and byte - 2 ^ bit or byte + 2 ^ bit
        check(whole:sub(1, i - 1) .. string.char(flipped) .. whole:sub(i + 1))
      end
    end
  end)
end)
