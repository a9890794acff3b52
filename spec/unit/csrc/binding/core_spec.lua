-- The core object: what the engine stands on, and what fakes must do like it.

local attempts = require "spec.support.attempts"
local core = require "elevenlabs.workspace.core"
local probe = require "probe"
local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"

local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }
local NOWHERE = { base_url = "https://127.0.0.1:1" }

describe("core", function()
  it("gives a completion for every attempt, with all its evidence", function()
    local sandbox = sandboxes.start()
    local handle = assert(core.new { base_url = sandbox.base_url, ca_file = sandbox.ca_file })
    local group = { resource_id = "x", resource_type = "voice", group_id = "default" }
    assert(attempts.send(handle, "get", VOICE, sandbox.api_key))
    assert(attempts.send(handle, "unshare", group, "wrong"))
    assert(attempts.send(handle, "connect"))
    local all = {}
    for _, completion in ipairs(attempts.wait(handle, 3)) do
      all[completion.slot] = completion
    end
    assert.are.same({ 200, 401, 404 }, { all[1].status, all[2].status, all[3].status })
    assert.are.same({ true, "its status is not 200", true },
      { all[1].proof, all[2].proof, all[3].proof })
    for _, completion in ipairs(all) do
      assert.are.equal(0, completion.curl_code)
      assert.are.equal("", completion.message)
      assert.is_true(completion.sent and completion.head_ended and completion.is_text)
      assert.matches("^sandbox%-", completion.headers["request-id"])
      assert.is_true(completion.elapsed_ms > 0)
    end
    assert.is_true(all[1].whole and all[2].whole)
    assert.are.equal("", all[3].body)
    assert.are.same({}, attempts.step(handle, 0))
    handle:close()
    sandbox:stop()
  end)

  it("waits no longer than it is told", function()
    local handle = assert(core.new(NOWHERE))
    local before = core.now()
    assert.are.same({}, attempts.step(handle, 30))
    assert.is_true(core.now() - before >= 29)
    for _, timeout in ipairs { 0, -1, 0 / 0, -math.huge } do
      assert.are.same({}, attempts.step(handle, timeout))
    end
    handle:close()
  end)

  it("returns from a wait at its wake time, once", function()
    local handle = assert(core.new(NOWHERE))
    handle:wake_at(core.now() + 20)
    assert.is_true(handle:timeout_ms() <= 20)
    assert.are.same({}, attempts.step(handle, math.huge))
    assert.is_nil(handle:timeout_ms())
    handle:wake_at(core.now() + 1000000)
    handle:wake_at(nil)
    assert.is_nil(handle:timeout_ms())
    handle:close()
  end)

  it("has its descriptor tell of what was cancelled", function()
    local sandbox = sandboxes.start("--latency-ms", "60000")
    local handle = assert(core.new { base_url = sandbox.base_url, ca_file = sandbox.ca_file })
    local slot = attempts.send(handle, "get", VOICE, sandbox.api_key)
    while probe.readable(handle:pollfd(), 200) do
      handle:step(0) -- until it waits for the answer
    end
    handle:cancel(slot)
    assert.is_true(probe.readable(handle:pollfd(), 5000))
    assert.are.equal(0, handle:timeout_ms())
    assert.is_true(attempts.step(handle, 0)[1].sent)
    assert.is_false(probe.readable(handle:pollfd(), 0))
    handle:close()
    sandbox:stop()
  end)

  it("completes all when it is closed, and refuses work afterwards", function()
    local handle = assert(core.new(NOWHERE))
    attempts.send(handle, "get", VOICE, "k")
    attempts.send(handle, "get", VOICE, "k")
    assert.are.equal(2, #attempts.close(handle))
    assert.are.equal(0, #attempts.close(handle))
    local slot, failure = attempts.send(handle, "get", VOICE, "k")
    assert.is_nil(slot)
    assert.are.equal("closed", failure.kind)
    assert.are.same({}, attempts.step(handle, 10))
    assert.are.same({}, attempts.step(handle))
    handle:cancel(1)
    handle:wake_at(0)
    assert.is_nil(handle:pollfd())
    assert.is_nil(handle:timeout_ms())
  end)

  it("refuses arguments, keys and options that are wrong, and sends nothing", function()
    local handle = assert(core.new(NOWHERE))
    local function refused(field, failure)
      assert.are.same({ "invalid_argument", field }, { failure.kind, failure.field })
    end
    refused("resource", select(2, handle:prepare("get", { resource = "x" })))
    refused("resource_id", select(2, handle:prepare("get", { resource_type = "voice" })))
    refused("role", select(2, handle:prepare("unshare", {
      resource_id = "x", resource_type = "voice", group_id = "g", role = "viewer",
    })))
    local request = assert(handle:prepare("get", VOICE))
    refused("api_key", select(2, handle:send(request, 7, 1)))
    refused("api_key", select(2, handle:send(request, "", 1)))
    refused("resource_id", select(2, handle:send(request, VOICE.resource_id, 1)))
    refused("resource_type", select(2, handle:send(request, VOICE.resource_type, 1)))
    assert.are.same({ 0 }, { (handle:counts()) })
    handle:close()
    for name, wrong in pairs {
      user_agent = ("x"):rep(4097),
      allow_unknown_resource_type = "yes",
      threaded = 1,
    } do
      refused(name, select(2, core.new { base_url = NOWHERE.base_url, [name] = wrong }))
    end
  end)

  it("raises once it was collected, and never crashes", function()
    local handle = assert(core.new(NOWHERE))
    attempts.send(handle, "get", VOICE, "k")
    local finish = getmetatable(handle).__gc
    finish(handle)
    finish(handle)
    for _, method in ipairs { "step", "close", "pollfd", "counts", "prepare", "send" } do
      local ok, why = pcall(handle[method], handle)
      assert.is_false(ok)
      assert.matches("the core was collected", why)
    end
  end)

  it("raises on wrong kinds of argument, and stays usable", function()
    local handle = assert(core.new(NOWHERE))
    local request = assert(handle:prepare("get", VOICE))
    for _, wrong in ipairs {
      function() handle.prepare({}, "get", VOICE) end,
      function() handle.step(io.stdout) end,
      function() handle:prepare("get", "x") end,
      function() handle:prepare "list" end,
      function() handle:prepare("delete", VOICE) end,
      function() handle:send({}, "k", 1) end,
      function() handle:send(handle, "k", 1) end,
      function() handle:send(io.stdout, "k", 1) end,
      function() handle:send(request, "k") end,
      function() handle:send(request, "k", 0) end,
      function() handle:send(request, "k", -1) end,
      function() handle:send(request, "k", 65537) end,
      function() handle:validate("delete", {}) end,
      function() handle:validate("list", {}) end,
      function() handle:step("soon") end,
      function() handle:cancel {} end,
      function() core.new() end,
      function() core.nearest({}, {}) end,
    } do
      assert.has_error(wrong)
    end
    assert.are.equal(0, (handle:counts()))
    assert.is_true(handle:validate("get", VOICE))
    assert.is_true(handle:send(request, "k", 65536))
    handle:close()
  end)

  describe("prepares a request", function()
    local UNSHARE = { resource_id = "x", resource_type = "voice" }

    it("once for all its attempts, whatever becomes of the arguments and the core", function()
      local sandbox = sandboxes.start()
      local options = { base_url = sandbox.base_url, ca_file = sandbox.ca_file }
      local args = {}
      for name, value in pairs(sandbox.example) do
        args[name] = value
      end
      local first, second = assert(core.new(options)), assert(core.new(options))
      local request = assert(first:prepare("unshare", args))
      args.resource_id = "nothing"
      for slot = 1, 2 do
        assert(second:send(request, sandbox.api_key, slot))
      end
      first:close()
      for _, completion in ipairs(attempts.wait(second, 2)) do
        assert.are.equal(2, completion.code)
      end
      second:close()
      sandbox:stop()
    end)

    it("which an attempt outlives", function()
      local handle = assert(core.new(NOWHERE))
      for slot = 1, 50 do
        assert(handle:send(handle:prepare("get", VOICE), "k", slot))
        collectgarbage()
      end
      assert.are.equal(50, #attempts.wait(handle, 50))
      handle:close()
    end)

    it("with a word on what is probably a slip", function()
      local handle = assert(core.new(NOWHERE))
      UNSHARE.workspace_api_key_id = "sk_x"
      local request, warning = handle:prepare("unshare", UNSHARE)
      assert.are.same({ "userdata", "string" }, { type(request), type(warning) })
      assert.are.equal(warning, select(2, handle:validate("unshare", UNSHARE)))
      request, warning = handle:prepare("get", VOICE)
      assert.are.same({ "userdata", nil }, { type(request), warning })
      handle:close()
    end)
  end)

  describe("refuses a key in an argument", function()
    local handle
    local KEY = "sk_0123456789"

    before_each(function()
      handle = assert(core.new(NOWHERE))
    end)
    after_each(function()
      handle:close()
    end)

    local function args_with(field, value)
      local args = { resource_id = "x", resource_type = "voice", user_email = "a@example.com" }
      if field:find "_id$" and field ~= "resource_id" then
        args.user_email = nil
      end
      args[field] = value
      return args
    end

    local function refused(field, value, key)
      local args = args_with(field, value)
      local failures = {
        select(2, handle:validate("unshare", args, key)) or "valid",
        select(2, handle:prepare("unshare", args, key)) or "valid",
      }
      if handle:validate("unshare", args) then
        local slot, failure = attempts.send(handle, "unshare", args, key)
        failures[3] = slot and "valid" or failure
        if slot then
          handle:cancel(slot)
          attempts.wait(handle, 1)
        end
      end
      for i = 2, #failures do
        assert.are.same(failures[1], failures[i])
      end
      return failures[1]
    end

    it("wherever the key stands, and says nothing of the rest of the argument", function()
      for _, field in ipairs {
        "resource_id", "resource_type", "user_email", "group_id", "workspace_api_key_id", "role",
      } do
        for _, value in ipairs { KEY, "x" .. KEY, KEY .. "@x", "a/" .. KEY .. "@x", KEY .. KEY } do
          local failure = refused(field, value, KEY)
          assert.are.same({ "invalid_argument", field }, { failure.kind, failure.field })
          local message = field .. " holds the secret API key: pass an id or an address"
          assert.are.equal(message, failure.message)
        end
      end
    end)

    it("but not a part of the key, and a short key alone if it is the whole argument", function()
      for _, row in ipairs {
        { "sk_012345678", KEY },
        { "k_0123456789", KEY },
        { "sk_0123456789", false },
        { "xsk_01234567x", "sk_01234567" }, -- 11 bytes
        { "x", "xx" },
      } do
        assert.are.equal("valid", refused("resource_id", row[1], row[2]))
      end
      local long = "sk_012345678" -- 12 bytes
      assert.are.equal("resource_id", refused("resource_id", "x" .. long .. "x", long).field)
      assert.are.equal("group_id", refused("group_id", "sk_01234567", "sk_01234567").field)
    end)
  end)

  it("can be collected with attempts in flight, in any order, and at exit", function()
    local code, _, err = process.run {
      os.getenv "SPEC_LUA",
      "-e",
      [[
        local core = require "elevenlabs.workspace.core"
        local args = { resource_id = "x", resource_type = "voice" }
        for round = 1, 20 do
          local handle = core.new { base_url = "https://127.0.0.1:1" }
          handle:send(handle:prepare("get", args), "k", 1)
          if round % 2 == 0 then handle:step(0) end
          if round % 3 == 0 then handle = nil collectgarbage() end
        end
        kept = core.new { base_url = "https://localhost:1" }
        kept:send(kept:prepare("get", args), "k", 1)
        kept:step(0) -- the resolver's thread may still run
      ]],
    }
    assert.are.same({ 0, "" }, { code, err })
  end)

  it("leaves no descriptor open", function()
    local code, _, err = process.run {
      os.getenv "SPEC_LUA",
      "-e",
      [[
        local attempts = require "spec.support.attempts"
        local core = require "elevenlabs.workspace.core"
        local uv = require "luv"
        local function use()
          local handle = assert(core.new { base_url = "https://127.0.0.1:1" })
          attempts.send(handle, "get", { resource_id = "x", resource_type = "voice" }, "k")
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
      ]],
    }
    assert.are.same({ 0, "" }, { code, err })
  end)

  it("says that descriptors ran out, leaves none, and can be made when there are some", function()
    local code, _, err = process.run {
      "/bin/sh",
      "-c",
      'ulimit -n 60 && exec "$0" -e "$1"',
      os.getenv "SPEC_LUA",
      [[
        local core = require "elevenlabs.workspace.core"
        local open, many = {}, 0
        local function free(count)
          repeat
            local file = io.open "/dev/null"
            open[#open + 1] = file
          until not file
          for _ = 1, count do
            table.remove(open):close()
          end
        end
        for _, threaded in ipairs { false, true } do
          local count, handle, failure = -1, nil, nil
          repeat
            count = count + 1
            free(count)
            handle, failure = core.new { base_url = "https://127.0.0.1:1", threaded = threaded }
            assert(handle or failure.kind == "network", failure and failure.message)
          until handle
          many = many + count
          handle:close()
        end
        assert(many >= 3 + 4, many)
      ]],
    }
    assert.are.same({ 0, "" }, { code, err })
  end)

  --- Run code in a process whose `turn`-th call of a system function fails.
  ---@param env table|nil of further variables
  local function run_with(call, turn, code, env)
    env = env or {}
    env.LD_PRELOAD = os.getenv "SPEC_PRELOAD" .. "/bad_call.so"
    env.BAD_CALL, env.BAD_TURN, env.BAD_ERRNO = call, tostring(turn), "23" -- ENFILE
    return process.run({ os.getenv "SPEC_LUA", "-e", code }, { env = env })
  end

  for _, io in ipairs { "inline", "thread" } do
    it("says in a fork's child that there are no descriptors, until there are, " .. io, function()
      local pollfd = io == "thread" and "^%d" or "^nil"
      for first, said in pairs { get = "^no descriptors", pollfd = pollfd } do
        local code, out, err = run_with(
          "epoll_create1",
          2,
          [[
            local attempts = require "spec.support.attempts"
            local core = require "elevenlabs.workspace.core"
            local probe = require "probe"
            local threaded = os.getenv "THREADED" == "thread"
            local handle = assert(core.new { base_url = "http://127.0.0.1:1", threaded = threaded })
            local function get()
              local args = { resource_id = "x", resource_type = "voice" }
              local slot, failure = attempts.send(handle, "get", args, "k")
              return slot and attempts.wait(handle, 1)[1] or failure
            end
            assert(probe.fork(function()
              local said = os.getenv "FIRST" == "get" and get() or handle:pollfd()
              print(type(said) == "table" and said.message or said)
              io.stdout:flush()
              assert(type(said) ~= "table" or not said.sent)
              local tries = 0
              repeat
                tries = tries + 1
              until get().curl_code == 7 or tries == 20
              handle:close()
              return tries < 20 and 0 or 1
            end) == 0)
            handle:close()
          ]],
          -- For itself, and for what it is asked; a thread may try some more in between.
          { THREADED = io, FIRST = first, BAD_LAST = io == "thread" and "8" or "3" }
        )
        assert.are.same({ 0, "" }, { code, err })
        assert.matches(said, out)
      end
    end)
  end

  for _, call in ipairs { "epoll_create1", "timerfd_create", "eventfd", "epoll_ctl" } do
    it("says that the system refuses " .. call .. ", and can be made when it does not", function()
      for turn = 1, call == "epoll_ctl" and 2 or 1 do
        local code, _, err = run_with(
          call,
          turn,
          [[
            local core = require "elevenlabs.workspace.core"
            local function descriptors() -- without luv, which makes such ones itself
              local open = ""
              for fd = 3, 63 do
                local file, _, why = io.open("/proc/self/fd/" .. fd)
                if file then
                  file:close()
                end
                open = open .. ((file or why ~= 2) and "+" or "-") -- 2: ENOENT
              end
              return open
            end
            local before = descriptors()
            local options = { base_url = "https://127.0.0.1:1", threaded = false }
            local handle, failure = core.new(options)
            assert(not handle and failure.kind == "network", failure and failure.kind)
            assert(failure.message:find("Too many open files in system", 1, true), failure.message)
            collectgarbage()
            assert(descriptors() == before, "one is left")
            assert(core.new(options)):close()
          ]]
        )
        assert.are.same({ 0, "" }, { code, err })
      end
    end)
  end

  it("connects to nobody without a socket, and says so", function()
    local sandbox = sandboxes.start()
    local env = { SERVER = sandbox.base_url, CA = sandbox.ca_file, BAD_LAST = "1000" }
    local code, out, err = run_with(
      "socket",
      1,
      [[
        local attempts = require "spec.support.attempts"
        local core = require "elevenlabs.workspace.core"
        local handle = assert(core.new {
          base_url = os.getenv "SERVER", ca_file = os.getenv "CA", proxy = false,
        })
        attempts.send(handle, "get", { resource_id = "x", resource_type = "voice" }, "k")
        local completion = attempts.wait(handle, 1)[1]
        print(completion.curl_code, completion.sent, (select(2, handle:counts())))
        handle:close()
      ]],
      env
    )
    assert.are.same({ 0, "7\tfalse\t0\n", "" }, { code, out, err })
    sandbox:stop()
  end)

  it("has random numbers where the system has none, but no resume set", function()
    local failures = ""
    for turn = 1, 5 do -- whoever else asks, asks before
      local code, out, err = run_with(
        "getrandom",
        turn,
        [[
          local core = require "elevenlabs.workspace.core"
          local set, failure = core.new_set()
          print(set and "" or failure.kind .. ": " .. failure.message)
          assert(set or core.new_set())
          local first, second = core.random(), core.random()
          assert(first >= 0 and first < 1 and second >= 0 and second < 1 and first ~= second)
        ]]
      )
      assert.are.same({ 0, "" }, { code, err })
      failures = failures .. (out:match "[^\n]+" or "")
    end
    assert.are.equal("journal: no random numbers: Too many open files in system", failures)
  end)

  for _, io in ipairs { "inline", "thread" } do
    it("lets a signal end a wait, " .. io, function()
      local code, _, err = process.run({
        "sh",
        "-c",
        [[
          "$SPEC_LUA" -e "$0" &
          waiter=$!
          while kill -WINCH $waiter 2>/dev/null; do :; done
          wait $waiter
        ]],
        [[
          local core = require "elevenlabs.workspace.core"
          local uv = require "luv"
          local signal = uv.new_signal()
          signal:start "sigwinch" -- before this, it means nothing
          local threaded = os.getenv "THREADED" == "thread"
          local handle = assert(core.new { base_url = "https://127.0.0.1:1", threaded = threaded })
          assert(select(2, handle:step(math.huge)) == 0)
          handle:close()
        ]],
      }, { env = { THREADED = io } })
      assert.are.same({ 0, "" }, { code, err })
    end)
  end
end)
