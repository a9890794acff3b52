-- A C application: the example, with plugins of its own and with harder ones.

local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"

local SUPPORT = "spec/system/hosts/plugins/"
local BUILT = os.getenv("SPEC_PRELOAD"):gsub("/spec$", "")
-- LuaJIT (Debian's, 2023) crashes where a coroutine meets a cap, in pure Lua too.
local BEARS_A_CAP = not rawget(_G, "jit")

local function find_cjson()
  for template in package.cpath:gmatch "[^;]+" do
    local path = template:gsub("%?", "cjson")
    local file = io.open(path)
    if file then
      file:close()
      return path
    end
  end
end

-- The sanitized ones are examples/c/plugin_host.c and csrc/ in one program. `times` is how
-- often each thread runs the example, `rounds` any other plugin; `step` is between two caps.
local BUILDS = {
  { name = "plain", program = "plugin_host", times = 50, rounds = 25, step = 1, io = "thread" },
  { name = "plain and inline", program = "plugin_host", times = 4, rounds = 25, step = 1,
    io = "inline" },
  { name = "with ASan", program = "spec/plugin_host_asan", times = 10, rounds = 10, step = 4,
    io = "thread" },
  { name = "with TSan", program = "spec/plugin_host_tsan", times = 10, rounds = 10, step = 4,
    io = "thread" },
}
if _VERSION ~= "Lua 5.4" or os.getenv "SPEC_SLOW_MACHINE" then
  BUILDS = { BUILDS[1], BUILDS[2] }
end

-- lua-cjson is preloaded for its name to be known still when leaks are listed, after the
-- states were closed; so it comes before ASan's own. ASan keeps 16 MB of freed memory from
-- being used again: more than all states have at a time. Its usual 256 MB cost twice the time.
local ENVIRONMENT = {
  LD_PRELOAD = find_cjson(),
  -- proof/sanitizers.mk says why the first two.
  ASAN_OPTIONS = "verify_asan_link_order=0:intercept_tls_get_addr=0:quarantine_size_mb=16",
  LSAN_OPTIONS = "suppressions=" .. SUPPORT .. "lsan.supp:print_suppressions=0",
  TSAN_OPTIONS = "suppressions=" .. SUPPORT .. "tsan.supp:print_suppressions=0",
}

local THREADS = 4
local ALL_CAPS = 25 -- rounds of a plugin that has another cap in each
local SUMMARY = "plugins (%d+) done (%d+) failed (%d+) frames (%d+) most %d+ KB leaked 0 bytes\n$"

for _, build in ipairs(BUILDS) do
  describe("a C application, " .. build.name .. ",", function()
    local sandbox, env

    setup(function()
      sandbox = sandboxes.start("--latency-ms", "5")
      env = {
        ELEVENLABS_API_KEY = sandbox.api_key,
        ELEVENLABS_BASE_URL = sandbox.base_url:gsub("127%.0%.0%.1", "localhost"), -- to resolve
        ELEVENLABS_CA_FILE = sandbox.ca_file,
        SPEC_IO = build.io,
      }
      for name, value in pairs(ENVIRONMENT) do
        env[name] = value
      end
    end)

    teardown(function()
      sandbox:stop()
    end)

    --- Run a plugin in each of 4 threads, again and again. Returns what was printed, how many
    --- came to their end and how many failed, and the frames.
    local function run(plugin, rounds, kilobytes)
      local command = {
        BUILT .. "/" .. build.program,
        plugin,
        ("%d"):format(THREADS),
        ("%d"):format(rounds),
        ("%d"):format(kilobytes or 4096),
      }
      local code, out, err = process.start(command, { env = env }):wait(60000)
      local plugins, done, failed, frames = out:match(SUMMARY)
      assert.are.same({ "", THREADS * rounds }, { err, tonumber(plugins) }, out)
      assert.are.equal(failed == "0" and 0 or 1, code)
      return out, tonumber(done), tonumber(failed), tonumber(frames)
    end

    local function count(text, pattern)
      return select(2, text:gsub(pattern, ""))
    end

    --- Failures for want of memory: as Lua puts it, this module, lua-cjson, and Lua for its own
    --- stack.
    local function count_caps(text)
      return count(text, "not enough memory\n")
        + count(text, "out of memory\n")
        + count(text, "Memory allocation error in CJSON protected call\n")
        + count(text, "stack overflow %([%w ]+%)\n")
    end

    it("runs plugins in states of four threads, closed and opened again", function()
      local out, done, failed, frames = run("examples/c/plugin.lua", build.times)
      assert.are.same({ THREADS * build.times, 0 }, { done, failed }, out)
      assert.are.equal(done, count(out, "total 2 confirmed 2 refused 0 unconfirmed 0 not_sent 0\n"))
      assert.is_true(frames > done) -- none waited for its calls within one
    end)

    it("closes states with calls in flight", function()
      local out, done = run(SUPPORT .. "leaves.lua", build.rounds)
      assert.are.equal(THREADS * build.rounds, done, out)
      -- A frame may end between an item's answer and the next item.
      assert.are.equal(done, count(out, "left 4 calls and [1-4] items in flight\n"), out)
    end)

    it("shares nothing between states", function()
      local out, done = run(SUPPORT .. "keeps_apart.lua", build.rounds)
      assert.are.equal(THREADS * build.rounds, done, out)
      assert.are.equal(done, count(out, "all mine\n"), out)
    end)

    if BEARS_A_CAP then
      it("goes on where a plugin meets its cap in the midst of calls", function()
        local out, _, failed = run(SUPPORT .. "fills_up.lua", ALL_CAPS, 2048)
        assert.are.equal(failed, count_caps(out), out)
        assert.is_true(failed > 0, out)
      end)

      it("goes on where a plugin meets its cap anywhere", function()
        local out, done, failed = run(SUPPORT .. "has_little.lua", ALL_CAPS, 800)
        assert.are.equal(failed, count_caps(out), out)
        assert.are.equal(done, count(out, "total 20 confirmed 20 "), out)
        assert.is_true(failed > 0 and done > 0, out)
      end)

      it("goes on where there is too little to begin with", function()
        for kilobytes = 1, 40, build.step do
          local out, _, failed = run("examples/c/plugin.lua", 1, kilobytes)
          assert.are.equal(THREADS, failed, out)
        end
      end)
    end
  end)
end
