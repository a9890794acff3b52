-- The dictionary's operations are those of a table here; nginx_spec.lua has real workers.

local stores = require "elevenlabs.workspace.limits.shared_dict"

local PREFIX = "elevenlabs-workspace:prod:"

--- What ngx.shared.NAME is. `before` is called with the name of each operation and its key.
local function dictionary()
  local dict = { values = {} }
  local function tell(name, key)
    local before = dict.before
    if before then
      before(name, key)
    end
  end
  function dict:get(key)
    tell("get", key)
    return self.values[key]
  end
  function dict:safe_add(key, value)
    tell("safe_add", key)
    if self.values[key] ~= nil then
      return false, "exists"
    elseif self.is_full then
      return nil, "no memory"
    end
    self.values[key] = value
    return true
  end
  function dict:incr(key, by)
    tell("incr", key)
    self.values[key] = self.values[key] and self.values[key] + by
    return self.values[key]
  end
  function dict:delete(key)
    tell("delete", key)
    self.values[key] = nil
  end
  return dict
end

local function message(id, seq, wants)
  local all = { id = id, seq = seq, wants = wants or 9, flying = 0, had = 0, peak = 0 }
  all.successes, all.beat, all.attempt_ms = 0, 1000, 30000
  return all
end

--- Raised in the middle of an exchange: the worker is killed.
local KILLED = {}

describe("a limit in a shared dictionary", function()
  local dict

  before_each(function()
    dict = dictionary()
  end)

  it("grants at once if it was made while nginx starts", function()
    local store = stores.new(dict, "prod", true)
    assert.are.equal(4, store:send(message("a", 1)).share)
  end)

  it("grants nothing at first if it was made later: it may have been lost", function()
    local store = stores.new(dict, "prod", false)
    assert.are.equal(0, store:send(message("a", 1)).share)
  end)

  it("keeps its state if nginx is reloaded", function()
    stores.new(dict, "prod", true):send(message("a", 1))
    assert.are.equal(0, stores.new(dict, "prod", true):send(message("b", 1)).share)
  end)

  it("grants nothing at first if the dictionary was flushed", function()
    local store = stores.new(dict, "prod", true)
    store:send(message("a", 1))
    dict.values = {}
    local reply = store:send(message("b", 1))
    assert.are.same({ 0, 35000 }, { reply.share, reply.quiet_ms })
  end)

  it("answers no older message", function()
    local store = stores.new(dict, "prod", true)
    store:send(message("a", 2))
    local reply, why = store:send(message("a", 1))
    assert.is_nil(reply)
    assert.are.equal("a later message came before this one", why)
  end)

  it("is out of reach if the dictionary is full", function()
    dict.is_full = true
    local reply, why = stores.new(dict, "prod", true):send(message("a", 1))
    assert.is_nil(reply)
    assert.are.equal("the shared dictionary is full", why)
    dict.is_full = false
    local store = stores.new(dict, "prod", true)
    dict.is_full = true
    assert.are.equal("no memory", select(2, store:send(message("a", 1))))
  end)

  it("keeps few versions", function()
    local store = stores.new(dict, "prod", true)
    for seq = 1, 100 do
      store:send(message("a", seq))
    end
    local count = 0
    for _ in pairs(dict.values) do
      count = count + 1
    end
    assert.is_true(count <= 18, count .. " keys")
  end)

  --- Run `act` before the n-th operation of an exchange.
  local function before_operation(n, act)
    local count = 0
    function dict.before()
      count = count + 1
      if count == n then
        dict.before = nil
        act()
      end
    end
  end

  --- How many operations an exchange has.
  local function count_operations(store)
    local count = 0
    function dict.before()
      count = count + 1
    end
    store:send(message("counted", 1, 0))
    dict.before = nil
    return count
  end

  it("gives no place twice if another worker comes between any two operations", function()
    local operations = count_operations(stores.new(dict, "prod", true))
    assert.is_true(operations > 5)
    for n = 1, operations do
      dict = dictionary()
      local store, other = stores.new(dict, "prod", true), nil
      before_operation(n, function()
        other = store:send(message("b", 1)).share
      end)
      local share = store:send(message("a", 1)).share
      assert.are.equal(4, share + other, "operation " .. n)
    end
  end)

  it("goes on if a worker is killed between any two operations", function()
    local operations = count_operations(stores.new(dict, "prod", true))
    for n = 1, operations do
      dict = dictionary()
      local store = stores.new(dict, "prod", true)
      before_operation(n, function()
        error(KILLED, 0)
      end)
      local ok, why = pcall(store.send, store, message("a", 1))
      assert.is_true(not ok and why == KILLED)
      local share = store:send(message("b", 1)).share
      assert.is_true(share == 4 or share == 0, "operation " .. n) -- a may have got its places
      store:send(message("b", 2, 0))
      assert.are.equal(4, store:send(message("a", 2)).share, "operation " .. n)
    end
  end)

  it("takes no version of a worker that stood still while many came", function()
    local store = stores.new(dict, "prod", true)
    local operations = count_operations(store)
    for n = 1, operations do
      dict = dictionary()
      store = stores.new(dict, "prod", true)
      before_operation(n, function()
        for seq = 1, 50 do
          store:send(message("b", seq))
        end
      end)
      local reply = store:send(message("a", 1))
      local others = store:send(message("b", 51)).share
      assert.is_true((reply and reply.share or 0) + others <= 4, "operation " .. n)
    end
  end)

  it("takes no version of a worker that stood still while the dictionary was flushed", function()
    local store = stores.new(dict, "prod", true)
    local operations = count_operations(store)
    for n = 1, operations do
      dict = dictionary()
      store = stores.new(dict, "prod", true)
      before_operation(n, function()
        dict.values = {}
        assert.are.equal(0, store:send(message("b", 1)).share)
      end)
      local before = store:send(message("a", 1))
      assert.are.equal(0, store:send(message("b", 2)).share, "operation " .. n)
      assert.is_true(not before or before.share == 0 or n >= operations - 2, "operation " .. n)
    end
  end)

  it("has a key for each limit", function()
    stores.new(dict, "prod", true)
    assert.is_number(dict.values[PREFIX .. "at"])
    assert.are.equal(4, stores.new(dict, "other", true):send(message("a", 1)).share)
  end)
end)
