-- A journal's thread. A gate holds its syncs up: a FIFO that each fdatasync opens. Each child process
-- is killed after two minutes.

local core = require "elevenlabs.workspace.core"
local process = require "spec.support.process"
local uv = require "luv"

local HEADER = '{"format":"elevenlabs-workspace journal 1","operation":"unshare"}'

-- TSan has a thread of its own, and needs a stack of its own size.
local HAS_TSAN = os.getenv "TSAN_OPTIONS" ~= nil

local BEFORE = [[
  local core = require "elevenlabs.workspace.core"
  local uv = require "luv"
  local counts = require "spec.support.threads"
  local threads, settles_at = counts.count, counts.settles_at
  local path, gate = os.getenv "JOURNAL", os.getenv "BAD_GATE"
  local function open()
    local journal = assert(core.open_journal(path, true))
    while journal:next() do end
    return journal
  end
  local function append(journal, ...)
    for _, number in ipairs { ... } do
      assert(journal:append(('{"n":%d}'):format(number)))
    end
  end
  -- Waits until a sync is at the gate.
  local function let_pass()
    assert(io.open(gate, "w")):close()
  end
  local function await(journal)
    local synced, failure
    repeat synced, failure = journal:has_synced() until synced ~= false
    return synced, failure
  end
  local function content()
    local file = assert(io.open(path, "rb"))
    local text = file:read "*a"
    file:close()
    return text
  end
]]

