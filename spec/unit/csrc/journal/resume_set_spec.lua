local core = require "elevenlabs.workspace.core"
local probe = require "probe"
local process = require "spec.support.process"

local SLOW = os.getenv "SPEC_SLOW_MACHINE"

describe("siphash", function()
  local key, bytes = "", ""
  for byte = 0, 62 do
    key = #key < 16 and key .. string.char(byte) or key
    bytes = bytes .. string.char(byte)
  end

  -- By the length of the input: vectors_sip128 of the reference implementation.
  local known = {
    [0] = "a3817f04ba25a8e66df67214c7550293",
    [1] = "da87c1d86b99af44347659119b22fc45",
    [7] = "a1f1ebbed8dbc153c0b84aa61ff08239",
    [8] = "3b62a9ba6258f5610f83e264f31497b4",
    [15] = "5493e99933b0a8117e08ec0f97cfc3d9",
    [16] = "6ee2a4ca67b054bbfd3315bf85230577",
    [63] = "5150d1772f50834a503e069a973fbd7c",
  }
  for length, hash in pairs(known) do
    it(("gives the known answer for %d bytes"):format(length), function()
      assert.are.equal(hash, probe.siphash(key, bytes:sub(1, length)))
    end)
  end
end)

describe("resume set", function()
  it("has 0 for what is absent, and for each name its own bits", function()
    local set = assert(core.new_set())
    assert.are.equal(0, set:get "a")
    for bits, name in ipairs { "a", "", "a\0", "\0a", "ab", ("long"):rep(1000) } do
      assert.are.equal(0, set:get(name))
      assert.is_true(set:put(name, bits))
    end
    for bits, name in ipairs { "a", "", "a\0", "\0a", "ab", ("long"):rep(1000) } do
      assert.are.equal(bits, set:get(name))
    end
    assert.are.equal(0, set:get "b")
  end)

  it("changes bits and adds no second item", function()
    local set = assert(core.new_set())
    set:put("a", 1)
    set:put("a", 255)
    assert.are.equal(255, set:get "a")
    assert.are.equal(1, (select(3, set:memory())))
  end)

  it("adds what is absent, and says what was there", function()
    local set = assert(core.new_set())
    assert.are.equal(0, set:add("a", 255))
    assert.are.equal(255, set:add("a", 7))
    assert.are.equal(255, set:get "a")
    assert.are.equal(0, set:add("b", 7))
    assert.are.equal(7, set:get "b")
    assert.are.equal(2, (select(3, set:memory())))
  end)

  it("raises on bits that are none, and on wrong kinds of argument", function()
    local set = assert(core.new_set())
    for _, wrong in ipairs { 0, -1, 256, "x", {} } do
      assert.has_error(function()
        set:put("a", wrong)
      end)
    end
    assert.has_error(function()
      set:put({}, 1)
    end)
    assert.has_error(function()
      set.get(io.stdout, "a")
    end)
    assert.are.equal(0, (select(3, set:memory())))
  end)

  it("keeps every item, in less than 64 bytes each at any size, while it grows too", function()
    local set = assert(core.new_set())
    local count = SLOW and 20000 or 1000000
    for n = 1, count do
      assert(set:put("item " .. n, n % 255 + 1))
      local now, peak, items = set:memory()
      if items ~= n or peak / n >= 64 or now > peak then
        error(("%d items of %d in %d bytes, %d at the peak"):format(items, n, now, peak))
      end
    end
    for n = 1, count do
      if set:get("item " .. n) ~= n % 255 + 1 or set:get("other " .. n) ~= 0 then
        error("wrong bits for " .. n)
      end
    end
  end)

  if not SLOW then -- the sanitizers end a process that asks for too much
    it("is as it was when memory runs out, and grows again when there is some", function()
      local code, _, err = process.run {
        os.getenv "SPEC_LUA",
        "-e",
        [[
          local core = require "elevenlabs.workspace.core"
          local pid = require "luv".os_getpid()
          local function limit(bytes)
            os.execute(("prlimit --pid %d --as=%s:"):format(pid, bytes))
          end
          local set, n, ok, failure = assert(core.new_set()), 0, true, nil
          local status = io.open "/proc/self/status"
          local kilobytes = status:read "*a":match "VmSize:%s*(%d+)"
          status:close()
          limit(("%d"):format((kilobytes + 32 * 1024) * 1024))
          while ok do
            n = n + 1
            ok, failure = set:put("item " .. n, n % 255 + 1)
          end
          assert(failure.kind == "out_of_memory", failure.message)
          assert(n > 10000 and select(3, set:memory()) == n - 1)
          assert(set:get("item " .. n) == 0)
          for i = 1, n - 1 do
            assert(set:get("item " .. i) == i % 255 + 1)
          end
          assert(set:put("item 1", 77) and set:get "item 1" == 77)
          assert(not set:put("item " .. n, 1))
          limit "unlimited"
          assert(set:put("item " .. n, 1) and select(3, set:memory()) == n)
        ]],
      }
      assert.are.same({ 0, "" }, { code, err })
    end)
  end
end)
