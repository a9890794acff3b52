local waiters = require "elevenlabs.workspace.driver.waiters"

describe("driver.waiters", function()
  local list, woken

  before_each(function()
    list, woken = waiters.of {}, {}
  end)

  local function add(name, done, wake)
    return list:add(done, wake or function()
      woken[#woken + 1] = name
    end)
  end

  local function yes()
    return true
  end

  local function no()
    return false
  end

  it("belong to a client", function()
    local client = {}
    assert.are.equal(waiters.of(client), waiters.of(client))
    assert.are_not.equal(waiters.of(client), waiters.of {})
    assert.is_true(waiters.of(client):is_empty())
  end)

  it("are taken out and woken in order, those that are done", function()
    add("first", yes)
    local second = add("second", no)
    add("third", yes)
    assert.is_nil(list:sweep())
    assert.are.same({ "first", "third" }, woken)
    assert.is_false(second.woken)
    list:sweep()
    assert.are.same({ "first", "third" }, woken)
    second.done = yes
    list:sweep()
    assert.are.same({ "first", "third", "second" }, woken)
    assert.is_true(second.woken)
    assert.is_true(list:is_empty())
  end)

  it("are woken all where all are to look again", function()
    add("first", no)
    add("second", no)
    list:sweep(true)
    assert.are.same({ "first", "second" }, woken)
  end)

  it("are woken also where asking or waking another raises, which is told", function()
    add("asking", function()
      error "asked"
    end)
    add("waking", yes, function()
      error("one", 0)
    end)
    add("waking too", yes, function()
      error("two", 0)
    end)
    add("last", yes)
    assert.are.equal("one\ntwo", list:sweep())
    assert.are.same({ "asking", "last" }, woken)
    assert.is_true(list:is_empty())
  end)

  it("may come while others are woken", function()
    add("first", yes, function()
      add("new", yes)
      list:sweep()
    end)
    add("second", yes)
    list:sweep()
    assert.are.same({ "new", "second" }, woken)
    assert.is_true(list:is_empty())
  end)

  it("know where one may yield", function()
    assert.is_false(waiters.can_yield())
    assert.is_true(coroutine.wrap(waiters.can_yield)())
  end)

  describe("that yield", function()
    local function begin(done, after)
      local thread = coroutine.create(function()
        list:yield(done)
        return (after or yes)()
      end)
      assert(coroutine.resume(thread))
      return thread
    end

    it("are resumed by a sweep alone", function()
      local is_done = false
      local thread = begin(function()
        return is_done
      end)
      assert(coroutine.resume(thread)) -- by somebody else
      is_done = true
      assert(coroutine.resume(thread))
      assert.are.equal("suspended", coroutine.status(thread))
      list:sweep()
      assert.are.equal("dead", coroutine.status(thread))
    end)

    it("raise out of the sweep, with where they were", function()
      begin(yes, function()
        error(setmetatable({}, { __tostring = function()
          return "an object"
        end }))
      end)
      assert.matches("^an object\nstack traceback:.*waiters_spec", list:sweep())
    end)

    it("are left alone where they are elsewhere", function()
      local thread = begin(yes, coroutine.yield)
      local stale = list.row[1]
      list:sweep() -- it yields for a reason of its own now
      list.row = { stale }
      assert.is_nil(list:sweep())
      assert.are.equal("suspended", coroutine.status(thread))
      assert(coroutine.resume(thread))
      list.row = { stale }
      assert.is_nil(list:sweep()) -- it has ended
    end)
  end)
end)
