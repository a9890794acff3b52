local script = require "elevenlabs.workspace.limits.script"

local protocol = script.load()
local BEAT, ATTEMPT_MS = 1000, 30000
local QUIET_MS = 5 * BEAT + ATTEMPT_MS
local SERVER = "one"

--- A store, with the names of its clients in messages.
local function store(fields)
  local self = { clients = {}, now = 10 ^ 12, seqs = {}, server = SERVER }
  self.state = protocol.new(self.now, SERVER, false)
  for name, value in pairs(fields or {}) do
    self.state[name] = value
  end
  local accessors = {
    get = function(id)
      return self.clients[id]
    end,
    set = function(id, client)
      self.clients[id] = client
    end,
    all = function()
      return self.clients
    end,
  }
  --- A client asks for so many. -> the reply
  function self.ask(id, wants, message)
    local all = { id = id, wants = wants, beat = BEAT, attempt_ms = ATTEMPT_MS }
    all.flying, all.had, all.peak, all.successes = 0, 0, 0, 0
    self.seqs[id] = (self.seqs[id] or 0) + 1
    all.seq = self.seqs[id]
    for name, value in pairs(message or {}) do
      all[name] = value
    end
    local reply
    self.state, reply = protocol.decide(self.state, accessors, all, self.now, self.server)
    return reply
  end
  function self.share(...)
    return self.ask(...).share
  end
  function self.pass(ms)
    self.now = self.now + ms
  end
  return self
end

--- Time in which clients send heartbeats.
local function live(it_, ms, ...)
  local clients = { ... }
  for _ = 1, ms / BEAT do
    it_.pass(BEAT)
    for _, client in ipairs(clients) do
      it_.ask(client[1], client[2], client[3])
    end
  end
end

