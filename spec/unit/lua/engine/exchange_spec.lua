local placing = require "elevenlabs.workspace.limits.places"
local support = require "spec.support.limit"
local worlds = require "spec.support.world"

local patient = worlds.patient

--- An engine whose store answers as `reply` says; nil: it does not answer.
local function shared(options)
  local it_ = { messages = {}, events = {}, reply = {} }
  local store = {
    send = function(_, message)
      table.insert(it_.messages, message)
      if it_.on_send then
        it_.on_send(message)
      end
      if not it_.reply then
        return nil, "no route"
      end
      return support.reply(message, it_.reply)
    end,
  }
  local parts = {
    on_event = function(event)
      if not event.call then
        table.insert(it_.events, event)
      end
    end,
    places = placing.new {
      store = store,
      now = function()
        return it_.engine and it_.engine.now() or 1000
      end,
      random = function()
        return 0.5
      end,
      max_concurrency = 2,
      attempt_timeout_ms = 30000,
    },
  }
  for name, value in pairs(options or {}) do
    parts[name] = value
  end
  it_.engine, it_.core, it_.pass = worlds.new(parts)
  return it_
end

local function messages_of(it_)
  local texts = {}
  for i, event in ipairs(it_.events) do
    texts[i] = event.message
  end
  return texts
end

