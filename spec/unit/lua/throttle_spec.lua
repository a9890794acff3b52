local throttles = require "elevenlabs.workspace.throttle"

local NOW = 1000

local CONFIRMED = { outcome = "confirmed", action = "done" }
local REFUSED = { outcome = "refused", action = "none" }
local REDIRECTED = { outcome = "unconfirmed", action = "stop" }

--- A verdict on a call that may be sent again; its own backoff is 100 ms.
local function transient(fields)
  local verdict = { outcome = "refused", kind = "rate_limited", action = "pause", own_ms = 100 }
  for name, value in pairs(fields or {}) do
    verdict[name] = value
  end
  return verdict
end

--- A throttle with this window, and attempts in flight that fill it.
local function full(window, waits_out_outages)
  local throttle = throttles.new(32, function()
    return 0.5
  end)
  throttle.limiter.window = window
  local attempts = {}
  for i = 1, window do
    attempts[i] = { attempts = 1 }
    attempts[i].mark, attempts[i].probe = throttle:begin(i, waits_out_outages)
  end
  return throttle, attempts
end

--- A throttle whose circuit was opened at NOW.
local function broken()
  local throttle, attempts = full(4)
  throttle.budget.tokens = 1
  throttle:record_result(attempts[1], transient { kind = "server", action = "retry" }, nil, NOW)
  return throttle, attempts
end

