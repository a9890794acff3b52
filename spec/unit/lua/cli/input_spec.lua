local process = require "spec.support.process"
local support = require "spec.support.command"

local LEAVER = support.LEAVER
local path_of, read_file, resources, write =
  support.path_of, support.read_file, support.resources, support.write
local run_piped = support.run_piped

describe("cli.input", function()
  before_each(support.begin)
  after_each(support.finish)

  it("names those of a pipe as they come, and goes on", function()
    local text = resources(10):gsub("dubbing_0004,dubbing", "dubbing_0004,voize")
    local code, out, err = run_piped(write("bad.csv", text), LEAVER)
    assert.are.equal(3, code) -- case 21
    assert.matches("^elevenlabs%-workspace: This input cannot be checked before", err)
    assert.matches("standard input, line 5, column 2 %(resource_type%)", err)
    assert.matches("total 10 confirmed 9 refused 0 unconfirmed 0 not_sent 1\n$", out)
  end)

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
        (unpack or table.unpack)(support.to_sandbox(LEAVER, { "--journal", journal })),
      }, support.env())
      pipe = assert(io.open(fifo, "w")) -- opens when the other end does
      pipe:setvbuf "no"
      pipe:write "resource_id,resource_type\nvoice_0001,voice\n"
      repeat
        process.run { "sleep", "0.05" }
      until (read_file(journal) or ""):find "voice_0001"
    end)

    it("settles each item as it comes", function()
      pipe:write "voice_collection_0002,voice_collection\n"
      repeat
        process.run { "sleep", "0.05" }
      until read_file(journal):find "voice_collection_0002"
      pipe:write "pronunciation_dictionary_0003,pronunciation"
      pipe:write "_dictionary\n"
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
      pipe:write "voice_collection_0002,voice_collection\npronunciation_dict"
      repeat
        process.run { "sleep", "0.05" }
      until read_file(journal):find "voice_collection_0002"
      local code = running:stop "sigterm"
      pipe:close()
      assert.are.equal(143, code)
    end)
  end)
end)