describe("exchange", function()
  it("comes before the first request, outside a step", function()
    local it_ = shared()
    local call, seen = it_.engine:start("unshare", {}), nil
    it_.on_send = function()
      seen = { #it_.core.attempts, it_.engine.stepping, it_.engine:step() }
    end
    it_.engine:step()
    assert.are.same({ 0, false, 0 }, seen)
    assert.are.same({ 1, 0 }, { it_.messages[1].wants, it_.messages[1].flying })
    assert.are.equal("in_flight", call.state)
  end)

  it("names the calls that could be sent at once, and no more than the client sends", function()
    local it_ = shared()
    for _ = 1, 5 do
      it_.engine:start("unshare", {})
    end
    it_.engine:step()
    assert.are.equal(2, it_.messages[1].wants)
    assert.are.equal(2, #it_.core.attempts)
  end)

  it("is due each second while something is in flight or wanted", function()
    local it_ = shared()
    it_.engine:start("unshare", {})
    it_.engine:step()
    assert.are.equal(2000, it_.core.wake)
    it_.pass(999)
    it_.engine:step()
    assert.are.equal(1, #it_.messages)
    it_.pass(1)
    it_.engine:step()
    assert.are.same({ 2, 1, 3000 },
      { #it_.messages, it_.messages[2].flying, it_.core.wake })
  end)

  it("gives the places back when the client is idle; then none is due", function()
    local it_ = shared()
    it_.engine:start("unshare", {})
    it_.engine:step()
    it_.core:confirm(1)
    it_.engine:step()
    it_.pass(1000)
    it_.engine:step()
    assert.are.same({ 2, 0, nil }, { #it_.messages, it_.messages[2].wants, it_.core.wake })
  end)

  it("is never due if no limit is shared", function()
    local engine, core = worlds.new()
    engine:start("unshare", {})
    engine:step()
    assert.is_nil(core.wake)
  end)

  it("is made one at a time, and others step meanwhile", function()
    local it_ = shared()
    it_.engine:start("unshare", {})
    it_.on_send = coroutine.yield
    local thread = coroutine.create(function()
      it_.engine:step()
    end)
    assert(coroutine.resume(thread))
    if coroutine.status(thread) == "dead" then
      return -- Lua 5.1 cannot yield there
    end
    it_.engine:step()
    it_.pass(2999)
    it_.engine:step()
    assert.are.same({ 1, 0, 4000 }, { #it_.messages, #it_.core.attempts, it_.core.wake })
    assert(coroutine.resume(thread)) -- 1 ms of the lease is left
    assert.are.same({ 1, 1 }, { #it_.messages, #it_.core.attempts })
  end)

  it("is made anew if one has not returned in time", function()
    local it_ = shared()
    local call = it_.engine:start("unshare", {})
    it_.engine.spawn = function() end -- as a host that never runs it
    it_.engine:step()
    it_.pass(3000)
    it_.engine.spawn = function(f)
      f()
    end
    it_.engine:step()
    assert.are.equal("in_flight", call.state)
  end)

  it("makes a step due when it ends elsewhere", function()
    local it_ = shared()
    local call, later = it_.engine:start("unshare", {}), nil
    it_.engine.spawn = function(f)
      later = f
    end
    it_.engine:step()
    assert.are.equal("queued", call.state)
    it_.core.wake = nil
    later()
    assert.are.equal(0, it_.core.wake)
    it_.engine:step()
    assert.are.equal("in_flight", call.state)
  end)

  it("that raises leaves all as it was, and a step due", function()
    local it_ = shared()
    local call = it_.engine:start("unshare", {})
    local ask = it_.engine.throttle.shared.ask
    function it_.engine.throttle.shared.ask()
      error("not enough memory", 0)
    end
    assert.has_error(function()
      it_.engine:step()
    end, "not enough memory")
    assert.are.same({ "queued", 0 }, { call.state, it_.core.wake })
    it_.engine.throttle.shared.ask = ask
    it_.engine:step()
    assert.are.equal("in_flight", call.state)
  end)

  it("joins anew in the child of a fork", function()
    local it_ = shared()
    it_.engine:start("unshare", {})
    it_.engine:step()
    it_.core.forks = 1
    it_.engine:start("unshare", {})
    it_.pass(50)
    it_.engine:step()
    assert.are.same({ true, 0 }, { it_.messages[2].joins, it_.messages[2].had })
  end)

  describe("at the client's end", function()
    it("gives the places back, once", function()
      local it_ = shared()
      it_.engine:start("unshare", {})
      it_.engine:step()
      it_.core:confirm(1)
      it_.engine:close()
      it_.engine:close()
      assert.are.same({ 2, 0, 0, 2 }, {
        #it_.messages,
        it_.messages[2].wants,
        it_.messages[2].flying,
        it_.messages[2].had,
      })
    end)

    it("says nothing if the client holds none", function()
      local it_ = shared()
      it_.engine:close()
      assert.are.same({}, it_.messages)
    end)

    it("says nothing in a step, in which nothing may wait", function()
      local it_ = shared()
      it_.engine:start("unshare", {})
      local send = it_.core.send
      function it_.core.send(...)
        it_.engine:close()
        return send(...)
      end
      it_.engine:step()
      assert.is_true(it_.engine.closed)
      assert.are.equal(1, #it_.messages)
    end)
  end)

  describe("with a store that does not answer", function()
    --- A run's call failed, and another waits. Then the store goes away, and the lease ends.
    local function cut_off()
      local it_ = shared()
      local group = patient { max_attempts = 100 }
      it_.engine:start("unshare", {}, group)
      it_.engine:step()
      it_.core:answer(1, { status = 500 })
      it_.engine:step()
      it_.reply = nil
      return it_, group
    end

    local function pass_seconds(it_, count)
      for _ = 1, count do
        it_.pass(1000)
        it_.engine:step()
      end
    end

    it("sends nothing more, and tells of it once", function()
      local it_ = shared()
      it_.reply = nil
      local call = it_.engine:start("unshare", {})
      it_.engine:step()
      pass_seconds(it_, 2)
      assert.are.equal("queued", call.state)
      assert.are.same({ "the limit's store is out of reach: no route" }, messages_of(it_))
      assert.are.equal(
        "the client: throttle: the limit's store is out of reach: no route: 0 requests at once",
        tostring(it_.events[1])
      )
      it_.reply = {}
      pass_seconds(it_, 1)
      assert.are.equal("in_flight", call.state)
      assert.are.equal("the limit's store grants places again", it_.events[2].message)
      assert.are.equal(2, #it_.events)
    end)

    it("tells nothing if a reply alone is lost: the lease lasts", function()
      local it_ = shared()
      it_.engine:start("unshare", {})
      it_.engine:step()
      it_.reply = nil
      pass_seconds(it_, 1)
      it_.reply = {}
      pass_seconds(it_, 1)
      assert.are.same({ 3, 0 }, { #it_.messages, #it_.events })
    end)

    it("counts no second of that as an outage of the service", function()
      local it_, group = cut_off()
      pass_seconds(it_, 200)
      assert.are.equal(0, group.finished)
      it_.reply = {}
      pass_seconds(it_, 1)
      assert.are.equal(2, #it_.core.attempts)
      it_.core:confirm(2)
      it_.engine:step()
      assert.are.same({ 1, 1 }, { group.finished, it_.engine.counts.confirmed })
    end)

    it("goes on with an outage that began before", function()
      local it_, group = cut_off()
      pass_seconds(it_, 200)
      it_.reply = { share = 2 }
      for _ = 1, 130 do
        local attempts = it_.core.attempts
        if it_.core.slots[attempts[#attempts].slot] then
          it_.core:answer(#attempts, { status = 500 })
        end
        pass_seconds(it_, 1)
      end
      assert.are.equal("outage", group.stopped.reason)
    end)

    it("names that as the reason if a deadline passes", function()
      local it_ = shared { deadline_ms = 500 }
      it_.reply = nil
      local call = it_.engine:start("unshare", {})
      pass_seconds(it_, 2)
      assert.are.equal("deadline_ms (500) passed before it was sent: the limit's store is out of"
        .. " reach: no route", call.ending.message)
    end)
  end)

  it("tells once that a new store grants nothing yet, and when it does", function()
    local it_ = shared()
    it_.reply = { share = 0, quiet_ms = 35000 }
    it_.engine:start("unshare", {})
    for i = 1, 4 do
      it_.reply = i > 2 and {} or it_.reply
      it_.engine:step()
      it_.pass(1000)
    end
    assert.are.same({
      "the limit's store is new or has lost its state: nothing is sent for 35 s",
      "the limit's store grants places again",
    }, messages_of(it_))
  end)

  it("tells once of a store that may lose its state", function()
    local it_ = shared()
    it_.engine:start("unshare", {})
    for i = 1, 4 do
      it_.reply = { policy = i > 1 and "volatile-lru" or "noeviction" }
      it_.engine:step()
      it_.pass(1000)
    end
    assert.are.equal(1, #it_.events)
    assert.matches("maxmemory%-policy is volatile%-lru", it_.events[1].message)
  end)
end)
