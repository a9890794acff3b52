local process = require "spec.support.process"
local support = require "spec.support.command"
local tls = require "spec.support.servers.tls"

local LEAVER = support.LEAVER
local lines_of, path_of, read_file, resources, write =
  support.lines_of, support.path_of, support.read_file, support.resources, support.write
local on_terminal, run = support.on_terminal, support.run

describe("cli.bulk.failed", function()
  before_each(support.begin)
  after_each(support.finish)

  it("writes what was not confirmed as a CSV that it can read", function()
    local failed = path_of "failed.csv"
    run({ "--from", write("all.csv", resources()), "--failed", failed, "--yes" }, LEAVER)
    local text = read_file(failed)
    assert.are.equal(5, lines_of(text))
    assert.matches("\ndubbing_0025,dubbing,mia@example.com,,,,,refused,invalid_request,400,", text)
    local code, out = run { "--from", failed, "--yes" }
    assert.are.equal(1, code)
    assert.matches("total 4 confirmed 0 refused 4 ", out)
  end)

  it("holds no key that a row has, also of a list that cannot be checked first", function()
    local key, failed, journal = support.sandbox.api_key, path_of "failed.csv", path_of "journal"
    local rows = ("resource_id,resource_type\n%s,voice\nx%s,voice\n"):format(key, key)
    local options = { "--failed", failed, "--journal", journal }
    local from = write("key.csv", rows)
    local code, out, err = run(options, { "--from", from, "--yes" }, LEAVER)
    assert.are.same({ 2, "" }, { code, out })
    assert.matches("key.csv, line 2, column 1 %(resource_id%): resource_id holds the secret", err)
    assert.is_nil(read_file(failed) or read_file(journal))
    code = run(options, { "--from", from, "--dry-run" }, LEAVER)
    assert.are.equal(2, code)
    code, out, err = support.run_piped(from, options, LEAVER)
    assert.are.equal(3, code)
    assert.matches("\nx%[secret%],voice,mia@example.com,", read_file(failed))
    for _, text in ipairs { read_file(failed), read_file(journal), out, err } do
      assert.is_nil(text:find(key, 1, true))
    end
  end)

  it("keeps an earlier list of failed items if it cannot begin", function()
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
      assert.are.equal("", tls.output(("ls %s | grep new; true"):format(support.folder)) or "")
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
      local key = write("key", support.sandbox.api_key .. "\n")
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
    local more = { "--failed", support.folder .. "/./journal" }
    local code, _, err = run(options, more, LEAVER)
    assert.are.equal(2, code)
    assert.matches("overwrite the file of %-%-journal", err)
    run(options, LEAVER)
    local text = read_file(journal)
    assert.are.equal(2, (run(options, more, LEAVER)))
    assert.are.equal(text, read_file(journal))
  end)
end)
