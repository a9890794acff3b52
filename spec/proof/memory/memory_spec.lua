-- `make memory` measures more of this, and for longer.

local memory = require "spec.proof.memory.memory"

local SLOW = os.getenv "SPEC_SLOW_MACHINE"
local FEW, MANY = 1000, SLOW and 20000 or 100000

--- The resume set, at most 64 bytes an item, is no part of Lua's heap.
local function check(few, many, set_kib)
  assert.is_true(many.heap_kib - few.heap_kib < 1024, many.heap_kib)
  if not SLOW then -- a sanitizer keeps what was freed
    assert.is_true(many.peak_kib - few.peak_kib < 8 * 1024 + set_kib, many.peak_kib)
  end
end

describe("a reading pass's memory", function()
  it("grows by its set of ids alone", function()
    -- As many as are read ahead, at the least.
    local few, many = memory.measure_reading(MANY / 10), memory.measure_reading(MANY / 5)
    check(few, many, many.ids * 64 / 1024)
    assert.are.same({ MANY / 5, MANY / 5 }, { many.read, many.attempts - many.pages })
  end)
end)

describe("a bulk run's memory", function()
  it("is the same for many items as for few", function()
    check(memory.measure(FEW), memory.measure(MANY), 0)
  end)

  describe("with a journal", function()
    local path

    before_each(function()
      path = os.tmpname()
    end)

    after_each(function()
      os.remove(path)
    end)

    it("grows by its resume set alone", function()
      local few, count = memory.measure(FEW, { journal = path }), MANY / 4
      check(few, memory.measure(count, { journal = path }), count * 64 / 1024)
    end)
  end)
end)
