local cjson = require "cjson"
local process = require "spec.support.process"
local support = require "spec.support.command"

local LEAVER = support.LEAVER
local lines_of, path_of, read_file, resources, write =
  support.lines_of, support.path_of, support.read_file, support.resources, support.write
local run, run_piped = support.run, support.run_piped

describe("cli.bulk", function()
  before_each(support.begin)
  after_each(support.finish)

  it("removes a leaver from all that a CSV lists, and says what it could not", function()
    local from = write("all.csv", resources())
    local code, out = run({ "--from", from, "--yes" }, LEAVER)
    assert.are.equal(1, code)
    assert.matches("\n +4  refused %(invalid_request, HTTP 400, target_is_creator%)", "\n" .. out)
    assert.matches("\ntotal 100 confirmed 96 refused 4 unconfirmed 0 not_sent 0\n$", out)
    assert.is_nil(support.sandbox:roles("voice_0001", "voice").user_mia)
  end)

  it("ends with 0 if all is confirmed", function()
    local code, out = run({ "--from", write("some.csv", resources(10)), "--yes" }, LEAVER)
    assert.are.equal(0, code)
    assert.matches("total 10 confirmed 10 ", out)
  end)

  it("reads JSON lines, and standard input", function()
    local row = '{"resource_id":"voice_0001","resource_type":"voice","user_email":"%s"}\n'
    local text = row:format "mia@example.com" .. row:format "tom@example.com"
    local _, out = run { "--from", write("some.jsonl", text), "--yes" }
    assert.matches("total 2 confirmed 2 ", out)
    local name = write("some", text)
    _, out = run { "--from", name, "--jsonl", "--yes" }
    assert.matches("total 2 confirmed 2 ", out)
    local code, piped = run_piped(write("some.csv", resources(10)), LEAVER)
    assert.are.equal(0, code)
    assert.matches("total 10 confirmed 10 ", piped)
  end)

  it("names file, line and column of each error in a file, and sends nothing", function()
    local text = resources(10):gsub("dubbing_0004,dubbing", "dubbing_0004,voize")
    local from = write("bad.csv", text .. "only one cell\n")
    local code, out, err = run({ "--from", from, "--yes" }, LEAVER)
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("bad.csv, line 5, column 2 %(resource_type%): .*voize.*and 1 more", err)
    assert.matches("\n[^\n]*bad.csv, line 12, column 2: the row has 1 cells, but the header 2", err)
    local roles = support.sandbox:roles("voice_collection_0002", "voice_collection")
    assert.are.equal("commenter", roles.user_mia)
  end)

  it("goes on from a journal", function()
    local journal = { "--journal", path_of "mia.journal", "--yes" }
    run({ "--from", write("half.csv", resources(50)) }, journal, LEAVER)
    local code, out = run({ "--from", write("all.csv", resources()) }, journal, LEAVER)
    assert.are.equal(1, code)
    assert.matches("\n +48  were already confirmed by an earlier run\n", out)
    assert.matches("total 100 confirmed 96 refused 4 ", out)
    -- Header, 50 records, end; resume, the 52 that were not confirmed, end.
    assert.are.equal(52 + 54, lines_of(read_file(path_of "mia.journal")))
  end)

  it("does a list in parts, which lose nothing and do nothing twice", function()
    local from = write("all.csv", resources())
    local confirmed, refused = 0, 0
    for number = 0, 2 do
      local part = { "--part", number .. "/3", "--journal", path_of(number .. ".journal") }
      local code, out = run({ "--from", from, "--yes" }, part, LEAVER)
      local total, ok, no =
        out:match "total (%d+) confirmed (%d+) refused (%d+) .*; part %d/3: %1 of 100 items\n$"
      assert.are.equal(tonumber(no) > 0 and 1 or 0, code)
      assert.is_true(tonumber(total) > 0)
      confirmed, refused = confirmed + ok, refused + no
    end
    assert.are.same({ 96, 4 }, { confirmed, refused })
    local code, _, err = run({
      "--from", from, "--yes", "--part", "1/3", "--journal", path_of "0.journal",
    }, LEAVER)
    assert.are.equal(2, code)
    assert.matches("0.journal is a journal of part 0/3, not of part 1/3", err, 1, true)
  end)

  it("has nothing to do in a part without items", function()
    local from = write("one.csv", resources(1))
    local codes = {}
    for number = 0, 1 do
      codes[number + 1] = run({ "--from", from, "--yes", "--part", number .. "/2" }, LEAVER)
    end
    assert.are.same({ 0, 0 }, codes)
    local code, out = run_piped(from, LEAVER, { "--part", "1/2" })
    assert.are.equal(0, code)
    assert.matches("part 1/2: %d of 1 items", out)
    for _, list in ipairs { write("none.csv", "resource_id,resource_type\n") } do
      local options = { "--yes", "--part", "1/2" }
      assert.are.equal(2, (run({ "--from", list }, options, LEAVER)))
      assert.are.equal(2, (run_piped(list, LEAVER, { "--part", "1/2" })))
    end
  end)

  it("says why a journal cannot be used", function()
    local journal = write("mia.journal", "what?")
    local code, out, err =
      run({ "--from", write("all.csv", resources()), "--journal", journal, "--yes" }, LEAVER)
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("mia.journal is not a journal of this program", err)
  end)

  it("case 22: prints an error as JSON too", function()
    for _, options in ipairs {
      { "--from", path_of "none.csv" },
      { "--from", write("bad.csv", "resource_id,resource_type\nx,voize\ny,voize\n") },
      { "--from", write("all.csv", resources()), "--journal", write("odd.journal", "what?") },
    } do
      local code, out, err = run(options, LEAVER, { "--json", "--yes" })
      local value = cjson.decode(out)
      assert.are.same({ 2, "not_sent" }, { code, value.outcome })
      assert.matches(value.message, err, 1, true)
    end
  end)

  it("case 28: refuses a list without items, unless that is allowed", function()
    for name, text in pairs { ["empty.csv"] = "resource_id,resource_type\n", ["e.jsonl"] = "" } do
      local from = write(name, text)
      local code, out, err = run({ "--from", from, "--yes" }, LEAVER)
      assert.are.same({ 2, "" }, { code, out })
      assert.matches(name .. " has no items (--allow-empty)", err, 1, true)
      code, out = run({ "--from", from, "--yes", "--allow-empty" }, LEAVER)
      assert.are.equal(0, code)
      assert.matches("total 0 ", out)
    end
  end)

  it("sends nothing in a dry run", function()
    local journal = path_of "mia.journal"
    local from = write("all.csv", resources())
    local code, out = run({ "--from", from, "--dry-run", "--journal", journal }, LEAVER)
    assert.are.equal(0, code)
    assert.matches("nothing was sent.*total 100 .*not_sent 100; dry run: 100 valid", out)
    assert.is_nil(read_file(journal))
    local roles = support.sandbox:roles("voice_collection_0002", "voice_collection")
    assert.are.equal("commenter", roles.user_mia)
  end)

  it("prints its report as JSON", function()
    local code, out = run({ "--from", write("all.csv", resources()), "--json", "--yes" }, LEAVER)
    assert.are.equal(1, code)
    local report = cjson.decode(out)
    assert.are.same({ 100, 96, 4, true },
      { report.total, report.confirmed, report.refused, report.exhausted })
    assert.are.equal(1, lines_of(out))
  end)

  it("stops at its deadline, and prints the command that resumes", function()
    support.restart("--latency-ms", "400")
    local from, journal = write("all of it.csv", resources()), path_of "mia.journal"
    local options = { "--from", from, "--journal", journal, "--deadline", "1s", "--yes" }
    local code, out, err = run(options, LEAVER, { "--max-concurrency", "2" })
    assert.are.equal(3, code)
    assert.matches("Stopped: deadline_ms %(1000%) passed.", err)
    local command = err:match "\n  (elevenlabs%-workspace unshare [^\n]*)\n$"
    assert.matches("--from '" .. from .. "' --journal " .. journal, command, 1, true)
    assert.matches("--max-concurrency 2", command, 1, true)
    local first = tonumber(out:match "total (%d+)")
    assert.is_true(first < 20)
    command = command:gsub("%-%-deadline 1s", ""):gsub("%-%-max%-concurrency 2", "")
    code, out = process.run({ "sh", "-c", command }, support.env())
    assert.are.equal(1, code)
    assert.matches("total 100 confirmed 96 refused 4 ", out)
  end)

  describe("refuses", function()
    for name, row in pairs {
      ["nobody to ask"] = { { "--from", "x.csv" }, "--from needs --yes" },
      ["a dry run that an empty variable would make real (case 2)"] = {
        { "--from", "x.csv", "--yes", "--journal", "--dry-run" },
        "--journal needs a value",
      },
      ["two lists (case 3)"] = {
        { "--from", "x.csv", "--from", "y.csv", "--yes" },
        "--from is given twice",
      },
      ["a resource beside a list"] = {
        { "--from", "x.csv", "--resource-id", "x" },
        "--from and --resource-id do not go together",
      },
      ["a part that is none"] = {
        { "--from", "x.csv", "--yes", "--part", "16/16" },
        "--part takes one of 0/16 to 15/16: parts are counted from 0",
      },
      ["a part in another form"] = {
        { "--from", "x.csv", "--yes", "--part", "3" },
        "--part takes K/N, such as 3/16: part 3 of 0 to 15",
      },
      ["a part without a list"] = { { "--part", "0/2" }, "--part needs --from" },
      ["a journal without a list"] = { { "--journal", "x" }, "--journal needs --from" },
      ["a deadline without a list"] = { { "--deadline", "5" }, "--deadline needs --from" },
      ["a deadline of nothing"] = { { "--deadline", "0" }, "--deadline takes a time" },
      ["a deadline in weeks"] = { { "--deadline", "2w" }, "--deadline takes a time" },
      ["a file that is not there"] = {
        { "--from", "/nonexistent/x.csv", "--yes" },
        "cannot open /nonexistent/x.csv",
      },
      ["no place for the failed"] = {
        { "--from", "x.csv", "--failed", "/nonexistent/x.csv", "--yes" },
        "cannot write the failed items",
      },
    } do
      it(name, function()
        if row[1][2] == "x.csv" then
          row[1][2] = write("x.csv", resources(1))
        end
        local code, out, err = run(row[1], LEAVER)
        assert.are.same({ 2, "" }, { code, out })
        assert.matches(row[2], err, 1, true)
      end)
    end
  end)
end)
