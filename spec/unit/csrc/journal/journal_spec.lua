local cjson = require "cjson"
local core = require "elevenlabs.workspace.core"
local probe = require "probe"
local process = require "spec.support.process"
local uv = require "luv"

local LUA = os.getenv "SPEC_LUA"
local BEGINNING = '{"format":"elevenlabs-workspace journal 1",'
local RECORDS = {
  BEGINNING .. '"operation":"unshare"}',
  '{"a":1}',
  '{"name":"J\195\188rgen \\"x\\", {y}\\n","crc32c":"kept"}',
  '{"deep":{"list":[{},[]]}}',
}
local LONGEST = 64 * 1024 - 21
local EINTR, EIO, EINVAL = 4, 5, 22

-- A file system of its own needs a mount namespace, which needs root.
local MAY_MOUNT = process.run { "unshare", "-m", "true" } == 0

-- root may write everywhere, unless it gives that right up.
local AS_OTHERS = uv.getuid() == 0 and "exec setpriv --bounding-set=-dac_override" or "exec"

local function sh(script, env)
  return process.run({ "sh", "-ec", script }, { env = env })
end

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- All records that are left, and why there were no more: nil is the end.
local function read_all(journal)
  local records = {}
  local text, failure = journal:next()
  while text do
    records[#records + 1] = text
    text, failure = journal:next()
  end
  return records, failure
end

local function append_all(journal, records, first)
  for i = first or 1, #records do
    assert.is_true(journal:append(records[i]))
  end
  assert.is_true(journal:sync())
end

--- What a journal at `path` holds, which must be undamaged.
local function records_of(path)
  local journal = assert(core.open_journal(path, false))
  local records, failure = read_all(journal)
  journal:close()
  assert.is_nil(failure)
  return records
end

local function first_of(list, count)
  return { (unpack or table.unpack)(list, 1, count) }
end

describe("journal", function()
  local folder, path

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(uv.fs_mkdir(folder, tonumber("700", 8)))
    folder = uv.fs_realpath(folder)
    path = folder .. "/journal.jsonl"
  end)

  after_each(function()
    process.run { "rm", "-r", folder }
  end)

  --- A journal with all of RECORDS; returns the file's text.
  local function write_journal()
    local journal = assert(core.open_journal(path, true))
    assert.are.same({}, read_all(journal))
    append_all(journal, RECORDS)
    journal:close()
    return read_file(path)
  end

  local function refused(target, create, message)
    local journal, failure = core.open_journal(target, create)
    assert.is_nil(journal)
    assert.are.equal("journal", failure.kind)
    assert.matches(message, failure.message, 1, true)
  end

  --- Lua code in a process of its own, with `core`, `path` and `RECORDS`.
  local function run(code, env, wrapper)
    env = env or {}
    env.JOURNAL, env.RECORDS, env.LUA = path, cjson.encode(RECORDS), LUA
    env.CODE = [[
      local core = require "elevenlabs.workspace.core"
      local path = os.getenv "JOURNAL"
      local RECORDS = require "cjson".decode(os.getenv "RECORDS")
    ]] .. code
    return sh(wrapper or [[ exec "$LUA" -e "$CODE" ]], env)
  end

  describe("records", function()
    it("come back as they were appended, from one run to the next", function()
      local journal = assert(core.open_journal(path, true))
      assert.is_true(journal:is_new())
      assert.are.same({}, read_all(journal))
      append_all(journal, first_of(RECORDS, 2))
      append_all(journal, RECORDS, 3)
      journal:close()
      for _ = 1, 2 do
        journal = assert(core.open_journal(path, true))
        assert.is_false(journal:is_new())
        assert.are.same(RECORDS, read_all(journal))
        assert.is_nil(journal:next())
        journal:close()
      end
    end)

    it("may be many, and as long as a line may be", function()
      local many = { RECORDS[1] }
      for n = 2, 3000 do
        many[n] = ('{"n":"%d%s"}'):format(n, ("x"):rep(n % 97))
      end
      many[100] = ('{"x":"%s"}'):format(("x"):rep(LONGEST - 8))
      many[101] = many[100]
      assert.are.equal(LONGEST, #many[100])
      local journal = assert(core.open_journal(path, true))
      read_all(journal)
      append_all(journal, many)
      journal:close()
      assert.are.same(many, records_of(path))
    end)

    it("are objects on one line, not empty and not too long, and a header first", function()
      local journal = assert(core.open_journal(path, true))
      read_all(journal)
      local function wrong(text, message)
        local done, failure = journal:append(text)
        assert.is_nil(done)
        assert.are.equal("invalid_argument", failure.kind)
        assert.matches(message, failure.message, 1, true)
      end
      for _, text in ipairs { '{"a":1}', BEGINNING, BEGINNING:gsub("1", "2") .. '"a":1}' } do
        wrong(text, text:sub(-1) == "}" and "first record" or "one JSON object")
      end
      assert.is_true(journal:append(RECORDS[1]))
      local none = { "", "{}", '{"}', "[1]", '["a"]', '"a"', '{"a":1', '{"a":\n1}', '{"a":1}\n' }
      for _, text in ipairs(none) do
        wrong(text, "one JSON object")
      end
      wrong(('{"x":"%s"}'):format(("x"):rep(LONGEST - 7)), "at most 65515 bytes")
      assert.is_true(journal:sync())
      journal:close()
      assert.are.same({ RECORDS[1] }, records_of(path))
    end)

    it("are in the file once they are synced, or when there is much of them", function()
      local journal = assert(core.open_journal(path, true))
      read_all(journal)
      journal:append(RECORDS[1])
      assert.are.equal("", read_file(path))
      journal:sync()
      local size = #read_file(path)
      local record = ('{"x":"%s"}'):format(("x"):rep(9992))
      for _ = 1, 104 do
        assert.is_true(journal:append(record))
      end
      assert.are.equal(size, #read_file(path))
      assert.is_true(journal:append(record))
      assert.are.equal(size + 105 * 10021, #read_file(path))
      journal:append(RECORDS[2])
      journal:close() -- drops that one
      assert.are.equal(106, #records_of(path))
    end)

    it("cannot be appended before those that are there were read", function()
      local text = write_journal()
      local journal = assert(core.open_journal(path, false))
      for read = 0, #RECORDS do
        for _, method in ipairs { "append", "sync" } do
          local done, failure = journal[method](journal, RECORDS[2])
          assert.is_nil(done)
          assert.are.equal("invalid_argument", failure.kind)
          assert.matches("not read to its end", failure.message, 1, true)
        end
        assert.are.equal(RECORDS[read + 1], (journal:next()))
      end
      assert.is_true(journal:append(RECORDS[2]))
      journal:close()
      assert.are.equal(text, read_file(path))
    end)
  end)

  describe("tail", function()
    it("that was torn at any byte leaves the records before it, and is mended", function()
      local text = write_journal()
      for cut = 0, #text do
        local left = text:sub(1, cut)
        local _, complete = left:gsub("\n", "")
        write_file(path, left)

        local journal = assert(core.open_journal(path, false))
        assert.are.equal(complete == 0, journal:is_new())
        local records, failure = read_all(journal)
        assert.is_nil(failure)
        assert.are.same(first_of(RECORDS, complete), records)
        journal:close()
        assert.are.equal(left, read_file(path)) -- whoever only reads changes nothing

        journal = assert(core.open_journal(path, true))
        read_all(journal)
        append_all(journal, RECORDS, complete + 1)
        journal:close()
        assert.are.equal(text, read_file(path))
      end
    end)

    it("is cut off by a sync alone too", function()
      local text = write_journal()
      write_file(path, text .. '{"a":')
      local journal = assert(core.open_journal(path, false))
      read_all(journal)
      assert.is_true(journal:sync())
      journal:close()
      assert.are.equal(text, read_file(path))
    end)

    it("may be longer than any line", function()
      local text = write_journal()
      for _, length in ipairs { 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 300000 } do
        write_file(path, text .. ("\0"):rep(length))
        local journal = assert(core.open_journal(path, false))
        assert.are.same(RECORDS, read_all(journal))
        assert.is_true(journal:sync())
        journal:close()
        assert.are.equal(text, read_file(path))
      end
    end)
  end)

  describe("damage", function()
    --- The records before it, and the message.
    local function damaged(text)
      write_file(path, text)
      local journal, failure = core.open_journal(path, false)
      local records = {}
      if journal then
        records, failure = read_all(journal)
        if failure then
          assert.are.same(failure, select(2, journal:next()))
          assert.are.same(failure, select(2, journal:append(RECORDS[2])))
          assert.are.same(failure, select(2, journal:sync()))
        end
        journal:close()
      end
      assert.are.equal(text, read_file(path))
      return records, failure
    end

    it("to any bit is found, and no record is other than it was", function()
      local text = write_journal()
      for at = 1, #text do
        local _, before = text:sub(1, at - 1):gsub("\n", "")
        for bit = 0, 7 do
          local byte = text:byte(at)
          local flipped = byte + (byte % 2 ^ (bit + 1) < 2 ^ bit and 1 or -1) * 2 ^ bit
          local records, failure =
            damaged(text:sub(1, at - 1) .. string.char(flipped) .. text:sub(at + 1))
          assert.are.same(first_of(RECORDS, before), records)
          if at <= #BEGINNING then
            assert.matches("is not a journal of this program", failure.message, 1, true)
          elseif at < #text then
            assert.matches(("line %d is damaged"):format(before + 1), failure.message, 1, true)
          else
            assert.is_nil(failure) -- without its newline the last line is a torn one
          end
        end
      end
    end)

    it("names its line, the last one too, and nothing after it is read", function()
      local header, second, third = write_journal():match "^([^\n]*\n)([^\n]*\n)([^\n]*\n)"
      local cases = {
        { header .. "\n" .. second, 2 },
        { header .. second .. '{"a":1}\n', 3 },
        { header .. second .. third:upper(), 3 },
        { header .. second .. "x" .. third, 3 },
        { header .. second .. third:gsub('"}\n$', '" }\n') .. second, 3 },
        { header .. ("x"):rep(64 * 1024 - 1) .. "\n" .. second, 2 },
        { header .. ("x"):rep(64 * 1024) .. "\n" .. second, 2 },
        { header .. ("x"):rep(200000) .. second, 2 },
        { header .. ("x"):rep(64 * 1024) .. second .. "torn", 2 },
      }
      for _, case in ipairs(cases) do
        local records, failure = damaged(case[1])
        assert.are.same(first_of(RECORDS, case[2] - 1), records)
        assert.are.equal("journal", failure.kind)
        assert.matches(("line %d is damaged"):format(case[2]), failure.message, 1, true)
      end
    end)
  end)

  describe("file", function()
    local function descriptors()
      local scan, count = assert(uv.fs_scandir "/proc/self/fd"), 0
      while uv.fs_scandir_next(scan) do
        count = count + 1
      end
      return count
    end

    it("is made for its owner alone", function()
      write_journal()
      assert.are.equal(tonumber("600", 8), uv.fs_stat(path).mode % 512)
    end)

    it("that is missing is told apart where it is not to be made", function()
      local journal, failure = core.open_journal(path, false)
      assert.is_nil(journal)
      assert.is_nil(failure)
      assert.is_nil(uv.fs_stat(path))
    end)

    it("of another kind is left to the byte, and open no longer", function()
      local before = descriptors()
      local foreign = {
        "resource_id,resource_type\n",
        "\n",
        "\0",
        "{\n",
        " ",
        '{"format":"elevenlabs-workspace journal 2","a":1,"crc32c":"00000000"}\n',
        BEGINNING:sub(1, -2) .. "}\n",
        BEGINNING:sub(1, -2) .. " ",
      }
      for _, text in ipairs(foreign) do
        write_file(path, text)
        refused(path, true, "is not a journal of this program")
        assert.are.equal(text, read_file(path))
      end
      assert.are.equal(before, descriptors())
    end)

    it("is not a folder, a link or a device", function()
      local before = descriptors()
      write_journal()
      for _, create in ipairs { true, false } do
        refused(folder, create, "cannot be opened: Is a directory")
        refused("/dev/null", create, "is not a regular file")
      end
      assert(uv.fs_symlink(path, folder .. "/link"))
      assert(uv.fs_symlink(folder .. "/nowhere", folder .. "/dangling"))
      refused(folder .. "/link", true, "is a symbolic link")
      refused(folder .. "/dangling", true, "is a symbolic link")
      refused(folder .. "/dangling", false, "is a symbolic link")
      assert.is_nil(uv.fs_stat(folder .. "/nowhere"))
      assert.are.equal(before, descriptors())
    end)

    it("is not a FIFO, and nobody waits for its other end", function()
      assert.are.equal(0, (process.run { "mkfifo", path }))
      local code, out, err = run [[ io.write(select(2, core.open_journal(path, true)).message) ]]
      assert.are.same({ 0, "" }, { code, err })
      assert.matches("is not a regular file", out, 1, true)
    end)

    it("case 33: is not one that others may write", function()
      local before, text = descriptors(), write_journal()
      for _, mode in ipairs { "660", "606", "622" } do
        assert(uv.fs_chmod(path, tonumber(mode, 8)))
        for _, create in ipairs { true, false } do
          refused(path, create, "can be written by others: if you trust what it says, chmod 600 it")
        end
      end
      assert.are.equal(text, read_file(path))
      assert(uv.fs_chmod(path, tonumber("644", 8))) -- others may read
      assert.are.same(RECORDS, records_of(path))
      assert.are.equal(before, descriptors())
    end)

    it("case 33: has one name", function()
      write_journal()
      assert(uv.fs_link(path, folder .. "/other"))
      refused(path, true, "has another name too (a hard link)")
      refused(folder .. "/other", false, "has another name too (a hard link)")
      assert(os.remove(folder .. "/other"))
      assert.are.same(RECORDS, records_of(path))
    end)

    -- Only root may give a file away.
    if uv.getuid() == 0 then
      it("case 33: belongs to whoever runs this, also if that is root", function()
        write_journal()
        assert(uv.fs_chown(path, 65534, -1))
        for _, create in ipairs { true, false } do
          refused(path, create, "belongs to another user (65534, this program runs as 0)")
        end
      end)
    end

    it("has a path that the system accepts", function()
      write_journal()
      for _, create in ipairs { true, false } do
        refused(path .. "/below", create, "cannot be opened: Not a directory")
        local journal, failure = core.open_journal(path .. "\0.txt", create)
        assert.is_nil(journal)
        assert.are.same({ "invalid_argument", "journal" }, { failure.kind, failure.field })
      end
      refused(folder .. "/none/journal", true, "cannot be opened: No such file or directory")
      refused("", true, "cannot be opened: No such file or directory")
    end)

    local READ_ONLY = [[
      for _, name in ipairs { path, path .. ".new" } do
        local journal, failure = core.open_journal(name, true)
        assert(not journal and failure.kind == "journal", "it was opened")
        print((failure.message:gsub("^.*: ", "")))
      end
    ]]
    if MAY_MOUNT then
      it("is not on a read-only file system", function()
        local text = write_journal()
        local code, out, err = run(
          READ_ONLY,
          { FOLDER = folder },
          [[
            exec unshare -m sh -ec '
              mount --bind "$FOLDER" "$FOLDER"
              mount -o remount,ro,bind "$FOLDER"
              exec "$LUA" -e "$CODE"'
          ]]
        )
        assert.are.same({ 0, "" }, { code, err })
        assert.are.equal(("Read-only file system\n"):rep(2), out)
        assert.are.equal(text, read_file(path))
      end)
    end

    it("is not where its user may not write", function()
      write_journal()
      assert(uv.fs_chmod(path, tonumber("400", 8)))
      assert(uv.fs_chmod(folder, tonumber("500", 8)))
      local code, out, err = run(READ_ONLY, {}, AS_OTHERS .. [[ "$LUA" -e "$CODE"]])
      assert(uv.fs_chmod(folder, tonumber("700", 8)))
      assert.are.same({ 0, "" }, { code, err })
      assert.are.equal(("Permission denied\n"):rep(2), out)
    end)
  end)

  describe("lock", function()
    local LOCKED = "is locked by another run"
    local TRY = [[
      local journal, failure = core.open_journal(path, true)
      io.write(journal and "opened" or failure.message, failure and failure.retryable and "!" or "")
    ]]

    it("keeps a second run out until the first has closed", function()
      write_journal()
      local journal = assert(core.open_journal(path, false))
      refused(path, false, LOCKED)
      refused(path, true, LOCKED)
      local _, out = run(TRY)
      assert.matches(LOCKED .. "!", out, 1, true)
      assert.are.same(RECORDS, read_all(journal))
      append_all(journal, { RECORDS[2] })
      journal:close()
      _, out = run(TRY)
      assert.are.equal("opened", out)
    end)

    it("is not needed to read, which tells whether a run has the journal", function()
      local text = write_journal()
      local journal = assert(core.open_journal(path, false))
      read_all(journal)
      local reader = assert(core.read_journal(path))
      append_all(journal, { RECORDS[2] })
      assert.is_true(reader:is_in_use())
      assert.are.same({ RECORDS[1], RECORDS[2], RECORDS[3], RECORDS[4], RECORDS[2] },
        (read_all(reader)))
      journal:close()
      write_file(path, text .. '{"a":')
      local again = assert(core.read_journal(path))
      assert.is_false(again:is_in_use())
      assert.are.same(RECORDS, (read_all(again)))
      assert(core.open_journal(path, false)):close() -- both readers are still open
      for _, one in ipairs { reader, again } do
        one:append(RECORDS[2])
        one:sync()
        one:close()
      end
      assert.are.equal(text .. '{"a":', read_file(path))
    end)

    it("is not needed to read, but the rest of the rules are", function()
      write_journal()
      assert.is_nil(core.read_journal(path .. ".none"))
      assert.is_nil(select(2, core.read_journal(path .. ".none")))
      for mode, message in pairs { ["666"] = "can be written by others" } do
        assert(uv.fs_chmod(path, tonumber(mode, 8)))
        local reader, failure = core.read_journal(path)
        assert.is_nil(reader)
        assert.matches(message, failure.message, 1, true)
      end
      write_file(path, "what?")
      assert(uv.fs_chmod(path, tonumber("600", 8)))
      assert.matches("not a journal", select(2, core.read_journal(path)).message)
    end)

    it("goes with a run that is killed", function()
      local holder = process.start({
        LUA,
        "-e",
        [[
          local core = require "elevenlabs.workspace.core"
          local journal = assert(core.open_journal(os.getenv "JOURNAL", true))
          print "locked"
          io.stdout:flush()
          require "luv".sleep(60000)
        ]],
      }, { env = { JOURNAL = path } })
      assert.are.equal("locked", holder:read_line())
      refused(path, true, LOCKED)
      holder:stop "sigkill"
      local journal = assert(core.open_journal(path, true))
      journal:close()
    end)

    it("goes with a journal that is collected", function()
      local function hold()
        local journal = assert(core.open_journal(path, true))
        refused(path, true, LOCKED)
        return tostring(journal) -- so that it is not collected before
      end
      hold()
      collectgarbage()
      collectgarbage()
      assert(core.open_journal(path, true)):close()
    end)

    it("is the parent's after a fork, and the child may not use the journal", function()
      local text = write_journal()
      local journal = assert(core.open_journal(path, false))
      assert.are.equal(RECORDS[1], journal:next())
      local status = probe.fork(function()
        for _, method in ipairs { "next", "append", "sync" } do
          local done, failure = journal[method](journal, RECORDS[2])
          assert(not done and failure.kind == "journal")
          assert(failure.message:find("belongs to the process that opened it", 1, true))
        end
        journal:close()
        journal:close()
        assert(not core.open_journal(path, true), "the lock is gone")
        return 7
      end)
      assert.are.equal(7, status)
      refused(path, true, LOCKED)
      assert.are.equal(text, read_file(path))
      assert.are.same({ RECORDS[2], RECORDS[3], RECORDS[4] }, read_all(journal))
      append_all(journal, { RECORDS[2] })
      journal:close()
      assert.are.equal(#RECORDS + 1, #records_of(path))
    end)

    -- The shim takes the name away between opening and locking.
    local function with_name_lost(times)
      return run(
        [[
          local journal, failure = core.open_journal(path, true)
          if not journal then
            io.write(failure.message .. "\n")
            return os.execute "ls -l /proc/$PPID/fd"
          end
          assert(not journal:next())
          for _, record in ipairs(RECORDS) do assert(journal:append(record)) end
          assert(journal:sync())
        ]],
        {
          LD_PRELOAD = os.getenv "SPEC_PRELOAD" .. "/bad_disk.so",
          BAD_NAME = path,
          BAD_NAMES = tostring(times),
        },
        [[ exec "$LUA" -e "$CODE" 2>/dev/null ]]
      )
    end

    it("is on the file that the path names, not on one that lost its name", function()
      local code, out = with_name_lost(3)
      assert.are.same({ 0, "" }, { code, out })
      assert.are.same(RECORDS, records_of(path))
    end)

    it("is not tried for ever", function()
      local code, out = with_name_lost(1000)
      assert.are.equal(0, code)
      assert.matches("is replaced again and again by others", out, 1, true)
      assert.is_nil(out:find("journal.jsonl (deleted)", 1, true))
    end)
  end)

  describe("when it is closed", function()
    it("says so, however often", function()
      local journal = assert(core.open_journal(path, true))
      journal:close()
      journal:close()
      for _, method in ipairs { "next", "append", "sync" } do
        local done, failure = journal[method](journal, RECORDS[1])
        assert.is_nil(done)
        assert.are.equal("closed", failure.kind)
      end
      assert.is_true(journal:is_new())
    end)

    it("raises on wrong kinds of argument as before", function()
      local journal = assert(core.open_journal(path, true))
      for _, wrong in ipairs {
        function() core.open_journal() end,
        function() core.open_journal({}, true) end,
        function() journal.next {} end,
        function() journal.close(io.stdout) end,
        function() journal:append() end,
      } do
        assert.has_error(wrong)
      end
      journal:close()
    end)
  end)

  describe("disk", function()
    -- Syncs every 20 records until it cannot, then tries on. Prints how many records
    -- were synced.
    local FILL = [[
      local journal = assert(core.open_journal(path, true))
      assert(not journal:next())
      assert(journal:append(RECORDS[1]) and journal:sync())
      local count, synced, done, failure = 1, 1, true, nil
      while done do
        done, failure = journal:append(('{"n":%d,"x":"%s"}'):format(count, ("x"):rep(300)))
        count = count + 1
        if done and count % 20 == 0 then
          done, failure = journal:sync()
          synced = done and count or synced
        end
      end
      assert(failure.kind == "journal", failure.kind)
      local function content()
        local file = assert(io.open(path, "rb"))
        local text = file:read "*a"
        file:close()
        return text
      end
      local left = content()
      for _ = 1, 3 do
        for _, method in ipairs { "append", "sync", "next" } do
          local _, later = journal[method](journal, RECORDS[2])
          assert(later and later.message == failure.message, method)
        end
      end
      assert(content() == left, "it was written to")
      journal:close()
      assert(content() == left and left:sub(-1) == "\n", "a torn line")
      journal = assert(core.open_journal(path, false))
      for _ = 1, synced do assert(journal:next()) end
      local more, damage = journal:next()
      assert(not more and not damage, "something is left of what failed")
      print(synced)
      print((failure.message:gsub("^.*/journal.jsonl ", "")))
    ]]

    it("that reaches a limit ends its use, and leaves whole records alone", function()
      local code, out, err =
        run(FILL, nil, [[ trap "" XFSZ; ulimit -f 40; exec "$LUA" -e "$CODE" ]])
      assert.are.same({ 0, "" }, { code, err })
      local synced, message = out:match "^(%d+)\n(.*)\n$"
      assert.are.equal("cannot be written: File too large", message)
      assert.is_true(tonumber(synced) >= 20)

      local journal = assert(core.open_journal(path, false))
      assert.are.equal(tonumber(synced), #read_all(journal))
      append_all(journal, { RECORDS[2] })
      journal:close()
      assert.are.equal(synced + 1, #records_of(path))
    end)

    if MAY_MOUNT then
      it("that is full does the same", function()
        local code, out, err = run(
          FILL,
          { FOLDER = folder },
          [[
            exec unshare -m sh -ec '
              mount -t tmpfs -o size=64k none "$FOLDER"
              exec "$LUA" -e "$CODE"'
          ]]
        )
        assert.are.same({ 0, "" }, { code, err })
        local synced, message = out:match "^(%d+)\n(.*)\n$"
        assert.are.equal("cannot be written: No space left on device", message)
        assert.is_true(tonumber(synced) >= 20)
      end)
    end

    --- With the shim: what was synced, in order.
    local function run_badly(code, env, wrapper)
      env.LD_PRELOAD = os.getenv "SPEC_PRELOAD" .. "/bad_disk.so"
      local status, out, err = run(code, env, wrapper)
      assert.are.equal(0, status, err)
      return err, out
    end

    local function synced_calls(...)
      local lines = ""
      for _, call in ipairs { ... } do
        lines = lines .. ("%s %s\n"):format(call, call == "fsync" and folder or path)
      end
      return lines
    end

    local SYNC_TWICE = [[
      local journal = assert(core.open_journal(path, true))
      while journal:next() do end
      local failure
      for i = 1, 2 do
        if not failure then
          assert(journal:append(RECORDS[i]))
          failure = select(2, journal:sync())
        end
      end
      for _ = 1, failure and 3 or 0 do
        for _, method in ipairs { "sync", "append" } do
          local done, later = journal[method](journal, RECORDS[3])
          assert(not done and later.kind == "journal" and later.message == failure.message)
        end
      end
      io.write(failure and failure.message:gsub("^.*/journal.jsonl ", "") or "synced")
    ]]

    it("that fails to sync is asked once and no more, and nothing new stays", function()
      local synced, out = run_badly(SYNC_TWICE, { BAD_SYNC = "3" })
      assert.are.equal(synced_calls("fdatasync", "fsync", "fdatasync"), synced)
      assert.are.equal("cannot be synced: Input/output error", out)
      assert.are.same({ RECORDS[1] }, records_of(path))
    end)

    it("that fails to sync takes nothing of an earlier run's with it", function()
      local text = write_journal()
      for _, number in ipairs { "1", "2" } do
        run_badly(SYNC_TWICE, { BAD_SYNC = number })
        assert.are.equal(text, read_file(path))
      end
      run_badly(SYNC_TWICE, { BAD_SYNC = "3" })
      assert.are.same({ RECORDS[4], RECORDS[1] }, { (unpack or table.unpack)(records_of(path), 4) })
    end)

    it("that fails to sync the folder does the same", function()
      local synced, out = run_badly(SYNC_TWICE, { BAD_SYNC = "2" })
      assert.are.equal(synced_calls("fdatasync", "fsync"), synced)
      assert.are.equal("cannot be synced: Input/output error", out)
      assert.are.equal("", read_file(path))
    end)

    it("is asked again when there is something new, for the folder once a run", function()
      local twice = SYNC_TWICE .. [[ assert(journal:sync()) ]]
      for _ = 1, 2 do
        local synced, out = run_badly(twice, {})
        assert.are.equal(synced_calls("fdatasync", "fsync", "fdatasync"), synced)
        assert.are.equal("synced", out)
      end
    end)

    it("syncs the right folder for a path without one, whatever is changed to", function()
      local synced = run_badly(
        [[
          local journal = assert(core.open_journal("journal.jsonl", true))
          assert(not journal:next() and require "luv".chdir "/")
          assert(journal:append(RECORDS[1]) and journal:sync())
        ]],
        { FOLDER = folder },
        [[ cd "$FOLDER" && exec "$LUA" -e "$CODE" ]]
      )
      assert.are.equal(synced_calls("fdatasync", "fsync"), synced)
      assert.are.same({ RECORDS[1] }, records_of(path))
    end)

    --- With one system call that fails: what the code prints.
    local function run_with(call, turn, number, code)
      local env = { LD_PRELOAD = os.getenv "SPEC_PRELOAD" .. "/bad_call.so" }
      env.BAD_CALL, env.BAD_TURN, env.BAD_ERRNO = call, tostring(turn), tostring(number)
      local status, out, err = run(code, env)
      assert.are.same({ 0, "" }, { status, err })
      return (out:gsub("journal [^\n]*/journal.jsonl", "it"))
    end

    local READ_ALL = [[
      local journal, failure = core.open_journal(path, true)
      if not journal then
        return print("opening: " .. failure.message)
      end
      local count, text = 0, nil
      repeat
        count = count + 1
        text, failure = journal:next()
      until not text
      print("record " .. count .. ": " .. (failure and failure.message or "none"))
      for _, method in ipairs { "next", "append", "sync" } do
        local _, later = journal[method](journal, RECORDS[2])
        print(later and later.message)
      end
    ]]

    it("that is interrupted is read again", function()
      local text = write_journal()
      for turn = 1, 3 do
        write_file(path, text)
        assert.are.equal(
          "record 5: none\nnil\nnil\nnil\n",
          run_with("pread64", turn, EINTR, READ_ALL)
        )
      end
    end)

    it("that cannot be read is no end of the records", function()
      local text = write_journal()
      local message = "it cannot be read: Input/output error\n"
      for turn = 1, 2 do
        assert.are.equal("opening: " .. message, run_with("pread64", turn, EIO, READ_ALL))
      end
      assert.are.equal(
        "record 5: " .. message:rep(4),
        run_with("pread64", 3, EIO, READ_ALL)
      )
      assert.are.equal(text, read_file(path))
    end)

    it("that lets nobody look or lock is not written to", function()
      local text = write_journal()
      for call, what in pairs { fstat64 = "opened", flock = "locked" } do
        assert.are.equal(
          ("opening: it cannot be %s: Input/output error\n"):format(what),
          run_with(call, 1, EIO, READ_ALL)
        )
      end
      assert.are.equal(text, read_file(path))
    end)

    it("that does not let a torn tail be cut off takes nothing behind it", function()
      local text = write_journal() .. '{"a":'
      write_file(path, text)
      local told = run_with("ftruncate64", 1, EIO, READ_ALL)
      local message = "it cannot be mended: Input/output error\n"
      assert.are.equal("record 5: none\nnil\n" .. message:rep(2), told)
      assert.are.equal(text:sub(1, -6), read_file(path)) -- by the second try
    end)

    it("whose folder cannot be opened has no new journal", function()
      assert.are.equal(
        "opening: it is in a folder that cannot be opened: Input/output error\n",
        run_with("open64", 1, EIO, READ_ALL)
      )
      local text = write_journal()
      assert.are.equal("record 5: none\nnil\nnil\nnil\n", run_with("open64", 1, EIO, READ_ALL))
      assert.are.equal(text, read_file(path):sub(1, #text))
    end)

    it("that has no way to sync a folder is none that failed", function()
      assert.are.equal("synced", run_with("fsync", 1, EINVAL, SYNC_TWICE))
    end)

    it("that takes a few bytes at a time gets all of them", function()
      run_badly(SYNC_TWICE, { BAD_WRITE = "1" })
      assert.are.same(first_of(RECORDS, 2), records_of(path))
    end)
  end)

  describe("a plan or a case", function()
    it("is a file of the same form, of its own kind", function()
      for _, kind in ipairs { "plan", "case" } do
        os.remove(path)
        local header = ('{"format":"elevenlabs-workspace %s 1",'):format(kind)
        local file = assert(core.open_journal(path, true, kind))
        assert.is_nil(file:next())
        local ok, failure = file:append(BEGINNING .. '"a":1}')
        assert.is_nil(ok)
        assert.equal(("a %s's first record begins with %s"):format(kind, header), failure.message)
        append_all(file, { header .. '"a":1}', '{"b":2}' })
        file:close()
        file, failure = core.open_journal(path, true)
        assert.is_nil(file)
        assert.truthy(failure.message:find("is not a journal of this program", 1, true))
        file = assert(core.open_journal(path, false, kind))
        assert.same({ header .. '"a":1}', '{"b":2}' }, (read_all(file)))
        file:close()
      end
    end)

    it("must be of a known kind", function()
      assert.has_error(function()
        core.open_journal(path, true, "plant")
      end)
    end)
  end)
end)
