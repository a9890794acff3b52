-- What is the thread's alone. That it means the same as inline, the other specs show:
-- they run with SPEC_IO=thread too.

local attempts = require "spec.support.attempts"
local core = require "elevenlabs.workspace.core"
local probe = require "probe"
local process = require "spec.support.process"
local raw = require "spec.support.servers.raw"
local sandboxes = require "spec.support.servers.sandbox"
local uv = require "luv"

local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }
local NOWHERE = { base_url = "https://127.0.0.1:1", threaded = true }

--- Run Lua in a fresh interpreter with functions that count its threads.
local function run(code, env)
  return process.run({
    os.getenv "SPEC_LUA",
    "-e",
    [[
      local attempts = require "spec.support.attempts"
      local core = require "elevenlabs.workspace.core"
      local uv = require "luv"
      local counts = require "spec.support.threads"
      local threads, settles_at = counts.count, counts.settles_at
      local VOICE = { resource_id = "x", resource_type = "voice" }
      local function new()
        return assert(core.new { base_url = "https://127.0.0.1:1", threaded = true })
      end
    ]] .. code,
  }, { env = env })
end

--- Connect to a handle's socket as a host does.
local function hear(handle)
  local path = assert(handle:listen())
  local pipe, heard = uv.new_pipe(false), { bytes = 0 }
  pipe:connect(path, function(err)
    assert(not err, err)
    heard.accepted = handle:accept()
    pipe:read_start(function(_, bytes)
      heard.bytes = heard.bytes + #(bytes or "")
      heard.ended = not bytes
    end)
  end)
  while heard.accepted == nil do
    uv.run "once"
  end
  heard.pipe = pipe
  return heard, path
end

local function wait_until(condition)
  local timer, late = uv.new_timer(), false
  timer:start(20000, 0, function()
    late = true
  end)
  while not condition() and not late do
    uv.run "once"
  end
  timer:close()
  assert.is_false(late)
end

