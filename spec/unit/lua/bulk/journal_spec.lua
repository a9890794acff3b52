local cjson = require "cjson"
local support = require "spec.support.bulk"
local uv = require "luv"

local URL = support.URL
local item_of, only = support.item_of, support.only

describe("the journal", function()
  local journal

  before_each(function()
    journal = support.journal()
  end)

  after_each(function()
    journal:remove()
  end)

  it("holds what the run was, what became of each item, and that it ended", function()
    local not_found = { status = 404, body = '{"detail":"Not Found"}' }
    local report = journal:run({ "x", "y" }, only("y", not_found))
    assert.are.same({ path = journal.path, resumed = false }, report.journal)
    local list = journal:records()
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", list[1].created)
    list[1].created = nil
    assert.are.same({
      { format = "elevenlabs-workspace journal 1", operation = "unshare", base_url = URL },
      { resource_id = "x", resource_type = "voice", user_email = "a@example.com",
        outcome = "confirmed", status = 200, attempts = 1 },
      { resource_id = "y", resource_type = "voice", user_email = "a@example.com", attempts = 1,
        outcome = "refused", status = 404, kind = "not_found", message = "Not Found" },
      { ["end"] = true, exhausted = true },
    }, list)
  end)

  it("says at its end whether all items were taken, and how many were invalid", function()
    local two_roles = { item_of("x", "viewer"), item_of("x", "admin") }
    journal:run(two_roles, support.always { status = 401, body = "{}" }, "share", {
      max_concurrency = 1,
    })
    journal:run(two_roles, nil, "share")
    local ends = {}
    for _, record in ipairs(journal:records()) do
      ends[#ends + 1] = record["end"] and record or nil
    end
    assert.are.same({
      { ["end"] = true },
      { ["end"] = true, exhausted = true, invalid = 1 },
    }, ends)
  end)

  it("keeps the part", function()
    local ids = { "a", "b", "c", "d", "e", "f" }
    local report = journal:run(ids, nil, nil, { part = "1/2" })
    assert.are.equal("1/2", journal:records()[1].part)
    local again = journal:run(ids, nil, nil, { part = "1/2" })
    assert.is_true(report.total > 0)
    assert.are.same({ report.total, report.total }, { again.total, again.already_confirmed })
  end)

  it("holds the same of a confirmed item if nobody is told of each item", function()
    local plain = { body = '{"status":"ok"}', headers = { ["request-id"] = "r1" } }
    assert(journal:run({ "x" }, support.always(plain)))
    local told = journal:records()
    journal:write ""
    assert(journal:run({ "x" }, support.always(plain), nil, { on_result = false }))
    told[1].created = nil
    local quiet = journal:records()
    quiet[1].created = nil
    assert.are.same({ "confirmed", 200, "r1", 1 },
      { quiet[2].outcome, quiet[2].status, quiet[2].request_id, quiet[2].attempts })
    assert.are.same(told, quiet)
  end)

  it("case 33: begins no bulk run if others may write it", function()
    assert(journal:run({ "a" }))
    assert(uv.fs_chmod(journal.path, tonumber("666", 8)))
    local text = journal:read()
    for _, opts in ipairs { {}, { dry_run = true } } do
      local report, err = journal:run({ "a", "b" }, nil, nil, opts)
      assert.is_nil(report)
      assert.are.same({ "journal", "journal", "not_sent" }, { err.kind, err.field, err.outcome })
      assert.matches("can be written by others: .* chmod 600 it$", err.message)
    end
    assert.are.equal(text, journal:read())
    assert(uv.fs_chmod(journal.path, tonumber("600", 8)))
    assert.are.equal(1, journal:run({ "a", "b" }).already_confirmed)
  end)

  describe("is refused, and left as it is,", function()
    local function refused(pattern, options)
      local before = journal:read()
      local opened, err = journal:open(options)
      assert.is_nil(opened)
      assert.are.same({ "journal", "not_sent" }, { err.kind, err.outcome })
      assert.matches(pattern, err.message)
      assert.matches(journal.path, err.message, 1, true)
      assert.are.equal(before, journal:read())
    end

    it("if it is of another operation", function()
      journal:run({ "x" })
      refused("is a journal of unshare, not of share", { operation = "share" })
    end)

    it("if it is of another server", function()
      journal:run({ "x" })
      refused("https://server.example, not https://other.example", {
        base_url = "https://other.example",
      })
    end)

    it("if it is of another part, or of none", function()
      journal:run({ "x" }, nil, nil, { part = "0/1" })
      refused("is a journal of part 0/1, not of part 3/16$", { part = "3/16" })
      refused "is a journal of part 0/1, not of the whole list$"
      journal:write ""
      journal:run({ "x" })
      refused("is a journal of the whole list, not of part 3/16$", { part = "3/16" })
    end)

    it("if it is another program's", function()
      journal:write '{"format":"something else"}\n'
      refused "not a journal of this program"
    end)

    it("if a line is damaged", function()
      journal:run({ "x" })
      journal:write((journal:read():gsub("confirmed", "confirmeb")))
      refused "line 2"
    end)

    it("while another run has it", function()
      local opened = assert(journal:open())
      refused "another run"
      opened:close()
      assert(journal:open()):close()
    end)

    it("before anything is sent", function()
      journal:write "what?"
      local report, err = journal:run({ "x" })
      assert.is_nil(report)
      assert.are.equal("journal", err.kind)
    end)
  end)

  it("warns when it is older than a day", function()
    local date = os.date
    journal:run({ "x" })
    os.date = function(format, time) -- luacheck: ignore 122 (for this run)
      return date(format, (time or os.time()) + 86401)
    end
    local report = journal:run({ "x" })
    os.date = date -- luacheck: ignore 122 (as it was)
    assert.matches("was begun at 20", report.journal.warning)
    assert.is_nil(journal:run({ "x" }).journal.warning)
  end)

  it("shows what the file says as one line that is not long", function()
    local long = ("x"):rep(5000)
    for _, header in ipairs {
      { created = "1\27[2J" .. long },
      { created = "1", operation = "get\27[2J" .. long },
      { created = "1", base_url = URL .. "\n" .. long },
    } do
      local file = require("elevenlabs.workspace.core").open_journal(journal.path, true)
      file:next()
      local text = cjson.encode {
        created = header.created,
        operation = header.operation or "unshare",
        base_url = header.base_url or URL,
      }
      assert(file:append('{"format":"elevenlabs-workspace journal 1",' .. text:sub(2)))
      assert(file:sync())
      file:close()
      local opened, err = journal:open()
      local shown = opened and opened.warning or err.message
      assert.is_nil(shown:find "%c")
      assert.is_true(#shown < 500)
      journal:remove()
    end
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
    local report, err = journal:run({ "x" })
    core.open_journal = open_journal
    assert.is_nil(report)
    assert.are.equal("not_sent (journal): No space left on device", tostring(err))
  end)

  it("is begun by no dry run, which reads one that is there", function()
    journal:remove()
    local report = journal:run({ "x", "x" }, nil, "unshare", { dry_run = true })
    assert.are.same({ 1, 1, 0 }, { report.not_sent, report.duplicates, report.confirmed })
    assert.is_nil(io.open(journal.path))
    journal:run({ "x" })
    local before = journal:read()
    report = journal:run({ "x", "y" }, nil, "unshare", { dry_run = true })
    assert.are.same({ 1, 1, 1 }, { report.confirmed, report.already_confirmed, report.not_sent })
    assert.are.equal(before, journal:read())
  end)

  it("cut anywhere or with any bit flipped confirms nothing that was not", function()
    journal:run({ "x", "y", "z" }, only("y", { status = 404 }))
    local whole = journal:read()
    local truth = { x = true, z = true }
    local function check(text)
      journal:write(text)
      local opened = journal:open { dry_run = true }
      if not opened then
        return
      end
      for _, id in ipairs { "x", "y", "z", "other" } do
        local known = opened.known:take(item_of(id))
        assert.is_true(known == "new" or (known == "confirmed" and truth[id]), id)
      end
      opened:close()
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
