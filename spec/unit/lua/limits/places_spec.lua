local places = require "elevenlabs.workspace.limits.places"
local raising = require "spec.support.raising"

local BEAT = 1000

--- Places over a store that answers as `reply` says; nil: it does not answer.
local function client(fields)
  local self = { now = 5000, messages = {}, reply = {} }
  local store = {
    send = function(_, message)
      table.insert(self.messages, message)
      local all = { seq = message.seq, share = 4, lease_ms = 3000, window = 20, cuts = 1 }
      all.pauses, all.pause_ms, all.life, all.ups = 1, 0, 7, 1
      if not self.reply then
        return nil, "no route"
      end
      for name, value in pairs(self.reply) do
        all[name] = value
      end
      return all
    end,
  }
  local parts = { store = store, max_concurrency = 32, attempt_timeout_ms = 30000 }
  function parts.now()
    return self.now
  end
  function parts.random()
    self.drawn = ((self.drawn or 0) + 0.1234567) % 1
    return self.drawn
  end
  for name, value in pairs(fields or {}) do
    parts[name] = value
  end
  self.places = places.new(parts)
  function self.exchange(in_flight, wants)
    self.places:exchange(in_flight, wants)
    return self.messages[#self.messages]
  end
  return self
end

local function joined(fields)
  local it_ = client(fields)
  it_.exchange(0, 50)
  it_.now = it_.now + 100
  return it_
end

describe("places", function()
  it("are none before the client joins, which is due with the first call", function()
    local it_ = client()
    assert.are.equal(0, it_.places:places(it_.now))
    assert.is_nil(it_.places:due_at(0, 0))
    assert.is_true(it_.places:due_at(0, 1) <= it_.now)
    it_.exchange(0, 1)
    assert.are.equal(4, it_.places:places(it_.now))
    assert.is_true(it_.messages[1].joins)
  end)

  it("are as many as the store grants, and no more than the client's own most", function()
    assert.are.equal(3, joined({ max_concurrency = 3 }).places:places(5100))
    local it_ = joined()
    assert.are.same({ true, false }, {
      it_.places:has_place(3, it_.now),
      it_.places:has_place(4, it_.now),
    })
  end)

  it("end with the lease, which counts from when the message was sent", function()
    local it_ = client()
    local message = it_.places:ask(0, 1)
    it_.now = it_.now + 2000
    it_.places:take(message, { seq = 1, share = 4, lease_ms = 3000, window = 4, pause_ms = 0 })
    assert.are.equal(4, it_.places:places(it_.now + 999))
    assert.are.equal(0, it_.places:places(it_.now + 1000))
  end)

  it("are no more than those in flight while the store is asked", function()
    local it_ = joined()
    it_.places:ask(2, 50)
    assert.are.equal(2, it_.places:places(it_.now))
  end)

  it("stay bounded if no reply comes, because the store may have cut the share", function()
    local it_ = joined()
    it_.reply = nil
    it_.exchange(2, 50)
    assert.are.equal(2, it_.places:places(it_.now))
    it_.exchange(1, 50)
    assert.are.equal(1, it_.places:places(it_.now))
    it_.reply = {}
    it_.exchange(1, 50)
    assert.are.equal(4, it_.places:places(it_.now))
  end)

  it("ignore a reply that comes after the next message", function()
    local it_ = joined()
    local first = it_.places:ask(1, 50)
    it_.places:ask(1, 50)
    it_.places:take(first, { seq = first.seq, share = 9, lease_ms = 3000, pause_ms = 0 })
    assert.are.equal(1, it_.places:places(it_.now))
  end)

  it("are asked for with the same id, but in the child of a fork", function()
    local it_ = joined()
    local id = it_.messages[1].id
    it_.reply = nil
    assert.are.equal(id, it_.exchange(0, 50).id)
    it_.places:forked()
    assert.are.equal(0, it_.places:places(it_.now))
    local message = it_.exchange(0, 50)
    assert.are_not.equal(id, message.id)
    assert.are.equal(0, message.had)
  end)

  it("name what a client had only if its lease lasts", function()
    local it_ = joined()
    assert.are.equal(4, it_.exchange(0, 50).had)
    it_.now = it_.now + 3000
    assert.are.equal(0, it_.exchange(0, 50).had)
  end)

  it("are given back when the client is idle; then nothing is due", function()
    local it_ = joined()
    it_.reply = { share = 0 }
    assert.are.equal(5000 + BEAT, it_.places:due_at(0, 0))
    assert.are.equal(0, it_.exchange(0, 0).wants)
    assert.is_nil(it_.places:due_at(0, 0))
  end)

  describe("heartbeat", function()
    it("is due once a second", function()
      assert.are.equal(5000 + BEAT, joined().places:due_at(4, 50))
    end)

    it("is due at once if more is wanted than was asked for, and all places are used", function()
      local it_ = client()
      it_.exchange(0, 4)
      it_.now = it_.now + 100
      assert.is_true(it_.places:due_at(4, 9) <= it_.now)
      assert.are.equal(5000 + BEAT, it_.places:due_at(3, 9))
    end)

    it("is due at once if the client has filled its places once", function()
      local it_ = joined()
      for _ = 1, 4 do
        it_.places:succeeded()
      end
      assert.is_true(it_.places:due_at(4, 50) <= it_.now)
      it_.reply = { most = 20 }
      it_.exchange(4, 50)
      for _ = 1, 4 do
        it_.places:succeeded()
      end
      assert.are.equal(it_.now + BEAT, it_.places:due_at(4, 50))
    end)

    it("is due at once if places are to be given back, and are free", function()
      local it_ = joined()
      it_.reply = { share = 1 }
      it_.exchange(4, 50)
      it_.now = it_.now + 100
      assert.are.equal(it_.now - 100 + BEAT, it_.places:due_at(2, 50))
      assert.is_true(it_.places:due_at(1, 50) <= it_.now)
    end)

    it("is never due more often than 20 times a second", function()
      local it_ = joined()
      it_.places:cut(it_.places:begin(1), "busy")
      assert.are.equal(5050, it_.places:due_at(1, 50))
    end)

    it("is not due at once if the store does not answer", function()
      local it_ = joined()
      it_.reply = nil
      it_.places:cut(it_.places:begin(1), "busy")
      it_.exchange(1, 50)
      assert.are.equal(it_.now + BEAT, it_.places:due_at(1, 50))
    end)
  end)

  describe("what a client meets", function()
    it("is told at once, and again if no reply came", function()
      local it_ = joined()
      assert.is_true(it_.places:pause(it_.places:begin(1), it_.now + 5000, true))
      assert.is_true(it_.places:cut(1, "crowded"))
      it_.places:cap(7)
      assert.is_true(it_.places:due_at(1, 50) <= it_.now)
      it_.reply = nil
      for _ = 1, 2 do
        local message = it_.exchange(0, 50)
        assert.are.same({ 5000, true, 0.7, 1, 7 }, {
          message.pause_ms,
          message.asked,
          message.cut,
          message.cuts,
          message.most,
        })
      end
      it_.reply = {}
      it_.exchange(0, 50)
      local message = it_.exchange(0, 50)
      assert.are.same({}, { message.pause_ms, message.cut, message.most })
    end)

    it("cuts its own share at once, once for each round trip", function()
      local it_ = joined()
      local first, second = it_.places:begin(1), it_.places:begin(2)
      assert.are.same({ true, false }, {
        it_.places:cut(first, "busy"),
        it_.places:cut(second, "busy"),
      })
      assert.are.equal(2, it_.places:places(it_.now))
    end)

    it("is old news if another's cut is known since", function()
      local it_ = joined()
      local mark = it_.places:begin(1)
      it_.reply = { cuts = 2 }
      it_.exchange(1, 50)
      assert.is_false(it_.places:cut(mark, "busy"))
      assert.is_true(it_.places:cut(it_.places:begin(2), "busy"))
    end)

    it("of its own pauses is old news if another's is known since", function()
      local it_ = joined()
      local mark = it_.places:begin(1)
      it_.reply = { pauses = 2 }
      it_.exchange(1, 50)
      assert.is_false(it_.places:pause(mark, it_.now + 1000, false))
      assert.is_true(it_.places:pause(mark, it_.now + 1000, true))
    end)

    it("stays asked for if an own pause is longer", function()
      local it_ = joined()
      it_.places:pause(it_.places:begin(1), it_.now + 1000, true)
      it_.places:pause(it_.places:begin(2), it_.now + 9000, false)
      local message = it_.exchange(0, 50)
      assert.are.same({ 9000, true }, { message.pause_ms, message.asked })
    end)

    it("is told also if memory ends anywhere in an exchange", function()
      local it_
      local function begin()
        it_ = joined()
        it_.places:pause(it_.places:begin(1), it_.now + 5000, true)
        it_.places:cut(1, "crowded")
        it_.places:cap(7)
        it_.messages = {}
        return function()
          it_.places:exchange(0, 50)
        end
      end
      local numbers = raising.places(begin())
      assert.is_true(#numbers >= 8, #numbers)
      for _, nth in ipairs(numbers) do
        pcall(raising.at, nth, begin())
        local told = it_.messages[1] or it_.exchange(0, 50)
        assert.are.same({ 5000, 0.7, 7 }, { told.pause_ms, told.cut, told.most }, "call " .. nth)
        it_.exchange(0, 50)
        it_.now = it_.now + 5000
        it_.exchange(0, 50)
        assert.are.equal(4, it_.places:places(it_.now), "call " .. nth)
      end
    end)

    it("is told again to a store that lost its state", function()
      local it_ = joined()
      it_.places:cap(7)
      it_.places:pause(it_.places:begin(1), it_.now + 5000, true)
      it_.exchange(0, 50)
      it_.reply = { life = 8 }
      it_.exchange(0, 50)
      local message = it_.exchange(0, 50)
      assert.are.same({ 5000, true, 7 }, { message.pause_ms, message.asked, message.most })
    end)
  end)

  it("are none in a pause that another client met", function()
    local it_ = client()
    it_.reply = { pause_ms = 700 }
    it_.exchange(0, 1)
    assert.are.same({ 0, 4 }, { it_.places:places(5699), it_.places:places(5700) })
    assert.are.equal(5700, it_.places:paused_until())
  end)

  describe("a parked client", function()
    it("has none but one for each probe", function()
      local it_ = joined()
      it_.places:park(true)
      assert.are.equal(0, it_.places:places(it_.now))
      assert.is_true(it_.places:due_at(0, 50) <= it_.now)
      it_.reply = { share = 1, probe = 3 }
      assert.is_true(it_.exchange(0, 50).parked)
      assert.are.equal(1, it_.places:places(it_.now))
      it_.places:begin(1)
      assert.are.equal(0, it_.places:places(it_.now))
      it_.places:probe_failed()
      assert.are.equal(3, it_.exchange(0, 50).probed)
    end)

    it("goes on if any client's probe succeeded", function()
      local it_ = joined()
      it_.places:park(true)
      it_.exchange(0, 50)
      assert.is_true(it_.places:is_parked())
      it_.reply = { ups = 2 }
      it_.exchange(0, 50)
      assert.is_false(it_.places:is_parked())
    end)
  end)

  describe("why", function()
    it("says nothing if there is a place", function()
      local it_ = joined()
      assert.is_nil(it_.places:why(it_.now))
    end)

    for name, row in pairs {
      ["the store is out of reach"] = { nil, "the limit's store is out of reach: no route" },
      ["the store lost its state"] = {
        { share = 0, quiet_ms = 12000 },
        "the limit's store is new or has lost its state: nothing is sent for 12 s",
      },
      ["all places are taken"] = { { share = 0 }, "other clients have all places of the limit" },
    } do
      it("names the reason if " .. name, function()
        local it_ = client()
        it_.reply = row[1]
        it_.exchange(0, 1)
        assert.are.equal(row[2], it_.places:why(it_.now))
      end)
    end

    it("says that the service does not answer, once the store knows of the outage", function()
      local it_ = joined()
      it_.places:park(true)
      it_.reply = { share = 0 }
      it_.exchange(0, 50)
      local why, is_outage = it_.places:why(it_.now)
      assert.matches("the service does not answer", why)
      assert.is_true(is_outage)
    end)

    it("is a problem of the store only if no lease lasts", function()
      local it_ = joined()
      it_.reply = nil
      it_.exchange(2, 50)
      assert.is_nil(it_.places:problem(it_.now))
      local at = it_.now + 3000
      assert.are.equal("the limit's store is out of reach: no route", it_.places:problem(at))
      assert.are.equal(it_.places:why(at), it_.places:problem(at))
      it_.exchange(0, 50)
      assert.is_truthy(it_.places:problem(it_.now))
      it_.reply = { share = 0 }
      it_.exchange(0, 50)
      assert.is_nil(it_.places:problem(it_.now))
    end)

    it("holds the error of a store that raises", function()
      local it_ = client { store = {
        send = function()
          error("it broke", 0)
        end,
      } }
      it_.exchange(0, 1)
      assert.are.equal("the limit's store is out of reach: it broke", it_.places:why(it_.now))
    end)
  end)

  it("warn if the store may lose its state", function()
    local it_ = client()
    it_.reply = { policy = "allkeys-lru" }
    it_.exchange(0, 1)
    assert.matches("maxmemory%-policy is allkeys%-lru", it_.places.warning)
    it_ = client()
    it_.reply = { policy = "noeviction" }
    it_.exchange(0, 1)
    assert.is_nil(it_.places.warning)
  end)
end)