describe("io thread", function()
  it("needs no step to make a transfer, and wakes the host for what has ended alone", function()
    local sandbox = sandboxes.start("--latency-ms", "50")
    local handle = assert(core.new {
      base_url = sandbox.base_url,
      ca_file = sandbox.ca_file,
      threaded = true,
    })
    attempts.send(handle, "get", VOICE, sandbox.api_key)
    assert.is_true(probe.readable(handle:pollfd(), 20000))
    assert.are.equal(0, handle:timeout_ms())
    local completions = attempts.step(handle, 0)
    assert.are.same({ 1, 200 }, { #completions, completions[1].status })
    assert.is_false(probe.readable(handle:pollfd(), 0))
    assert.is_nil(handle:timeout_ms())
    handle:close()
    sandbox:stop()
  end)

  it("is there from the first transfer until the handle is closed or collected", function()
    local code, out, err = run [[
      local before = threads()
      local handle = new()
      handle:wake_at(0)
      assert(handle:step(0) and threads() == before, "too early")
      attempts.send(handle, "get", VOICE, "k")
      attempts.send(handle, "get", VOICE, "k")
      assert(threads() >= before + 1, "none")
      handle:close()
      assert(settles_at(before), "still there after close")
      attempts.send(new(), "get", VOICE, "k")
      collectgarbage() collectgarbage()
      assert(settles_at(before), "still there after collection")
    ]]
    assert.are.same({ 0, "", "" }, { code, out, err })
  end)

  it("leaves every signal to the host", function()
    local code, out, err = run [[
      local handle = new()
      handle:wake_at(core.now() + 1e6) -- no look-up runs, so the other thread is ours
      local masks = {}
      local scan = assert(uv.fs_scandir "/proc/self/task")
      local main = ("%d"):format(uv.os_getpid())
      while true do
        local id = uv.fs_scandir_next(scan)
        if not id then break end
        while id ~= main do
          local file = assert(io.open("/proc/self/task/" .. id .. "/status"))
          local status = file:read "*a"
          file:close()
          if status:find "\nState:%s+S" then -- while it begins, the C library blocks all
            masks[#masks + 1] = status:match "\nSigBlk:%s+(%x+)"
            break
          end
        end
      end
      local seen = table.concat(masks, " "):lower()
      -- all but KILL, STOP and perhaps the two that are the C library's own
      assert(seen:find "fffffff[ef][7f]ffbfeff", seen)
    ]]
    assert.are.same({ 0, "", "" }, { code, out, err })
  end)

  it("does not outlive the process's end, whichever way that comes", function()
    for _, ending in ipairs { "", "os.exit(0)", "os.exit(0, true)", "handle:close()" } do
      local code, out, err = run(([[
        handle = new()
        for _ = 1, 20 do attempts.send(handle, "get", VOICE, "k") end
        %s
      ]]):format(ending))
      assert.are.same({ 0, "", "" }, { code, out, err })
    end
  end)

  it("leaves no descriptor open", function()
    local code, out, err = run [[
      local function use()
        local handle = new()
        assert(handle:listen())
        attempts.send(handle, "get", VOICE, "k")
        attempts.wait(handle, 1)
        handle:close()
      end
      local function descriptors()
        local scan, count = assert(uv.fs_scandir "/proc/self/fd"), 0
        while uv.fs_scandir_next(scan) do count = count + 1 end
        return count
      end
      use() -- what is opened once, is
      local before = descriptors()
      for _ = 1, 10 do use() end
      assert(descriptors() == before)
    ]]
    assert.are.same({ 0, "", "" }, { code, out, err })
  end)

  it("ends at once what is cancelled, ordered or under way", function()
    local server = raw.start { { raw.read, raw.hold } }
    local handle = assert(core.new {
      base_url = server.base_url,
      ca_file = server.ca_file,
      threaded = true,
    })
    local slot = attempts.send(handle, "get", VOICE, raw.KEY)
    while select(2, handle:counts()) == 0 do
      assert.are.same({}, attempts.step(handle, 1)) -- until it has a connection
    end
    for other = 1, 400 do
      handle:cancel(other)
    end
    local completion = attempts.wait(handle, 1)[1]
    assert.are.same(
      { slot, 42, "cancelled" },
      { completion.slot, completion.curl_code, completion.message }
    )
    assert.are.same({}, attempts.step(handle, 20))
    assert.are.same({}, attempts.close(handle))
    server:stop()
  end)

  it("loses nothing that is cancelled or closed on before the thread has begun it", function()
    for _ = 1, 50 do
      local handle = assert(core.new(NOWHERE))
      handle:cancel(attempts.send(handle, "get", VOICE, raw.KEY))
      attempts.send(handle, "get", VOICE, raw.KEY)
      handle:cancel(attempts.send(handle, "get", VOICE, raw.KEY))
      assert.are.equal(3, #attempts.step(handle, 0) + #attempts.close(handle))
    end
  end)

  it("is not waited for by a child of a fork, which has none", function()
    local code, out, err = run([[
      local probe = require "probe"
      local handle = new()
      -- AddressSanitizer's child keeps a lock that a starting thread holds: let the thread start.
      handle:wake_at(core.now() + 1)
      handle:step(20000)
      handle:wake_at(core.now() + 1e6)
      assert(probe.fork(function() os.exit(7) end) == 7)
      handle:close()
    ]], { LSAN_OPTIONS = "detect_leaks=0" }) -- its check waits for threads that a child lacks
    assert.are.same({ 0, "", "" }, { code, out, err })
  end)

  describe("has a socket for hosts that wait on nothing else, which", function()
    it("gets a byte for what has ended and for the time that was asked for", function()
      local handle = assert(core.new(NOWHERE))
      local heard = hear(handle)
      attempts.send(handle, "get", VOICE, "k")
      wait_until(function()
        return heard.bytes > 0
      end)
      assert.are.equal(1, #attempts.step(handle, 0))
      local before = heard.bytes
      handle:wake_at(core.now() + 20)
      wait_until(function()
        return heard.bytes > before
      end)
      assert.are.same({}, attempts.step(handle, 0))
      assert.is_nil(handle:timeout_ms())
      handle:close()
      wait_until(function()
        return heard.ended
      end)
      heard.pipe:close()
      uv.run "nowait"
    end)

    it("is rung for what had ended before it was connected", function()
      local handle = assert(core.new(NOWHERE))
      attempts.send(handle, "get", VOICE, "k")
      assert.is_true(probe.readable(handle:pollfd(), 20000))
      local heard = hear(handle)
      wait_until(function()
        return heard.bytes > 0
      end)
      heard.pipe:close()
      uv.run "nowait"
      handle:close()
    end)

    it("is rung again for what ended while a step took what was there", function()
      local handle = assert(core.new(NOWHERE))
      local heard, count = hear(handle), 1000
      for _ = 1, 5 do
        local ended = 0
        for _ = 1, count do
          attempts.send(handle, "get", VOICE, "k")
        end
        wait_until(function()
          if heard.bytes > 0 then
            heard.bytes = 0
            ended = ended + #attempts.step(handle, 0)
          end
          return ended == count
        end)
      end
      heard.pipe:close()
      uv.run "nowait"
      handle:close()
    end)

    it("nobody else can enter, and is gone once it is connected or of no use", function()
      local handle = assert(core.new(NOWHERE))
      local path = assert(handle:listen())
      assert.are.equal(path, handle:listen())
      local folder = path:match "^(.*)/"
      assert.are.equal(448, uv.fs_stat(folder).mode % 512) -- 0700
      assert.is_false(handle:accept())
      local heard, again = hear(handle)
      assert.are.equal(path, again)
      assert.is_true(heard.accepted)
      assert.is_nil(uv.fs_stat(folder))
      path = assert(handle:listen())
      handle:close()
      assert.is_nil(uv.fs_stat(path:match "^(.*)/"))
      assert.is_nil(handle:listen())
      heard.pipe:close()
      uv.run "nowait"
    end)

    it("holds nobody up where it is never read, and tells again once it is", function()
      local handle = assert(core.new(NOWHERE))
      local path = assert(handle:listen())
      local pipe, connected, bytes, rings = uv.new_pipe(false), false, 0, 5000
      pipe:connect(path, function(err)
        connected = not err
      end)
      wait_until(function()
        return connected
      end)
      assert.is_true(handle:accept())
      local function ring()
        handle:wake_at(0)
        handle:step(0)
      end
      for _ = 1, rings do
        ring()
      end
      pipe:read_start(function(_, chunk)
        bytes = bytes + #chunk
      end)
      wait_until(function()
        return bytes > 0
      end)
      while uv.run "nowait" and bytes == 0 do end
      assert.is_true(bytes < rings)
      local before = bytes
      ring()
      wait_until(function()
        return bytes > before
      end)
      pipe:close()
      uv.run "nowait"
      handle:close()
    end)

    it("may go away: the descriptor goes on", function()
      local handle = assert(core.new(NOWHERE))
      local heard = hear(handle)
      heard.pipe:close()
      uv.run "nowait"
      for _ = 1, 3 do
        attempts.send(handle, "get", VOICE, "k")
        assert.is_true(probe.readable(handle:pollfd(), 20000))
        assert.are.equal(1, #attempts.step(handle, 0))
      end
      handle:close()
    end)

    it("needs a thread, and a folder to be in", function()
      local handle = assert(core.new { base_url = "https://127.0.0.1:1", threaded = false })
      local path, failure = handle:listen()
      assert.is_nil(path)
      assert.matches("thread", failure.message)
      assert.is_false(handle:accept())
      handle:close()
      for _, folder in ipairs { "/nowhere", "/" .. ("x"):rep(100) } do
        local code, out, err = run(
          [[
            local path, failure = new():listen()
            assert(not path and failure.message:find "temporary files", path)
          ]],
          { TMPDIR = folder }
        )
        assert.are.same({ 0, "", "" }, { code, out, err })
      end
    end)

    it("is in /tmp where TMPDIR is no whole path", function()
      for _, folder in ipairs { "spec", "", false } do
        local code, out, err = run(
          [[
            local handle = new()
            assert(handle:listen():find "^/tmp/elevenlabs%-")
            handle:close()
          ]],
          { TMPDIR = folder }
        )
        assert.are.same({ 0, "", "" }, { code, out, err })
      end
    end)

    it("leaves no folder where the system refuses it", function()
      for _, call in ipairs { "socket", "bind", "listen" } do
        local folder = os.tmpname()
        os.remove(folder)
        assert(uv.fs_mkdir(folder, 448))
        local code, out, err = run(
          [[
            local handle = new() -- libcurl may open sockets of its own as it begins
            uv.os_setenv("BAD_CALL", os.getenv "CALL")
            local path, failure = handle:listen()
            assert(not path and failure.message:find "temporary files: No space", path)
            assert(not uv.fs_scandir_next(assert(uv.fs_scandir(os.getenv "TMPDIR"))))
            assert(handle:listen())
            handle:close()
          ]],
          {
            TMPDIR = folder,
            LD_PRELOAD = os.getenv "SPEC_PRELOAD" .. "/bad_call.so",
            CALL = call,
            BAD_TURN = "1",
            BAD_ERRNO = "28", -- ENOSPC
          }
        )
        assert.are.same({ 0, "", "" }, { code, out, err })
        assert(uv.fs_rmdir(folder))
      end
    end)
  end)

  it("says where no thread can be made, and sends nothing", function()
    local code, out, err = process.run {
      "sh",
      "-c",
      [[ulimit -s 100000000000; exec "$SPEC_LUA" -e "$0"]], -- no stack can be so large
      [[
        local attempts = require "spec.support.attempts"
        local core = require "elevenlabs.workspace.core"
        local handle = assert(core.new { base_url = "https://127.0.0.1:1", threaded = true })
        local args = { resource_id = "x", resource_type = "voice" }
        local slot, failure = attempts.send(handle, "get", args, "k")
        print(slot, failure.message)
        handle:wake_at(core.now() + 20)
        assert(#attempts.step(handle, math.huge) == 0) -- which looks at the clock itself
        assert(#attempts.close(handle) == 0)
      ]],
    }
    assert.are.same({ 0, "nil\tcannot start a thread\n", "" }, { code, out, err })
  end)
end)