describe("script", function()
  describe("places", function()
    it("are granted as far as they are wanted and free", function()
      local it_ = store { window = 10 }
      assert.are.same({ 3, 7, 0 }, { it_.share("a", 3), it_.share("b", 50), it_.share("c", 1) })
    end)

    it("are shared equally, and what others do not want goes to those who want more", function()
      local it_ = store { window = 10 }
      live(it_, 5 * BEAT, { "a", 2 }, { "b", 50 }, { "c", 50 })
      assert.are.same({ 2, 4, 4 }, { it_.share("a", 2), it_.share("b", 50), it_.share("c", 50) })
    end)

    it("that equal shares leave over go to whom has them already", function()
      local it_ = store { window = 11 }
      live(it_, 5 * BEAT, { "a", 50 }, { "b", 50 })
      local first, second = it_.share("a", 50), it_.share("b", 50)
      assert.are.equal(11, first + second)
      live(it_, 9 * BEAT, { "b", 50 }, { "a", 50 })
      assert.are.same({ first, second }, { it_.share("a", 50), it_.share("b", 50) })
    end)

    it("in which requests are in flight are kept", function()
      local it_ = store { window = 10 }
      it_.ask("a", 10)
      it_.ask("b", 10)
      assert.are.equal(5, it_.share("a", 10, { flying = 8 }))
      assert.are.equal(2, it_.share("b", 10))
      assert.are.equal(5, it_.share("a", 10, { flying = 5 }))
      assert.are.equal(5, it_.share("b", 10))
    end)

    it("of an idle client are free at once", function()
      local it_ = store { window = 10 }
      assert.are.equal(10, it_.share("a", 10))
      assert.are.equal(0, it_.share("a", 0))
      assert.are.equal(10, it_.share("b", 10))
    end)

    it("of a client that vanished are free after its lease and its requests", function()
      local it_ = store { window = 10 }
      it_.ask("a", 10)
      it_.ask("b", 10)
      local shares = {}
      for beat = 1, QUIET_MS / BEAT do
        it_.pass(BEAT)
        shares[beat] = it_.share("b", 10)
      end
      assert.are.equal(0, shares[QUIET_MS / BEAT - 1])
      assert.are.equal(10, shares[QUIET_MS / BEAT])
    end)

    it("are not granted beyond the window after a lease has ended", function()
      local it_ = store { window = 10 }
      it_.ask("a", 10)
      live(it_, QUIET_MS, { "b", 10 })
      assert.are.equal(0, it_.share("a", 10))
    end)
  end)

  describe("with more clients than places", function()
    it("gives each its turn", function()
      local it_, turns = store { window = 2 }, {}
      for _ = 1, 40 do
        it_.pass(BEAT)
        for id = 1, 6 do
          turns[id] = (turns[id] or 0) + it_.share("client" .. id, 5)
        end
      end
      for id = 1, 6 do
        assert.is_true(turns[id] > 5, ("%d: %d"):format(id, turns[id]))
      end
    end)

    it("gives a free place to the client that waits longest", function()
      local it_ = store { window = 1 }
      it_.ask("a", 1)
      it_.pass(10)
      it_.ask("b", 1)
      it_.pass(10)
      it_.ask("c", 1)
      it_.ask("a", 0)
      assert.are.equal(0, it_.share("c", 1))
      assert.are.equal(1, it_.share("b", 1))
    end)
  end)

  describe("messages", function()
    it("that are older than another of their client change nothing", function()
      local it_ = store { window = 10 }
      it_.ask("a", 10)
      it_.ask("a", 3)
      assert.is_nil(it_.ask("a", 10, { seq = 1 }))
      assert.are.equal(7, it_.share("b", 10))
    end)

    it("whose reply was lost count once", function()
      local it_ = store { window = 4, successes = 0 }
      it_.ask("a", 10)
      it_.ask("a", 10, { successes = 3 })
      it_.ask("a", 10, { successes = 3 })
      assert.are.equal(3, it_.state.successes)
    end)
  end)

  describe("window", function()
    local function change(window, message, fields)
      local it_ = store(fields)
      it_.state.window = window
      it_.ask("a", 100, { peak = math.floor(window), cuts = it_.state.cuts })
      message.cuts = message.cuts or it_.state.cuts
      return it_.ask("a", 100, message).window, it_
    end

    it("grows by one after a full window of successes, if it was used", function()
      assert.are.equal(4, (change(4, { successes = 3, peak = 4 })))
      assert.are.equal(5, (change(4, { successes = 4, peak = 4 })))
      assert.are.equal(5, (change(4, { successes = 400, peak = 4 })))
      assert.are.equal(4, (change(4, { successes = 4, peak = 3 })))
      assert.are.equal(4, (change(4, { successes = 4, peak = 4 }, { most = 4 })))
    end)

    it("counts the successes and the use of all clients together", function()
      local it_ = store { window = 4 }
      it_.ask("a", 2)
      it_.ask("b", 2)
      it_.ask("a", 2, { successes = 2, peak = 2 })
      assert.are.equal(5, it_.ask("b", 2, { successes = 2, peak = 2 }).window)
    end)

    it("is cut by one attempt of those that did not know of the last cut", function()
      local window, it_ = change(20, { cut = 0.5 })
      assert.are.equal(10, window)
      assert.are.equal(10, it_.ask("b", 1, { cut = 0.5, cuts = it_.state.cuts - 1 }).window)
      assert.are.equal(7, it_.ask("b", 1, { cut = 0.7, cuts = it_.state.cuts }).window)
    end)

    it("is never below 1, nor above what the server names", function()
      assert.are.equal(1, (change(1, { cut = 0.5 })))
      assert.are.equal(6, (change(20, { most = 6 })))
    end)
  end)

  describe("pause", function()
    it("of one client holds all, and the longest counts", function()
      local it_ = store()
      it_.ask("a", 1, { pause_ms = 5000, asked = true })
      it_.ask("b", 1, { pause_ms = 2000, asked = true })
      it_.pass(500)
      assert.are.equal(4500, it_.ask("c", 1).pause_ms)
    end)

    it("that is a client's own counts once for those that did not know of it", function()
      local it_ = store()
      local pauses = it_.state.pauses
      it_.ask("a", 1, { pause_ms = 1000, pauses = pauses })
      assert.are.equal(1000, it_.ask("b", 1, { pause_ms = 9000, pauses = pauses }).pause_ms)
      assert.are.equal(9000, it_.ask("c", 1, { pause_ms = 9000, pauses = pauses + 1 }).pause_ms)
    end)

    it("is never longer than 300 s", function()
      assert.are.equal(300000, store().ask("a", 1, { pause_ms = 10 ^ 9, asked = true }).pause_ms)
    end)
  end)

  describe("a state that was lost", function()
    local function lost()
      local it_ = store()
      it_.state = nil
      return it_
    end

    it("grants what clients had, and nothing else, until old requests have ended", function()
      local it_ = lost()
      local reply = it_.ask("a", 10, { had = 6, flying = 2 })
      assert.are.same({ 6, QUIET_MS }, { reply.share, reply.quiet_ms })
      assert.are.equal(0, it_.share("b", 10))
      live(it_, QUIET_MS - BEAT, { "b", 10 })
      assert.are.equal(0, it_.share("b", 10))
      it_.pass(BEAT)
      assert.are.equal(4, it_.share("b", 10))
    end)

    it("waits for the longest requests of any client", function()
      local it_ = lost()
      it_.ask("a", 1)
      local reply = it_.ask("b", 1, { attempt_ms = 60000 })
      assert.are.equal(QUIET_MS + 30000, reply.quiet_ms)
    end)

    it("is seen by the server's name, if another process has an old copy", function()
      local it_ = store { window = 10 }
      local life = it_.ask("a", 10).life
      it_.pass(1)
      it_.server = "two"
      local reply = it_.ask("b", 10)
      assert.are.equal(0, reply.share)
      assert.are.equal(QUIET_MS, reply.quiet_ms)
      assert.are_not.equal(life, reply.life)
    end)

    it("takes no number of the lost one for its own", function()
      local it_ = store()
      local cuts = it_.ask("a", 1).cuts
      it_.pass(1)
      it_.server = "two"
      assert.are.equal(4, it_.ask("a", 1, { cut = 0.5, cuts = cuts }).window)
    end)
  end)

  describe("the clock", function()
    it("may step ahead: nothing is given back", function()
      local it_ = store { window = 10 }
      it_.ask("a", 10)
      it_.pass(10 ^ 9)
      assert.are.equal(0, it_.share("b", 10))
    end)

    it("may step back: leases go on", function()
      local it_ = store { window = 10 }
      it_.ask("a", 10)
      it_.pass(-10 ^ 9)
      assert.are.equal(0, it_.share("b", 10))
      live(it_, QUIET_MS, { "b", 10 })
      assert.are.equal(10, it_.share("b", 10))
    end)

    it("is believed if no client holds or wants a place", function()
      local it_ = store()
      it_.ask("a", 1, { pause_ms = 60000, asked = true })
      it_.ask("a", 0)
      it_.pass(60000)
      assert.are.equal(0, it_.ask("b", 1).pause_ms)
    end)
  end)

  describe("an outage", function()
    --- Two clients that are parked, and the time at which one may probe.
    local function outage()
      local it_ = store { window = 4 }
      it_.ask("a", 5)
      it_.ask("a", 5, { parked = true })
      it_.ask("b", 5, { parked = true })
      it_.pass(BEAT)
      return it_
    end

    it("is probed by one of the clients", function()
      local it_ = outage()
      local first, second = it_.ask("a", 5, { parked = true }), it_.ask("b", 5, { parked = true })
      assert.are.same({ 1, 0 }, { first.share, second.share })
      assert.is_number(first.probe)
      assert.is_nil(second.probe)
    end)

    it("is probed by the other if the first failed, after twice the time", function()
      local it_ = outage()
      local probe = it_.ask("a", 5, { parked = true }).probe
      it_.ask("a", 5, { parked = true, probed = probe })
      it_.pass(2 * BEAT - 1)
      assert.is_nil(it_.ask("b", 5, { parked = true }).probe)
      it_.pass(1)
      assert.is_nil(it_.ask("a", 5, { parked = true }).probe)
      assert.are.equal(probe + 1, it_.ask("b", 5, { parked = true }).probe)
    end)

    it("ends for all if the probe succeeds", function()
      local it_ = outage()
      local ups = it_.ask("a", 5, { parked = true }).ups
      it_.ask("a", 5)
      assert.are.equal(ups + 1, it_.ask("b", 5, { parked = true }).ups)
    end)

    it("has a place for its probe, though others use all", function()
      local it_ = store { window = 4 }
      it_.ask("c", 9)
      it_.ask("a", 5, { parked = true })
      local shares = {}
      for beat = 1, 3 do
        it_.pass(BEAT)
        shares[beat] = it_.share("a", 5, { parked = true })
        it_.ask("c", 9)
      end
      assert.are.same({ 0, 1, 1 }, shares)
    end)
  end)
end)
