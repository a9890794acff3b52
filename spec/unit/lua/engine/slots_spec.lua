local slots = require "elevenlabs.workspace.engine.slots"

describe("slots", function()
  it("are numbered from 1, and the first is free first", function()
    local all = slots.new(3)
    assert.are.same({ 3, 0, 1 }, { #all, all.count, all.free.number })
    for number, slot in ipairs(all) do
      assert.are.same({ number, false }, { slot.number, slot.call })
    end
  end)

  it("are free in order, each once", function()
    local all, numbers = slots.new(3), {}
    local slot = all.free
    while slot do
      numbers[#numbers + 1], slot = slot.number, slot.next_free
    end
    assert.are.same({ 1, 2, 3 }, numbers)
  end)

  it("have room for all that an attempt sets", function()
    for _, name in ipairs { "call", "mark", "probe", "attempts", "mask", "next_free" } do
      assert.is_not_nil(rawget(slots.new(1)[1], name), name)
    end
  end)

  it("may be none", function()
    assert.is_false(slots.new(0).free)
  end)
end)