describe("a journal's thread", function()
  local folder, path

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(uv.fs_mkdir(folder, tonumber("700", 8)))
    path = folder .. "/journal.jsonl"
    local journal = assert(core.open_journal(path, true))
    assert.is_nil(journal:next())
    assert(journal:append(HEADER) and journal:sync())
    journal:close()
    assert.are.equal(0, (process.run { "mkfifo", folder .. "/gate" }))
  end)

  after_each(function()
    process.run { "rm", "-r", folder }
  end)

  --- Lua code in a process of its own. Its `env` may say what the disk does.
  local function run(code, env, wrapper)
    env = env or {}
    env.JOURNAL, env.CODE, env.LUA = path, BEFORE .. code, os.getenv "SPEC_LUA"
    env.LD_PRELOAD = env.LD_PRELOAD or os.getenv "SPEC_PRELOAD" .. "/bad_disk.so"
    wrapper = wrapper or [[ exec timeout -s KILL 120 "$LUA" -e "$CODE" ]]
    local status, out, err = process.run({ "sh", "-ec", wrapper }, { env = env })
    assert.are.equal(0, status, err)
    return out
  end

  local function run_gated(code, env)
    env = env or {}
    env.BAD_GATE = folder .. "/gate"
    return run(code, env)
  end

  --- What the file holds: the numbers of its records.
  local function numbers()
    local journal, list = assert(core.open_journal(path, false)), {}
    assert.are.equal(HEADER, journal:next())
    for text in function() return journal:next() end do
      list[#list + 1] = tonumber(text:match "%d+")
    end
    journal:close()
    return list
  end

  it("syncs what was appended before, while the host goes on", function()
    run_gated [[
      local journal = open()
      assert(journal:has_synced() == true)
      append(journal, 1, 2)
      assert(journal:begin_sync())
      assert(journal:has_synced() == false)
      append(journal, 3)
      let_pass()
      assert(await(journal) == true and journal:has_synced() == true)
      assert(content():find '"n":2' and not content():find '"n":3')
      assert(journal:begin_sync())
      let_pass()
      assert(await(journal) == true)
      journal:close()
    ]]
    assert.are.same({ 1, 2, 3 }, numbers())
  end)

  it("has nothing to do if all is synced", function()
    run_gated [[
      local journal = open()
      append(journal, 1)
      assert(journal:begin_sync())
      let_pass()
      assert(await(journal))
      assert(journal:begin_sync() and journal:has_synced())
      assert(journal:sync())
    ]]
  end)

  it("is waited for by the next sync of either kind, and by a close", function()
    for code, expected in pairs {
      ["assert(journal:begin_sync())"] = { 1, 2 },
      ["assert(journal:sync())"] = { 1, 2 },
      ["journal:close()"] = { 1 },
    } do
      -- Another process opens the gate, as the host waits.
      run_gated([[
        local journal = open()
        append(journal, 1)
        assert(journal:begin_sync())
        append(journal, 2)
        local opener = assert(uv.spawn("sh", {
          args = { "-c", "while touch $JOURNAL.opened; do : >$BAD_GATE; done" },
        }))
        ]] .. code .. [[
        assert(io.open(path .. ".opened"), "it did not wait")
        journal:close()
        opener:kill "sigkill"
      ]])
      assert.are.same(expected, numbers())
      os.remove(path .. ".opened")
      local text = assert(io.open(path)):read "*l" .. "\n"
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
    end
  end)

  it("tells of a failure once, and then every call fails in the same way", function()
    local out = run([[
      local journal = open()
      append(journal, 1)
      assert(journal:begin_sync() and await(journal))
      append(journal, 2)
      assert(journal:begin_sync())
      local synced, failure = await(journal)
      assert(synced == nil and failure.kind == "journal")
      for _, method in ipairs { "has_synced", "sync", "begin_sync", "append" } do
        local done, later = journal[method](journal, '{"n":3}')
        assert(not done and later.message == failure.message, method)
      end
      io.write((failure.message:gsub("^.*jsonl ", "")))
    ]], { BAD_SYNC = "3" }) -- the folder's is the second
    assert.are.equal("cannot be synced: Input/output error", out)
    assert.are.same({ 1 }, numbers())
  end)

  it("tells a failure to whoever waits for the sync", function()
    for _, method in ipairs { "sync", "begin_sync" } do
      run(([[
        local journal = open()
        append(journal, 1)
        assert(journal:begin_sync())
        append(journal, 2)
        local done, failure = journal:%s()
        assert(not done and failure.kind == "journal")
      ]]):format(method), { BAD_SYNC = "1" })
      assert.are.same({}, numbers())
    end
  end)

  it("meets a full disk: nothing of the batch stays", function()
    run([[
      local journal = open()
      append(journal, 1)
      assert(journal:begin_sync() and await(journal))
      for n = 2, 1000 do
        append(journal, n)
      end
      assert(journal:begin_sync())
      local synced, failure = await(journal)
      assert(synced == nil and failure.message:find "cannot be written: File too large")
    ]], nil, [[ trap "" XFSZ; ulimit -f 8; exec timeout -s KILL 120 "$LUA" -e "$CODE" ]])
    assert.are.same({ 1 }, numbers())
  end)

  it("is waited for if much more is appended, and the order stays", function()
    run_gated [[
      local journal = open()
      append(journal, 1)
      assert(journal:begin_sync())
      let_pass()
      local count, filler = 1, ("x"):rep(10000)
      while count < 300 do
        count = count + 1
        assert(journal:append(('{"n":%d,"x":"%s"}'):format(count, filler)))
      end
      assert(journal:has_synced())
      assert(journal:begin_sync())
      let_pass()
      assert(await(journal))
    ]]
    local list = numbers()
    assert.are.same({ 1, 150, 300 }, { list[1], list[150], list[300] })
  end)

  if not HAS_TSAN then
    it("is there from the first such sync until the journal is closed or collected", function()
      run [[
        local before, journal = threads(), open()
        append(journal, 1)
        assert(journal:sync() and threads() == before)
        for n = 2, 4 do
          append(journal, n)
          assert(journal:begin_sync() and threads() == before + 1 and await(journal))
        end
        journal:close()
        journal:close()
        assert(settles_at(before))
        journal = open()
        append(journal, 5)
        assert(journal:begin_sync())
        journal = nil
        collectgarbage() collectgarbage()
        assert(settles_at(before))
      ]]
      assert.are.same({ 1, 2, 3, 4, 5 }, numbers())
    end)
  end

  it("ends with the process, with what it had to do done", function()
    for n, ending in ipairs { "", "os.exit(0)", "os.exit(0, true)" } do
      run(([[
        journal = open()
        append(journal, %d)
        assert(journal:begin_sync())
        %s
      ]]):format(n, ending))
      assert.are.equal(n, #numbers())
    end
  end)

  it("leaves every signal to the host", function()
    run [[
      local journal = open()
      append(journal, 1)
      assert(journal:begin_sync() and await(journal))
      local scan, main, seen = uv.fs_scandir "/proc/self/task", ("%d"):format(uv.os_getpid()), ""
      for id in function() return uv.fs_scandir_next(scan) end do
        local file = id ~= main and assert(io.open("/proc/self/task/" .. id .. "/status"))
        seen = file and file:read("*a"):match "\nSigBlk:%s+(%x+)":lower() or seen
      end
      -- all but KILL, STOP and perhaps the two that are the C library's own
      assert(seen:find "fffffff[ef][7f]ffbfeff", seen)
    ]]
  end)

  it("is the parent's after a fork: the child neither waits nor syncs", function()
    run_gated([[
      local probe = require "probe"
      local journal = open()
      append(journal, 1)
      assert(journal:begin_sync())
      assert(probe.fork(function()
        for _, method in ipairs { "has_synced", "begin_sync", "sync" } do
          local done, failure = journal[method](journal)
          assert(not done and failure.message:find "belongs to the process that opened it")
        end
        journal:close()
        os.exit(7)
      end) == 7)
      let_pass()
      assert(await(journal))
    ]], { LSAN_OPTIONS = "detect_leaks=0" }) -- its check waits for threads that a child lacks
    assert.are.same({ 1 }, numbers())
  end)

  if not HAS_TSAN then
    it("is done without if the system makes none", function()
      run([[
        local before, journal = threads(), open()
        append(journal, 1)
        assert(journal:begin_sync() and threads() == before)
        assert(journal:has_synced())
      ]], nil, [[ ulimit -s 100000000000; exec timeout -s KILL 120 "$LUA" -e "$CODE" ]])
      assert.are.same({ 1 }, numbers())
    end)
  end
end)
