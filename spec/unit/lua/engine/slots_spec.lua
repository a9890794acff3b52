local slots = require "elevenlabs.workspace.engine.slots"

describe("slots", function()
  it("are numbered from 1, and the first is free first", function()
    local all = slots.new(3)
    assert.are.same({ 3, 0, 1 }, { #all, all.count, all.free.number })
    for number, slot in ipairs(all) do
      assert.are.same({ number, false }, { slot.number, slot.call })
    end
  end)

  it("are taken once each, until they are released", function()
    local all, taken = slots.new(3), {}
    for i = 1, 3 do
      local slot = all.free
      all:take("call " .. i)
      taken[slot.number] = slot.call
    end
    assert.are.same({ "call 1", "call 2", "call 3" }, taken)
    assert.are.same({ 3, false }, { all.count, all.free })
    all:release(all[2])
    assert.are.same({ 2, false }, { all.count, all[2].call })
    assert.are.equal(all[2], all.free)
    all:release(all[1])
    all:take "call 4"
    all:take "call 5"
    assert.are.same({ "call 4", "call 5", "call 3" }, { all[1].call, all[2].call, all[3].call })
    assert.is_false(all.free)
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
