local lists = require "elevenlabs.workspace.engine.list"
local groups = require "elevenlabs.workspace.engine.group"
local slots = require "elevenlabs.workspace.engine.slots"
local transition = require "elevenlabs.workspace.engine.transition"
local worlds = require "spec.support.world"

describe("transition", function()
  local engine, group, call

  local function begin()
    engine = {
      queued = lists.new(),
      backing_off = lists.new(),
      slots = slots.new(2),
      counts = { calls = 0, confirmed = 0, refused = 0, retries = 0 },
      finished = 0,
      has_news = false,
    }
    group = worlds.patient { ended = lists.new() }
    call = { group = group, state = "new", attempts = 0, slot = false, ending = false, due_ms = 0,
      number = 0, next = false, previous = false }
  end

  before_each(begin)

  --- All that depends on states.
  local function counted()
    return {
      queued = engine.queued.first and engine.queued.first.number,
      backing_off = engine.backing_off.first and engine.backing_off.first.number,
      in_flight = engine.slots.count,
      calls = engine.counts.calls,
      retries = engine.counts.retries,
      confirmed = engine.counts.confirmed,
      finished = engine.finished,
      group = { group.started, group.attempts, group.backing_off, group.retries, group.finished },
      ended = group.ended.first and group.ended.first.number,
      news = engine.has_news,
    }
  end

  local function expect(changes)
    local expected = {
      queued = false, backing_off = false, in_flight = 0, calls = 1, retries = 0, confirmed = 0,
      finished = 0, group = { 1, 0, 0, 0, 0 }, ended = false, news = false,
    }
    for name, value in pairs(changes) do
      expected[name] = value
    end
    assert.are.same(expected, counted())
  end

  it("counts a call through all its states, each change once", function()
    transition(engine, call, "queued")
    expect { queued = 1 }
    transition(engine, call, "in_flight")
    expect { in_flight = 1, group = { 1, 1, 0, 0, 0 } }
    assert.are.same({ 1, 1, 1 }, { call.attempts, call.slot.attempts, call.slot.number })
    assert.are.equal(call, engine.slots[1].call)
    transition(engine, call, "backing_off")
    expect { backing_off = 1, retries = 1, group = { 1, 1, 1, 1, 0 }, news = true }
    assert.are.same({ false, false }, { call.slot, engine.slots[1].call })
    engine.has_news = false
    transition(engine, call, "in_flight")
    expect { in_flight = 1, retries = 1, group = { 1, 2, 0, 1, 0 } }
    assert.are.same({ 2, 2 }, { call.attempts, engine.slots[1].attempts })
    call.ending = { outcome = "confirmed" }
    transition(engine, call, "done")
    expect { retries = 1, confirmed = 1, finished = 1, group = { 1, 2, 0, 1, 1 }, ended = 1,
      news = true }
  end)

  it("ends a call that is queued or backs off", function()
    for _, state in ipairs { "queued", "backing_off" } do
      call.state, call.ending = "new", { outcome = "refused" }
      transition(engine, call, "queued")
      if state == "backing_off" then
        transition(engine, call, "in_flight")
        transition(engine, call, "backing_off")
      end
      transition(engine, call, "done")
      assert.are.same({ false, false, 0, 0 },
        { engine.queued.first, engine.backing_off.first, engine.slots.count, group.backing_off })
    end
    assert.are.same({ 2, 2, 2 }, { engine.counts.refused, engine.finished, group.finished })
  end)

  it("links no ended call if the group's owner does not take them", function()
    group.ended, call.ending = nil, { outcome = "confirmed" }
    transition(engine, call, "queued")
    transition(engine, call, "done")
    assert.are.same({ 1, false }, { group.finished, call.next })
  end)

  it("counts a confirmed call of which nobody wants the receipt, and links it to none", function()
    call.ending = groups.CONFIRMED
    transition(engine, call, "queued")
    transition(engine, call, "in_flight")
    transition(engine, call, "done")
    expect { confirmed = 1, finished = 1, group = { 1, 1, 0, 0, 1 }, news = true }
    assert.are.equal(1, group.counted)
  end)

  describe("keeps its lists in order", function()
    local function another(number)
      return { group = group, state = "new", attempts = 0, slot = false, ending = false,
        due_ms = 0, number = number, next = false, previous = false }
    end

    --- The numbers of a list, forward; the links backward must agree.
    local function numbers(list)
      local text, last, each = "", false, list.first
      while each do
        assert.are.equal(last, each.previous)
        text, last, each = text .. each.number, each, each.next
      end
      assert.are.equal(last, list.last)
      return text
    end

    local all

    before_each(function()
      engine.slots, all = slots.new(3), {}
      for number = 1, 3 do
        all[number] = another(number)
        transition(engine, all[number], "queued")
      end
    end)

    it("when calls come and leave", function()
      assert.are.equal("123", numbers(engine.queued))
      for _, row in ipairs { { 2, "13" }, { 3, "1" }, { 1, "" } } do
        transition(engine, all[row[1]], "in_flight")
        assert.are.equal(row[2], numbers(engine.queued))
      end
      for _, number in ipairs { 3, 1, 2 } do
        all[number].ending = { outcome = "refused" }
        transition(engine, all[number], "done")
      end
      assert.are.equal("312", numbers(group.ended))
    end)

    it("when calls back off, each after the one that it is given", function()
      for _, each in ipairs(all) do
        transition(engine, each, "in_flight")
      end
      transition(engine, all[1], "backing_off", false)
      transition(engine, all[2], "backing_off", false)
      assert.are.equal("21", numbers(engine.backing_off))
      transition(engine, all[3], "backing_off", all[2])
      assert.are.equal("231", numbers(engine.backing_off))
      transition(engine, all[3], "in_flight")
      transition(engine, all[3], "backing_off", all[1])
      assert.are.equal("213", numbers(engine.backing_off))
    end)

    it("when slots are released in another order than they were taken", function()
      for _, each in ipairs(all) do
        transition(engine, each, "in_flight")
      end
      assert.are.same({ 3, false }, { engine.slots.count, engine.slots.free })
      for _, number in ipairs { 2, 1 } do
        transition(engine, all[number], "backing_off", false)
      end
      for number, slot in ipairs { 1, 2 } do
        transition(engine, all[number], "in_flight")
        assert.are.equal(slot, all[number].slot.number)
      end
      assert.are.same({ 3, false }, { engine.slots.count, engine.slots.free })
      for number, each in ipairs(all) do
        assert.are.equal(each, engine.slots[number].call)
      end
    end)
  end)

  it("allocates nothing", function()
    local poor = function()
      error "not enough memory"
    end
    -- Fields that are there already need no memory; others would.
    for _, value in ipairs { engine, call, group, engine.slots, engine.slots[1] } do
      local meta = getmetatable(value) or {}
      setmetatable(value, { __index = meta.__index, __newindex = poor })
    end
    call.ending = { outcome = "confirmed" }
    for _, state in ipairs { "queued", "in_flight", "backing_off", "in_flight", "done" } do
      transition(engine, call, state, false)
    end
    assert.are.equal("done", call.state)
  end)

  it("calls no function, because a call may need memory for the stack", function()
    local states = { "queued", "in_flight", "backing_off", "in_flight", "done" }
    call.ending = { outcome = "confirmed" }
    local inside, count = 0, 0
    debug.sethook(function()
      if debug.getinfo(2, "f").func == transition then
        count = count + 1
      elseif debug.getinfo(3, "f").func == transition then
        inside = inside + 1
      end
    end, "c")
    for i = 1, #states do
      transition(engine, call, states[i], false)
    end
    debug.sethook()
    assert.are.same({ #states, 0 }, { count, inside })
  end)
end)