describe("throttle", function()
  it("has places for a full window, and none in a pause", function()
    local throttle = full(4)
    assert.are.equal(4, throttle:places(NOW))
    throttle.limiter:pause(9, NOW + 1, true)
    assert.are.same({ 0, 4, 4 },
      { throttle:places(NOW), throttle:places(NOW + 1), throttle:window() })
    assert.are.equal(NOW + 1, throttle:allows_at(false, NOW))
  end)

  it("grows its window after answers that ask for no less, also after refusals", function()
    for _, verdict in ipairs { CONFIRMED, REFUSED } do
      local throttle, attempts = full(4)
      for _, attempt in ipairs(attempts) do
        assert.is_false(throttle:record_result(attempt, verdict, nil, NOW))
      end
      assert.are.equal(5, throttle:window())
    end
  end)

  it("takes no more at once than the server says", function()
    local throttle, attempts = full(8)
    throttle:record_result(attempts[1], CONFIRMED, 2, NOW)
    assert.are.equal(2, throttle:window())
  end)

  describe("pauses the whole client", function()
    for _, row in ipairs {
      -- what the verdict has, how long the pause is, the window then
      { {}, 100, 8 },
      { { asked_ms = 2000 }, 2200, 8 }, -- up to a fifth longer
      { { asked_ms = 0 }, 100, 8 }, -- our own backoff is longer
      { { asked_ms = 300001 }, 0, 8 }, -- nobody waits for that
      { { action = "retry" }, 0, 8 },
      { { action = "retry", asked_ms = 2000 }, 2200, 8 },
      { { load = "busy" }, 100, 4 },
      { { load = "crowded" }, 0, 5 }, -- the window is smaller then
      { { load = "crowded", asked_ms = 2000 }, 2200, 5 },
    } do
      local fields, pause_ms, window = row[1], row[2], row[3]
      it(("for %d ms, with a window of %d then"):format(pause_ms, window), function()
        local throttle, attempts = full(8)
        local held_back = throttle:record_result(attempts[1], transient(fields), nil, NOW)
        assert.are.equal(pause_ms > 0 or window < 8, held_back)
        assert.are.equal(pause_ms, throttle:paused_ms(NOW))
        assert.are.equal(pause_ms > 0 and NOW + pause_ms or 0, throttle:paused_until())
        assert.are.equal(window, throttle:window())
      end)
    end

    it("and does not count that as an outage", function()
      local throttle, attempts = full(4)
      throttle:record_result(attempts[1], transient { asked_ms = 50000 }, nil, NOW)
      assert.are.equal(throttle:paused_until() + 120000, throttle:gives_up_at())
    end)
  end)

  describe("opens its circuit when the budget is used up", function()
    it("and then sends one probe at a time of the calls that wait out outages", function()
      local throttle = broken()
      assert.is_true(throttle:is_circuit_open())
      assert.are.same({ false, true },
        { throttle:circuit_allows(true, NOW), throttle:circuit_allows(true, NOW + 1000) })
      assert.are.equal(NOW + 1000, throttle:allows_at(true, NOW))
      assert.are.equal(1000, throttle:paused_ms(NOW))
      assert.is_true(select(2, throttle:begin(1, true)))
      assert.is_false(throttle:circuit_allows(true, NOW + 1000))
      assert.is_nil(throttle:allows_at(true, NOW + 1000))
    end)

    it("and lets other calls through, whose attempts are no probes", function()
      local throttle = broken()
      assert.is_true(throttle:circuit_allows(false, NOW))
      assert.are.equal(0, throttle:allows_at(false, NOW))
      assert.is_false(select(2, throttle:begin(1, false)))
    end)

    it("says that it holds back more", function()
      local throttle, attempts = full(4)
      throttle.budget.tokens = 1
      local verdict = transient { action = "retry" }
      assert.is_true(throttle:record_result(attempts[1], verdict, nil, NOW))
      assert.is_false(throttle:record_result(attempts[2], verdict, nil, NOW))
    end)

    it("closes it after a settled call", function()
      local throttle, attempts = broken()
      throttle:record_result(attempts[2], CONFIRMED, nil, NOW)
      assert.is_false(throttle:is_circuit_open())
      assert.is_nil(throttle:gives_up_at())
    end)

    it("and lets a probe follow one whose end says nothing", function()
      local throttle = broken()
      local probe = { attempts = 1 }
      probe.mark, probe.probe = throttle:begin(1, true)
      assert.is_false(throttle:record_result(probe, REDIRECTED, nil, NOW + 1000))
      assert.are.same({ true, true },
        { throttle:is_circuit_open(), throttle:circuit_allows(true, NOW + 1000) })
    end)
  end)

  it("charges the budget by what failed, and pays it back for a first attempt", function()
    for _, row in ipairs {
      { transient(), 1, 495 },
      { transient { kind = "timeout" }, 1, 490 },
      { transient { outcome = "not_sent", kind = "timeout" }, 1, 450 },
      { REDIRECTED, 1, 500 },
    } do
      local throttle, attempts = full(4)
      throttle:record_result(attempts[1], row[1], nil, NOW)
      assert.are.equal(row[3], throttle.budget.tokens)
    end
    local throttle, attempts = full(4)
    throttle:record_result(attempts[1], transient(), nil, NOW)
    attempts[2].attempts = 2
    throttle:record_result(attempts[2], CONFIRMED, nil, NOW)
    assert.are.equal(495, throttle.budget.tokens)
    throttle:record_result(attempts[3], CONFIRMED, nil, NOW)
    assert.are.equal(496, throttle.budget.tokens)
  end)

  it("gives up 120 s after the first failure, idle time not counted", function()
    local throttle, attempts = full(4)
    assert.is_nil(throttle:gives_up_at())
    throttle:record_result(attempts[1], transient { action = "retry" }, nil, NOW)
    assert.are.equal(NOW + 120000, throttle:gives_up_at())
    throttle:exclude_idle(NOW + 5000)
    assert.are.equal(NOW + 125000, throttle:gives_up_at())
    throttle:reset_outage()
    assert.is_nil(throttle:gives_up_at())
  end)

  describe("with a limit that others share", function()
    --- A throttle over places that the spec controls. Its circuit was opened at NOW.
    local function shared()
      local places = { parked = false, failed_probes = 0, free = 4, why_text = nil }
      function places.places()
        return places.free
      end
      function places.window()
        return 20
      end
      function places.paused_until()
        return 0
      end
      function places.begin()
        return 1
      end
      function places.succeeded() end
      function places:park(is_parked)
        self.parked = is_parked
      end
      function places:is_parked()
        return self.parked
      end
      function places:probe_failed()
        self.failed_probes = self.failed_probes + 1
      end
      function places:why()
        return self.why_text, self.is_outage
      end
      local throttle = throttles.new(32, function()
        return 0.5
      end, places)
      local attempt = { attempts = 1 }
      attempt.mark, attempt.probe = throttle:begin(1, true)
      throttle.budget.tokens = 1
      throttle:record_result(attempt, transient { action = "retry" }, nil, NOW)
      return throttle, places
    end

    local function probe(throttle)
      local attempt = { attempts = 1 }
      attempt.mark, attempt.probe = throttle:begin(1, false)
      return attempt
    end

    it("has the places of the limit, and the window of all", function()
      local throttle, places = shared()
      places.free = 3
      assert.are.same({ 3, 20 }, { throttle:places(NOW), throttle:window() })
    end)

    it("parks when the circuit opens, and leaves to the limit who probes", function()
      local throttle, places = shared()
      assert.is_true(places.parked)
      assert.are.same({ true, 0, 0 }, {
        throttle:circuit_allows(true, NOW),
        throttle:allows_at(true, NOW),
        throttle:paused_ms(NOW),
      })
      assert.is_true(probe(throttle).probe) -- also of a call that waits out no outage
    end)

    it("tells of a probe that failed, and of one whose end says nothing", function()
      for _, verdict in ipairs { transient { action = "retry" }, REDIRECTED } do
        local throttle, places = shared()
        throttle:record_result(probe(throttle), verdict, nil, NOW + 1000)
        assert.are.same({ true, 1 }, { places.parked, places.failed_probes })
      end
    end)

    it("goes on after its own probe, or another client's", function()
      local throttle, places = shared()
      throttle:settled(probe(throttle))
      assert.are.same({ false, false, 0 },
        { places.parked, throttle:is_circuit_open(), places.failed_probes })
      throttle, places = shared()
      throttle:exchanged(NOW + 500)
      assert.is_true(throttle:is_circuit_open())
      places.parked = false
      throttle:exchanged(NOW + 1000)
      assert.is_false(throttle:is_circuit_open())
      assert.is_nil(throttle:gives_up_at())
    end)

    it("counts no time as an outage in which the limit let nothing through", function()
      local throttle, places = shared()
      places.why_text = "the limit's store is out of reach"
      throttle:exchanged(NOW + 1000)
      assert.is_nil(throttle:gives_up_at())
      throttle:exchanged(NOW + 9000)
      places.why_text = nil
      throttle:exchanged(NOW + 10000)
      assert.are.equal(NOW + 129000, throttle:gives_up_at())
      throttle:exchanged(NOW + 20000)
      assert.are.equal(NOW + 129000, throttle:gives_up_at())
    end)

    it("counts the time in which the outage itself is the reason", function()
      local throttle, places = shared()
      places.why_text, places.is_outage = "the service does not answer", true
      throttle:exchanged(NOW + 1000)
      throttle:exchanged(NOW + 9000)
      assert.are.equal(NOW + 120000, throttle:gives_up_at())
    end)

    it("excludes no more than the time since the outage began", function()
      local throttle, places = shared()
      throttle:reset_outage()
      places.why_text = "the limit's store is out of reach"
      throttle:exchanged(NOW)
      throttle:record_result(probe(throttle), transient { action = "retry" }, nil, NOW + 5000)
      places.why_text = nil
      throttle:exchanged(NOW + 6000)
      assert.are.equal(NOW + 126000, throttle:gives_up_at())
    end)
  end)
end)
