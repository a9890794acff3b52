local process = require "spec.support.process"
local yieldable = require "elevenlabs.workspace.driver.yieldable"

local LUA = os.getenv "SPEC_LUA"

local function call(f)
  return f()
end

-- Places in a coroutine. Each calls a function there.
local PLACES = {
  plain = function(f)
    f()
  end,
  tail_call = call,
  pcall = pcall,
  nested_pcall = function(f)
    pcall(pcall, f)
  end,
  xpcall = function(f)
    xpcall(f, tostring)
  end,
  gsub = function(f)
    string.gsub("x", "x", function()
      f()
    end)
  end,
  sort = function(f)
    table.sort({ 1, 2 }, function(a, b)
      f()
      return a < b
    end)
  end,
  index = _VERSION ~= "Lua 5.1" and function(f)
    return setmetatable({}, {
      __index = function()
        f()
      end,
    }).field
  end or nil,
  iterator = function(f)
    for _ in function()
      f()
    end do -- luacheck: ignore
    end
  end,
  coroutine_in_gsub = function(f)
    string.gsub("x", "x", function()
      coroutine.wrap(f)()
    end)
  end,
}

describe("driver.yieldable", function()
  for name, place in pairs(PLACES) do
    it("knows whether a yield succeeds: " .. name, function()
      local said, has_yielded
      local thread = coroutine.create(function()
        place(function()
          if said == nil then
            said, has_yielded = yieldable.here(), false
            coroutine.yield()
            has_yielded = true
          end
        end)
      end)
      coroutine.resume(thread)
      if name == "coroutine_in_gsub" then
        assert.is_true(said) -- the inner coroutine may yield
        return
      end
      local is_suspended = coroutine.status(thread) == "suspended"
      coroutine.resume(thread)
      assert.are.equal(is_suspended, has_yielded)
      assert.are.equal(has_yielded, said)
    end)
  end

  it("says no in the main thread", function()
    local program = 'print(require "elevenlabs.workspace.driver.yieldable".here())'
    local status, output = process.run { LUA, "-e", program }
    assert.are.same({ 0, "false\n" }, { status, output })
  end)
end)
