local lists = require "elevenlabs.workspace.engine.list"
local slots = require "elevenlabs.workspace.engine.slots"
local stacks = require "spec.support.stack"
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
      transition(engine, call, state)
    end
    assert.are.equal("done", call.state)
  end)

  --- The change of a call's state, as a case for the end of the stack.
  local function case_of(from, to)
    local function prepare()
      begin()
      for _, state in ipairs { "queued", "in_flight", "backing_off" } do
        if call.state ~= from then
          transition(engine, call, state)
        end
      end
      call.ending = { outcome = "confirmed" }
    end
    prepare()
    local before = counted()
    transition(engine, call, to)
    local after = counted()
    return {
      prepare = prepare,
      run = function()
        transition(engine, call, to)
      end,
      check = function(is_made)
        assert.are.same(is_made and after or before, counted())
        assert.are.equal(is_made and to or from, call.state)
      end,
    }
  end

  -- PUC's 5.1 counts calls. In later ones the end is a million places away, which takes many seconds.
  -- LuaJIT compiles the function that reserves, and may then reserve less.
  local ends_soon = _VERSION == "Lua 5.1" and not rawget(_G, "jit")
  local it_ends_soon = ends_soon and it or function() end

  it_ends_soon("is made whole or not at all near the end of the stack", function()
    local seen = stacks.near_the_end {
      case_of("new", "queued"),
      case_of("queued", "in_flight"),
      case_of("in_flight", "backing_off"),
      case_of("in_flight", "done"),
      case_of("backing_off", "done"),
    }
    assert.are.same({ [true] = true, [false] = true }, seen)
  end)
end)
