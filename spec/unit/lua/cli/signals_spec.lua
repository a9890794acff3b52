local journals = require "elevenlabs.workspace.bulk.journal"
local process = require "spec.support.process"
local raw = require "spec.support.servers.raw"
local support = require "spec.support.command"

local join = process.join
local LEAVER = support.LEAVER
local lines_of, path_of, read_file, resources, write =
  support.lines_of, support.path_of, support.read_file, support.resources, support.write
local run, start = support.run, support.start

describe("cli.signals", function()
  before_each(support.begin)
  after_each(support.finish)

  for signal, status in pairs { sigint = 130, sigterm = 143 } do
    it("stops at " .. signal .. ": what is in flight ends, and the rest can be resumed", function()
      support.restart("--latency-ms", "300")
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
      assert.matches("\n +" .. confirmed .. "  were already confirmed by an earlier run", out)
      assert.matches("total 100 confirmed 96 refused 4 ", out)
    end)
  end

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
end)
