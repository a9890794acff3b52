-- unshare --from FILE, as an administrator types it.

local cjson = require "cjson"
local journals = require "elevenlabs.workspace.bulk.journal"
local model = require "elevenlabs.workspace.sandbox.model"
local process = require "spec.support.process"
local raw = require "spec.support.servers.raw"
local sandboxes = require "spec.support.servers.sandbox"
local tls = require "spec.support.servers.tls"

local join = process.join

local LEAVER = { "--user-email", "mia@example.com" }

local function read_file(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  return text
end

local function lines_of(text)
  local count = 0
  for _ in text:gmatch "\n" do
    count = count + 1
  end
  return count
end

describe("cli.bulk", function()
  local sandbox, server, folder

  before_each(function()
    sandbox = sandboxes.start("--resources", "100")
    server = { "--base-url", sandbox.base_url, "--ca-file", sandbox.ca_file }
    folder = tls.output "mktemp -d"
  end)

  after_each(function()
    sandbox:stop()
    process.run { "rm", "-r", folder }
  end)

  local function path_of(name)
    return folder .. "/" .. name
  end

  local function write(name, text)
    local file = assert(io.open(path_of(name), "w"))
    file:write(text)
    file:close()
    return path_of(name)
  end

  --- The sandbox's 100 resources as a CSV, of which mia created 4.
  local function resources(count)
    local rows = { "resource_id,resource_type" }
    for i, resource in ipairs(model.leaver(count or 100).resources) do
      rows[i + 1] = resource.id .. "," .. resource.type
    end
    return table.concat(rows, "\n") .. "\n"
  end

  local function start(...)
    return process.start(
      join({ "elevenlabs-workspace", "unshare" }, server, ...),
      { env = { ELEVENLABS_API_KEY = sandbox.api_key } }
    )
  end

  local function run(...)
    return start(...):wait()
  end

  local function on_terminal(prompt, answer, ...)
    local env = type(prompt) == "table" and prompt or {}
    env.ELEVENLABS_API_KEY, env.TERM = sandbox.api_key, env.TERM or "xterm"
    return process.run(
      join(
        { "/usr/bin/python3", "spec/support/terminal.py", env.prompt or prompt, answer },
        { "elevenlabs-workspace", "unshare" },
        server,
        ...
      ),
      { env = env }
    )
  end

  it("removes a leaver from all that a CSV lists, and says what it could not", function()
    local from = write("all.csv", resources())
    local code, out = run({ "--from", from, "--yes" }, LEAVER)
    assert.are.equal(1, code)
    assert.matches("\n +4  refused %(invalid_request, HTTP 400, target_is_creator%)", "\n" .. out)
    assert.matches("\ntotal 100 confirmed 96 refused 4 unconfirmed 0 not_sent 0\n$", out)
    assert.is_nil(sandbox:roles("voice_0001", "voice").user_mia)
  end)

  it("ends with 0 where all is confirmed", function()
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
    local code, piped = process.run({
      "sh",
      "-c",
      'cat "$0" | elevenlabs-workspace unshare --from - --yes "$@"',
      write("some.csv", resources(10)),
      (unpack or table.unpack)(join(server, LEAVER)),
    }, { env = { ELEVENLABS_API_KEY = sandbox.api_key } })
    assert.are.equal(0, code)
    assert.matches("total 10 confirmed 10 ", piped)
  end)

  it("names file, line and column of each error in a file, and sends nothing", function()
    local text = resources(10):gsub("voice_0005,voice", "voice_0005,voize")
    local from = write("bad.csv", text .. "only one cell\n")
    local code, out, err = run({ "--from", from, "--yes" }, LEAVER)
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("bad.csv, line 6, column 2 %(resource_type%): .*voize.*and 1 more", err)
    assert.matches("\n[^\n]*bad.csv, line 12, column 2: the row has 1 cells, but the header 2", err)
    assert.are.equal("commenter", sandbox:roles("agent_0002", "convai_agents").user_mia)
  end)

  it("names those of a pipe as they come, and goes on", function()
    local text = resources(10):gsub("voice_0005,voice", "voice_0005,voize")
    local code, out, err = process.run({
      "sh",
      "-c",
      'cat "$0" | elevenlabs-workspace unshare --from - --yes "$@"',
      write("bad.csv", text),
      (unpack or table.unpack)(join(server, LEAVER)),
    }, { env = { ELEVENLABS_API_KEY = sandbox.api_key } })
    assert.are.equal(3, code) -- case 21
    assert.matches("^elevenlabs%-workspace: This input cannot be checked before", err)
    assert.matches("standard input, line 6, column 2 %(resource_type%)", err)
    assert.matches("total 10 confirmed 9 refused 0 unconfirmed 0 not_sent 1\n$", out)
  end)

  it("goes on from a journal", function()
    local journal = { "--journal", path_of "mia.journal", "--yes" }
    run({ "--from", write("half.csv", resources(50)) }, journal, LEAVER)
    local code, out = run({ "--from", write("all.csv", resources()) }, journal, LEAVER)
    assert.are.equal(1, code)
    assert.matches("\n +48  of the confirmed were so by an earlier run\n", out)
    assert.matches("total 100 confirmed 96 refused 4 ", out)
    -- Header, 50 records, end; resume, the 52 that were not confirmed, end.
    assert.are.equal(52 + 54, lines_of(read_file(path_of "mia.journal")))
  end)

  it("says why a journal cannot be used", function()
    local journal = write("mia.journal", "what?")
    local code, out, err =
      run({ "--from", write("all.csv", resources()), "--journal", journal, "--yes" }, LEAVER)
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("mia.journal is not a journal of this program", err)
  end)

  it("writes what was not confirmed as a CSV that it can read", function()
    local failed = path_of "failed.csv"
    run({ "--from", write("all.csv", resources()), "--failed", failed, "--yes" }, LEAVER)
    local text = read_file(failed)
    assert.are.equal(5, lines_of(text))
    assert.matches("\nvoice_0025,voice,mia@example.com,,,,,refused,invalid_request,400,", text)
    local code, out = run { "--from", failed, "--yes" }
    assert.are.equal(1, code)
    assert.matches("total 4 confirmed 0 refused 4 ", out)
  end)

  it("keeps an earlier list of failed items where it cannot begin", function()
    local failed = write("failed.csv", "an earlier list\n")
    local options = { "--failed", failed, "--yes", "--from" }
    local code = run(options, { path_of "none.csv" }, LEAVER)
    assert.are.same({ 2, "an earlier list\n" }, { code, read_file(failed) })
    code = run(options, { write("all.csv", resources()) }, LEAVER, {
      "--journal",
      write("mia.journal", "what?"),
    })
    assert.are.same({ 2, "an earlier list\n" }, { code, read_file(failed) })
  end)

  describe("case 6: the list of failed items", function()
    local function expect_kept(...)
      local failed = write("failed.csv", "an earlier list\n")
      local code = on_terminal("[y/N]", ...)
      assert.are.equal("an earlier list\n", read_file(failed))
      assert.are.equal("", tls.output(("ls %s | grep new; true"):format(folder)) or "")
      return code
    end

    it("stays as it is if the answer is no", function()
      local from = write("all.csv", resources())
      local options = { "--from", from, "--failed", path_of "failed.csv" }
      assert.are.equal(3, expect_kept("n", options, LEAVER))
      assert.are.equal(130, expect_kept("^C", options, LEAVER))
    end)

    it("is not written over another file that is named, by whatever name", function()
      local from = write("all.csv", resources())
      local key = write("key", sandbox.api_key .. "\n")
      for _, path in ipairs { from, key } do
        local link = path_of(path == from and "hard" or "soft")
        process.run(path == from and { "ln", path, link } or { "ln", "-s", path, link })
        local text = read_file(path)
        local code, _, err =
          run({ "--from", from, "--api-key-file", key, "--failed", link, "--yes" }, LEAVER)
        assert.are.equal(2, code)
        assert.matches("--failed would overwrite the file of --", err, 1, true)
        assert.are.equal(text, read_file(path))
      end
    end)

    it("takes the place of the file that a link names, readable by its owner alone", function()
      local real = write("real.csv", "old\n")
      process.run { "ln", "-s", real, path_of "link.csv" }
      local from = write("all.csv", resources())
      run({ "--from", from, "--failed", path_of "link.csv", "--yes" }, LEAVER)
      assert.are.equal(5, lines_of(read_file(real)))
      assert.are.equal("600", tls.output("stat -c %a " .. real))
      assert.are.equal(real, tls.output("readlink " .. path_of "link.csv"))
    end)

    it("case 7: says with status 5 that it cannot be written", function()
      local from = write("all.csv", resources())
      local code, out, err = run({ "--from", from, "--failed", "/dev/full", "--yes" }, LEAVER)
      assert.are.equal(5, code)
      assert.matches("cannot write the failed items: No space left", err)
      assert.matches("total 100 confirmed 96 refused 4 ", out)
    end)
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

  it("does not write the failed items over its input", function()
    local from = write("all.csv", resources())
    local code, _, err = run({ "--from", from, "--failed", from, "--yes" }, LEAVER)
    assert.are.equal(2, code)
    assert.matches("would overwrite", err)
    assert.are.equal(resources(), read_file(from))
  end)

  it("does not write them over its journal either, old or new", function()
    local from, journal = write("some.csv", resources(10)), path_of "journal"
    local options = { "--from", from, "--journal", journal, "--yes" }
    local more = { "--failed", folder .. "/./journal" }
    local code, _, err = run(options, more, LEAVER)
    assert.are.equal(2, code)
    assert.matches("overwrite the file of %-%-journal", err)
    run(options, LEAVER)
    local text = read_file(journal)
    assert.are.equal(2, (run(options, more, LEAVER)))
    assert.are.equal(text, read_file(journal))
  end)

  it("sends nothing in a dry run", function()
    local journal = path_of "mia.journal"
    local from = write("all.csv", resources())
    local code, out = run({ "--from", from, "--dry-run", "--journal", journal }, LEAVER)
    assert.are.equal(0, code)
    assert.matches("nothing was sent.*total 100 .*not_sent 100; dry run: 100 valid", out)
    assert.is_nil(read_file(journal))
    assert.are.equal("commenter", sandbox:roles("agent_0002", "convai_agents").user_mia)
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
    sandbox:stop()
    sandbox = sandboxes.start("--resources", "100", "--latency-ms", "400")
    server = { "--base-url", sandbox.base_url, "--ca-file", sandbox.ca_file }
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
    code, out = process.run({ "sh", "-c", command }, {
      env = { ELEVENLABS_API_KEY = sandbox.api_key },
    })
    assert.are.equal(1, code)
    assert.matches("total 100 confirmed 96 refused 4 ", out)
  end)

  for signal, status in pairs { sigint = 130, sigterm = 143 } do
    it("stops at " .. signal .. ": what is in flight ends, and the rest can be resumed", function()
      sandbox:stop()
      sandbox = sandboxes.start("--resources", "100", "--latency-ms", "300")
      server = { "--base-url", sandbox.base_url, "--ca-file", sandbox.ca_file }
      local from, journal = write("all.csv", resources()), path_of "mia.journal"
      local options = { "--from", from, "--journal", journal, "--yes" }
      local running = start(options, LEAVER, { "--max-concurrency", "4" })
      repeat
        process.run { "sleep", "0.05" }
      until lines_of(read_file(journal) or "") > 5
      local code, out, err = running:stop(signal)
      assert.are.equal(status, code)
      assert.matches("Stopped: it was cancelled", err)
      local total, confirmed = out:match "total (%d+) confirmed (%d+) "
      assert.is_true(tonumber(total) < 100)
      assert.matches(" unconfirmed 0 ", out)
      assert.matches('"end":true', read_file(journal))
      code, out = run(options, LEAVER)
      assert.are.equal(1, code)
      assert.matches("\n +" .. confirmed .. "  of the confirmed were so by an earlier run", out)
      assert.matches("total 100 confirmed 96 refused 4 ", out)
    end)
  end

  describe("from a pipe that is slow", function()
    local running, pipe, journal

    before_each(function()
      local fifo = path_of "fifo"
      journal = path_of "mia.journal"
      process.run { "mkfifo", fifo }
      running = process.start({
        "sh",
        "-c",
        'fifo=$0; exec elevenlabs-workspace unshare --from - --yes "$@" <"$fifo"',
        fifo,
        (unpack or table.unpack)(join(server, LEAVER, { "--journal", journal })),
      }, { env = { ELEVENLABS_API_KEY = sandbox.api_key } })
      pipe = assert(io.open(fifo, "w")) -- opens when the other end does
      pipe:setvbuf "no"
      pipe:write "resource_id,resource_type\nvoice_0001,voice\n"
      repeat
        process.run { "sleep", "0.05" }
      until (read_file(journal) or ""):find "voice_0001"
    end)

    it("settles each item as it comes", function()
      pipe:write "agent_0002,convai_agents\n"
      repeat
        process.run { "sleep", "0.05" }
      until read_file(journal):find "agent_0002"
      pipe:write "doc_0003,convai_knowledge_base"
      pipe:write "_documents\n"
      pipe:close()
      local code, out = running:wait()
      assert.are.equal(0, code)
      assert.matches("total 3 confirmed 3 ", out)
    end)

    it("ends at a signal", function()
      local code, out, err = running:stop "sigint"
      pipe:close()
      assert.are.equal(130, code)
      assert.matches("total 1 confirmed 1 ", out)
      local command = "  (the same input again) | elevenlabs-workspace unshare --from - --yes "
      assert.matches(command, err, 1, true)
    end)

    it("goes on while a row is waited for that came in part", function()
      pipe:write "agent_0002,convai_agents\ndoc_00"
      repeat
        process.run { "sleep", "0.05" }
      until read_file(journal):find "agent_0002"
      local code = running:stop "sigterm"
      pipe:close()
      assert.are.equal(143, code)
    end)
  end)

  describe("case 1: a signal before the first request", function()
    local server_that_hears, env

    before_each(function()
      server_that_hears = raw.start { { raw.read, raw.hold } }
      env = { ELEVENLABS_API_KEY = raw.KEY }
    end)

    local function begin(...)
      return process.start(
        join({ "elevenlabs-workspace", "unshare", "--yes" }, {
          "--base-url",
          server_that_hears.base_url,
          "--ca-file",
          server_that_hears.ca_file,
        }, LEAVER, ...),
        { env = env }
      )
    end

    --- Wait until the process reads a file.
    local function wait_for_reading(running, path)
      local found
      repeat
        local listing = io.popen(("ls -l /proc/%d/fd 2>/dev/null"):format(running.pid))
        found = listing:read("*a"):find(path, 1, true)
        listing:close()
      until found or running.code
    end

    local function expect_nothing_sent(running, signal, status)
      local code, out, err = running:stop(signal)
      assert.are.same({ status, "" }, { code, out })
      assert.are.equal("elevenlabs-workspace: interrupted: nothing was sent\n", err)
      assert.are.same({}, server_that_hears:stop())
    end

    for signal, status in pairs { sigint = 130, sigterm = 143, sighup = 129 } do
      it("ends the check of a file: " .. signal, function()
        local rows = { "resource_id,resource_type" }
        for i = 2, 150000 do
          rows[i] = "voice_" .. i .. ",voice"
        end
        local from, journal = write("many.csv", table.concat(rows, "\n")), path_of "journal"
        local running = begin { "--from", from, "--journal", journal }
        wait_for_reading(running, from)
        expect_nothing_sent(running, signal, status)
        assert.is_nil(read_file(journal))
      end)

      it("ends the reading of a journal: " .. signal, function()
        local path = path_of "long.journal"
        local journal = assert(journals.open(path, {
          operation = "unshare",
          base_url = server_that_hears.base_url,
        }))
        for i = 1, 100000 do
          local item = { resource_id = "id" .. i, resource_type = "voice", user_email = LEAVER[2] }
          assert(journal:record(item, { outcome = "confirmed", status = 200 }))
        end
        journal:close()
        local size = #read_file(path)
        local running =
          begin { "--from", write("one.csv", resources(1)), "--journal", path }
        wait_for_reading(running, path)
        expect_nothing_sent(running, signal, status)
        assert.are.equal(size, #read_file(path))
      end)
    end

    it("ends the look-up of the server's name", function()
      env.LD_PRELOAD = os.getenv "SPEC_PRELOAD" .. "/slow_resolver.so"
      local command = { "elevenlabs-workspace", "unshare", "--base-url", "https://slow.test" }
      local one = { "--resource-id", "x", "--resource-type", "voice" }
      local running = process.start(join(command, LEAVER, one), { env = env })
      repeat -- until libcurl has a thread that looks the name up
        local listing = io.popen(("ls /proc/%d/task 2>/dev/null | wc -l"):format(running.pid))
        local threads = tonumber(listing:read "*a")
        listing:close()
      until threads > 1 or running.code
      local code, out, err = running:stop "sigint"
      out = out:gsub("lookup ended\n", "") -- the look-up's own word, on a machine that is busy
      assert.are.same({ 130, "" }, { code, out })
      assert.matches("Not sent: nothing was changed", err)
      server_that_hears:stop()
    end)
  end)

  it("cancels what is in flight at a second signal", function()
    local hanging = raw.start { { raw.read, raw.tell, raw.hold } }
    local from = write("one.csv", resources(1))
    local running = process.start(
      join({ "elevenlabs-workspace", "unshare", "--from", from, "--yes" }, LEAVER, {
        "--base-url",
        hanging.base_url,
        "--ca-file",
        hanging.ca_file,
      }),
      { env = { ELEVENLABS_API_KEY = "k" } }
    )
    hanging:received(1)
    running.handle:kill "sigint"
    process.run { "sleep", "0.2" }
    local code, out = running:stop "sigint"
    hanging:stop()
    assert.are.equal(130, code)
    assert.matches("total 1 confirmed 0 refused 0 unconfirmed 1 not_sent 0", out)
  end)

  describe("on a terminal", function()
    it("asks before it begins, and draws a bar", function()
      local from = write("all.csv", resources())
      local code, shown = on_terminal("[y/N]", "y", { "--from", from }, LEAVER)
      assert.are.equal(1, code)
      local question = "Remove the role of mia@example.com from 100 resources of " .. from
      assert.matches(question .. ", at the sandbox https://127.0.0.1:", shown, 1, true)
      assert.matches("\r[########################] 100/100 100%", shown, 1, true)
      assert.matches("retries %d+", shown)
      assert.matches("total 100 confirmed 96 refused 4 ", shown)
    end)

    it("sends nothing where the answer is no, and the journal says so", function()
      local from, journal = write("all.csv", resources()), path_of "mia.journal"
      local options = { "--from", from, "--journal", journal }
      for _, answer in ipairs { "", "n", "no", "yum install", "Yy" } do -- cases 5 and 23
        local code, shown = on_terminal("[y/N]", answer, options, LEAVER)
        assert.are.equal(3, code, answer)
        assert.matches("\nelevenlabs%-workspace: nothing was sent\r?\n$", shown)
        assert.is_nil(read_file(journal))
      end
      local code
      assert.are.equal("commenter", sandbox:roles("agent_0002", "convai_agents").user_mia)
      code = on_terminal("[y/N]", "y", options, LEAVER)
      assert.are.equal(1, code)
      assert.is_nil(read_file(journal):find "ambiguous")
    end)

    it("ends by Ctrl-C at the question", function()
      local from = write("all.csv", resources())
      local code, shown = on_terminal("[y/N]", "^C", { "--from", from }, LEAVER)
      assert.are.equal(130, code)
      assert.is_nil(shown:find "total")
      assert.matches("interrupted: nothing was sent", shown, 1, true)
    end)

    it("case 5: does not take what was typed before the question for its answer", function()
      local from = write("all.csv", resources())
      local ahead = { prompt = "[y/N]", TERMINAL_AHEAD = "y\nyes\n" }
      local code, shown = on_terminal(ahead, "n", { "--from", from }, LEAVER)
      assert.are.equal(3, code)
      assert.matches("nothing was sent", shown, 1, true)
    end)

    it("case 24: has no escapes on a dumb terminal", function()
      local from = write("all.csv", resources())
      local dumb = { prompt = "none", TERM = "dumb" }
      local code, shown = on_terminal(dumb, "", { "--from", from, "--yes" }, LEAVER)
      assert.are.equal(1, code)
      assert.is_nil(shown:find "\27")
    end)
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
      ["a journal without a list"] = { { "--journal", "x" }, "--journal needs --from" },
      ["a deadline without a list"] = { { "--deadline", "5" }, "--deadline needs --from" },
      ["a deadline of nothing"] = { { "--deadline", "0" }, "--deadline takes a time" },
      ["a deadline in days"] = { { "--deadline", "2d" }, "--deadline takes a time" },
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
