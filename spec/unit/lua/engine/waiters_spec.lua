local waiters = require "elevenlabs.workspace.engine.waiters"

describe("waiters", function()
  local list, woken, satisfied

  before_each(function()
    list, woken, satisfied = waiters.new(), {}, {}
  end)

  --- A coroutine that waits until `satisfied[name]`. When resumed it looks, as after a wait that its
  --- driver ended.
  ---@param can_wake boolean|nil its driver can wake it
  local function add(name, can_wake)
    local waiter
    local thread = coroutine.create(function()
      waiter = list:add(function()
        return satisfied[name] or false
      end)
      repeat
        coroutine.yield()
      until list:look(waiter)
      list:remove(waiter)
    end)
    assert(coroutine.resume(thread))
    if can_wake then
      function waiter.wake()
        woken[#woken + 1] = name
      end
    end
    return waiter, thread
  end

  local function satisfy(...)
    for _, name in ipairs { ... } do
      satisfied[name] = true
    end
    list:sweep()
  end

  it("are none at first", function()
    assert.is_true(list:is_empty())
    list:sweep()
    list:wake_all()
    list:step_begins()
    assert.are.same({ 0, 0, false }, { list.count, list.satisfied, list.owed })
  end)

  it("are woken in order, those that are satisfied, and once each", function()
    add("first", true)
    add("second", true)
    add("third", true)
    satisfy("third", "first")
    assert.are.same({ "first", "third" }, woken)
    assert.are.same({ 1, 0 }, { list.count, list.satisfied })
    list:sweep()
    satisfy "second"
    assert.are.same({ "first", "third", "second" }, woken)
    assert.are.same({ true, 0 }, { list:is_empty(), list.satisfied })
  end)

  it("are woken again if they look and wait on", function()
    local _, thread = add("first", true)
    add("second", true)
    satisfy "first"
    satisfied.first = false -- somebody else took it
    assert.are.equal(1, list.count)
    assert(coroutine.resume(thread))
    assert.are.same({ 2, 0 }, { list.count, list.satisfied })
    satisfy "first"
    assert.are.same({ "first", "first" }, woken)
  end)

  it("are woken all where all are to look again", function()
    add("first", true)
    add "cannot"
    add("third", true)
    list:wake_all()
    assert.are.same({ "first", "third" }, woken)
  end)

  it("wait no more once they are removed, also twice", function()
    local waiter = add("first", true)
    add("second", true)
    satisfy "first"
    list:remove(waiter)
    list:remove(waiter)
    assert.are.same({ 1, 0, false }, { list.count, list.satisfied, list:is_empty() })
  end)

  it("are woken also where asking or waking another raises, which is raised then", function()
    local asking = add("asking", true)
    function asking.done()
      error "asked"
    end
    local waking = add("waking", true)
    function waking.wake()
      error("woken", 0)
    end
    add("last", true)
    assert.has_error(function()
      satisfy("waking", "last")
    end, "woken")
    assert.are.same({ "asking", "last" }, woken)
    function waking.wake() -- the next sweep tries again
      woken[#woken + 1] = "waking"
    end
    list:sweep()
    assert.are.same({ "asking", "last", "waking" }, woken)
  end)

  it("may come while others are woken", function()
    local first = add("first", true)
    function first.wake()
      woken[#woken + 1] = "first"
      add("new", true)
      satisfied.new = true
      list:sweep() -- as a finalizer's step does
    end
    add("second", true)
    satisfy("first", "second")
    assert.are.same({ "first", "second", "new" }, woken)
    assert.are.same({ 0, 0, false }, { list.count, list.satisfied, list.owed })
  end)

  it("are counted once where another sweep woke one that this sweep looks at", function()
    local first, nested = add("first", true), true
    local done = first.done
    function first.done()
      local is_done = done()
      if is_done and nested then
        nested = false
        assert.is_true(list:sweep())
      end
      return is_done
    end
    satisfied.first = true
    assert.is_false(list:sweep())
    assert.are.same({ { "first" }, 0, 0 }, { woken, list.count, list.satisfied })
  end)

  it("leave when their coroutine is dead", function()
    add("first", true)
    coroutine.wrap(function()
      local dead = list:add(function()
        return satisfied.dead
      end)
      function dead.wake()
        woken[#woken + 1] = "dead"
      end
    end)()
    add "other"
    satisfy("first", "dead")
    assert.are.same({ 1, "first" }, { list.count, table.concat(woken) })
  end)

  describe("keep the host from sleeping", function()
    it("while one that cannot be woken is satisfied and has not looked", function()
      local _, first = add "first"
      local _, second = add "second"
      assert.is_false(list.owed)
      satisfy("first", "second")
      assert.is_true(list.owed)
      assert(coroutine.resume(second))
      assert.is_true(list.owed)
      list:sweep()
      assert.is_true(list.owed)
      assert(coroutine.resume(first))
      assert.is_false(list.owed)
    end)

    it("while a driver says that it needs a readable descriptor", function()
      local first = add "first"
      function first.wake()
        return false
      end
      add "second"
      satisfy "first"
      assert.is_true(list.owed)
    end)

    it("not for one that was woken", function()
      add("first", true)
      add("second", true)
      satisfy "first"
      assert.is_false(list.owed)
    end)

    it("not for the one that takes the step itself", function()
      local owed
      add "other"
      local waiter = list:add(function()
        return true
      end)
      list:sweep()
      owed = list.owed
      assert.are.same({ 1, false }, { list.satisfied, owed })
      assert.is_true(list:look(waiter))
      list:remove(waiter)
      assert.are.equal(0, list.satisfied)
    end)

    it("not for ever: who never looks is abandoned, and the others are not", function()
      add "forgotten"
      add "other"
      satisfy "forgotten"
      for _ = 1, 2 * 64 do
        list:step_begins()
        assert.is_true(list.owed)
      end
      list:step_begins()
      assert.are.same({ false, 1, 0 }, { list.owed, list.count, list.satisfied })
      satisfy "other"
      assert.is_true(list.owed)
    end)

    it("again if one that was abandoned looks and waits on", function()
      local _, late = add "late"
      add "other"
      satisfy "late"
      for _ = 0, 2 * 64 do
        list:step_begins()
      end
      satisfied.late = false
      assert(coroutine.resume(late))
      assert.are.equal(2, list.count)
      satisfy "late"
      assert.is_true(list.owed)
      assert(coroutine.resume(late))
      assert.are.same({ false, 1, "dead" }, { list.owed, list.count, coroutine.status(late) })
    end)
  end)

  it("have as many steps to look if there is one that steps itself", function()
    local waiter = list:add(function()
      return false
    end)
    list:sweep()
    assert.are.equal(1, list.satisfied) -- its step must not wait
    list:step_begins()
    assert.are.equal(1, list.count)
    assert.is_false(list:look(waiter))
    assert.are.equal(0, list.satisfied)
    list:remove(waiter)
  end)
end)
