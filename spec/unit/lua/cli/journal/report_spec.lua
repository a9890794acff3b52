-- The command `journal report` over journals of runs against a sandbox.

local cjson = require "cjson"
local process = require "spec.support.process"
local support = require "spec.support.command"

local LEAVER = support.LEAVER
local path_of, read_file, resources, write =
  support.path_of, support.read_file, support.resources, support.write

local function report(...)
  return process.run(process.join({ "elevenlabs-workspace", "journal", "report" }, ...))
end

describe("cli.journal.report", function()
  before_each(support.begin)
  after_each(support.finish)

  --- Runs parts of the list. -> the list, the journals
  local function run_parts(numbers, count)
    local from, journals = write("list.csv", resources()), {}
    for i, number in ipairs(numbers) do
      journals[i] = path_of(("part%d.journal"):format(number))
      local part = { "--part", ("%d/%d"):format(number, count), "--journal", journals[i] }
      support.run({ "--from", from, "--yes" }, part, LEAVER)
    end
    return from, journals
  end

  it("adds up all parts, and writes what is not confirmed", function()
    local from, journals = run_parts({ 0, 1, 2 }, 3)
    local failed = path_of "failed.csv"
    local code, out, err = report(journals, { "--from", from, "--failed", failed }, LEAVER)
    assert.are.same({ 1, "" }, { code, err })
    assert.matches("part1.journal, part 1/3: %d not confirmed\n", out)
    assert.matches("\ntotal 100 confirmed 96 refused 4 unconfirmed 0 not_sent 0\n$", out)
    assert.are.equal(5, support.lines_of(read_file(failed)))
    assert.matches(",refused,invalid_request,400,target_is_creator,", read_file(failed), 1, true)
    local again
    code, again = support.run { "--from", failed, "--yes" }
    assert.are.equal(1, code)
    assert.matches("total 4 confirmed 0 refused 4", again)
  end)

  it("has the status 0 if each item is confirmed, in one journal", function()
    local journal = path_of "some.journal"
    local from = write("some.csv", resources(20))
    assert.are.equal(0, (support.run({ "--from", from, "--journal", journal, "--yes" }, LEAVER)))
    local code, out = report({ journal, "--from", from }, LEAVER)
    assert.are.equal(0, code)
    assert.matches("Nothing is left: all 20 items of " .. from .. " are confirmed.", out, 1, true)
    code, out = report { journal }
    assert.are.equal(0, code)
    assert.matches("All items of these journals are confirmed.", out, 1, true)
    assert.is_nil(out:find("Nothing is left", 1, true))
  end)

  it("names missing parts and items, and prints JSON", function()
    local from, journals = run_parts({ 0, 2 }, 3)
    local failed = path_of "failed.csv"
    local options = { "--from", from, "--failed", failed, "--json" }
    local code, out = report(journals, { journals[1] }, options, LEAVER)
    local value = cjson.decode(out)
    assert.are.equal(1, code)
    assert.are.same({ count = 3, missing = { 1 }, twice = { 0 } }, value.parts)
    assert.are.same({ false, "unshare", support.sandbox.base_url },
      { value.complete, value.operation, value.base_url })
    local first, second, third = value.journals[1], value.journals[2], value.journals[3]
    assert.are.same({ first.total, first }, { value.doubles, third })
    assert.are.same({ total = 100, missing = 100 - first.total - second.total, unlisted = 0 },
      value.list)
    local rows = 1 + value.list.missing + value.total - value.confirmed
    assert.are.equal(rows, support.lines_of(read_file(failed)))
    assert.matches(",unconfirmed,journal,,,,no journal of those that were read", read_file(failed))
    assert.are.equal(1, support.lines_of(out))
    out = select(2, report(journals, { journals[1] }))
    assert.matches("\nno journal for part 1/3\nseveral journals for part 0/3\n", out)
  end)

  it("says what it cannot read, counts nothing, and leaves --failed as it was", function()
    local from, journals = run_parts({ 0 }, 2)
    local failed, bad = write("failed.csv", "as it was"), write("bad.journal", "what?")
    for _, row in ipairs {
      { { bad }, "bad.journal is not a journal of this program" },
      { { path_of "none.journal" }, "none.journal is not there" },
      { { "--from", path_of "none.csv" }, "none.csv: No such file" },
      { { "--from", from }, "list.csv, line 2: the item has no target" },
      { { "--from", write("empty.csv", "resource_id,resource_type\n") }, "empty.csv has no items" },
    } do
      local code, out, err = report(journals, row[1], { "--failed", failed, "--json" })
      assert.are.same({ 2, "not_sent" }, { code, cjson.decode(out).outcome })
      assert.matches(row[2], err, 1, true)
      assert.are.equal("as it was", read_file(failed))
    end
    local _, left = process.run { "ls", support.folder }
    assert.is_nil(left:find(".new", 1, true))
  end)

  it("has the status 5 if a result cannot be written", function()
    local _, journals = run_parts({ 0 }, 1)
    local code, _, err = report(journals, { "--failed", "/dev/full" })
    assert.are.equal(5, code)
    assert.matches("cannot write the failed items: ", err, 1, true)
  end)

  describe("refuses", function()
    for name, row in pairs {
      ["no journal"] = { {}, "journal is missing" },
      ["a field without a list"] = { { "x", "--role", "viewer" }, "--role needs --from" },
      ["to overwrite a journal"] = {
        { "/tmp/y", "/tmp/x", "--failed", "/tmp/./x" },
        "--failed would overwrite the journal /tmp/x",
      },
      ["to overwrite the list"] = {
        { "x", "--from", "y", "--failed", "./y" },
        "--failed would overwrite the file of --from",
      },
    } do
      it(name, function()
        local code, out, err = report(row[1])
        assert.are.same({ 2, "" }, { code, out })
        assert.matches(row[2], err, 1, true)
      end)
    end
  end)
end)
