local retry = require "elevenlabs.workspace.throttle.budget"

describe("retry", function()
  it("backs off with full jitter, doubling up to 60 s", function()
    for _, row in ipairs {
      -- failures, slow, random, ms
      { 1, false, 0, 0 },
      { 1, false, 0.5, 125 },
      { 1, true, 0.5, 500 },
      { 2, false, 0.5, 250 },
      { 4, false, 0.5, 1000 },
      { 7, true, 0.5, 30000 },
      { 8, false, 0.5, 16000 },
      { 9, false, 0.5, 30000 },
      { 400, true, 0.5, 30000 },
    } do
      assert.are.equal(row[4], retry.backoff_ms(row[1], row[2], row[3]))
    end
  end)

  it("pauses for the longer of both, up to a fifth more, never above 300 s", function()
    for _, row in ipairs {
      -- asked, own, random, ms
      { 0, 0, 0.5, 0 },
      { 0, 100, 0, 100 },
      { 1000, 100, 0.5, 1100 },
      { nil, 100, 0, 100 },
      { 300000, 100, 0.9, 300000 },
    } do
      assert.are.equal(row[4], retry.pause_ms(row[1], row[2], row[3]))
    end
  end)

  it("waits for 300 s and no more", function()
    assert.are.same({ false, false, true },
      { retry.is_too_long(nil), retry.is_too_long(300000), retry.is_too_long(300001) })
  end)

  describe("Retry-After", function()
    local NOW = "Tue, 24 Nov 2026 12:00:00 GMT"
    for _, row in ipairs {
      -- value, Date, ms
      { nil, NOW, nil },
      { "0", nil, 0 },
      { "1", nil, 1000 },
      { "120", nil, 120000 },
      { "000120", nil, 120000 },
      { "9999999999", nil, 9999999999000 },
      { "10000000000", nil, nil },
      { "00000000001", nil, nil },
      { "", nil, nil },
      { "-5", nil, nil },
      { "+5", nil, nil },
      { "1.5", nil, nil },
      { "1e20", nil, nil },
      { "0x10", nil, nil },
      { " 5", nil, nil },
      { "5 ", nil, nil },
      { "5,5", nil, nil },
      { "5s", nil, nil },
      { "soon", nil, nil },
      { "nan", nil, nil },
      { "inf", nil, nil },
      { "\2315", nil, nil },
      { "Tue, 24 Nov 2026 12:00:30 GMT", NOW, 30000 },
      { "Tue, 24 Nov 2026 12:00:30 GMT", nil, nil },
      { "Tue, 24 Nov 2026 12:00:30 GMT", "yesterday", nil },
      { "Tue, 24 Nov 2026 12:00:00 GMT", NOW, 0 },
      { "Tue, 24 Nov 2026 11:59:59 GMT", NOW, 0 },
      { "Wed, 25 Nov 2026 12:00:00 GMT", NOW, 86400000 },
      { "Wed, 24 Nov 2026 12:00:30 GMT", NOW, nil }, -- was a Tuesday
      { "Fri, 01 Jan 2027 00:00:00 GMT", "Thu, 31 Dec 2026 23:59:59 GMT", 1000 },
      { "Tue, 29 Feb 2028 00:00:00 GMT", "Mon, 28 Feb 2028 23:59:00 GMT", 60000 },
      { "Thu, 29 Feb 2027 00:00:00 GMT", NOW, nil },
      { "Mon, 01 Mar 2100 00:00:00 GMT", "Sun, 28 Feb 2100 23:59:59 GMT", 1000 },
      { "Tue, 31 Nov 2026 12:00:30 GMT", NOW, nil },
      { "Tue, 00 Nov 2026 12:00:30 GMT", NOW, nil },
      { "Tue, 24 Nov 2026 24:00:00 GMT", NOW, nil },
      { "Tue, 24 Nov 2026 12:60:00 GMT", NOW, nil },
      { "Tue, 24 Nov 2026 12:00:61 GMT", NOW, nil },
      { "Tue, 24 Nov 2026 12:00:60 GMT", NOW, 60000 }, -- a leap second
      { "Tue, 24 Nov 2026 12:00:30 UTC", NOW, nil },
      { "Tue, 24 nov 2026 12:00:30 GMT", NOW, nil },
      { "Tue,24 Nov 2026 12:00:30 GMT", NOW, nil },
      { "Tue, 24 Nov 2026 12:00:30 GMT+1", NOW, nil },
      { "Tuesday, 24-Nov-26 12:00:30 GMT", NOW, nil },
      { "Tue Nov 24 12:00:30 2026", NOW, nil },
      { "2026-11-24T12:00:30Z", NOW, nil },
    } do
      local value, date, ms = row[1], row[2], row[3]
      it(tostring(value) .. ", where Date is " .. tostring(date) .. ": " .. tostring(ms), function()
        assert.are.equal(ms, retry.parse_retry_after(value, date))
      end)
    end
  end)

  describe("budget", function()
    --- events: "ok" (a first try), "again" (a later one), a failure's name, "probe" (a failed
    --- one); then tokens and whether it is parked.
    local function play(list)
      local budget = retry.new_budget()
      for _, event in ipairs(list) do
        if event == "ok" or event == "again" then
          budget:settled(event == "ok", false)
        elseif event == "probe" then
          budget:begin()
          budget:failed("other", true, 1000)
        elseif event == "lost probe" then
          budget:lost(budget:begin())
        elseif type(event) == "number" then
          budget.tokens = event
        else
          budget:failed(event, false, 1000)
        end
      end
      return budget
    end

    it("costs what it costs", function()
      for _, row in ipairs {
        { { "ok" }, 500, false },
        { { "other" }, 495, false },
        { { "timeout" }, 490, false },
        { { "unreached" }, 450, false },
        { { "other", "ok" }, 496, false },
        { { "other", "again" }, 495, false },
        { { 5, "other" }, 0, true },
        { { 6, "other" }, 1, false },
        { { 9, "timeout" }, 0, true },
        { { 5, "other", "ok" }, 1, false },
        { { 5, "other", "again" }, 0, false },
        { { 5, "other", "again", "other" }, 0, true },
        { { 5, "other", "probe" }, 0, true },
      } do
        local budget = play(row[1])
        assert.are.same({ row[2], row[3] }, { budget.tokens, budget.parked })
      end
    end)

    it("probes after 1, 2, 4, 8, 16, 30 and 30 s, one at a time", function()
      local budget, at = play { 5, "other" }, 1000
      for _, pause in ipairs { 1000, 2000, 4000, 8000, 16000, 30000, 30000 } do
        assert.are.equal(at + pause, budget:opens_at())
        assert.is_false(budget:allows(at + pause - 1))
        at = at + pause
        assert.is_true(budget:allows(at))
        assert.is_true(budget:begin())
        assert.are.same({ false, nil }, { budget:allows(at), budget:opens_at() })
        budget:failed("other", true, at)
      end
      budget:begin()
      budget:settled(false, true)
      assert.are.same({ true, 0, false }, { budget:allows(at), budget:opens_at(), budget:begin() })
    end)

    it("starts its pauses anew after a success", function()
      local budget = play { 5, "other", "probe", "probe", "again", "other" }
      assert.are.equal(2000, budget:opens_at())
    end)

    it("waits for a probe's end, also where others had an answer meanwhile", function()
      local budget = play { 5, "other" }
      assert.is_true(budget:begin())
      budget:settled(true, false)
      assert.are.same({ true, false }, { budget:allows(1500), budget:begin() })
      budget:failed("other", false, 1500)
      assert.is_true(budget.parked)
      assert.are.same({ false, nil }, { budget:allows(9999), budget:opens_at() })
      budget:failed("other", true, 10000)
      assert.are.same({ false, 12000 }, { budget:allows(11999), budget:opens_at() })
      assert.is_true(budget:begin())
    end)

    it("lets another probe follow one that was cancelled", function()
      assert.is_true(play({ 5, "other", "lost probe" }):allows(2000))
    end)

    it("gives up 120 s after the first failure since a success", function()
      assert.is_nil(play({}):gives_up_at())
      assert.are.equal(121000, play({ "other", "other" }):gives_up_at())
      assert.is_nil(play({ "other", "again" }):gives_up_at())
      local excused = play { "other" }
      excused:excuse(50000)
      assert.are.equal(170000, excused:gives_up_at())
      excused:start_anew()
      excused:excuse(50000)
      assert.is_nil(excused:gives_up_at())
    end)

    it("does not count the time after a failure in which nothing was to be sent", function()
      local budget = play { "other" }
      budget:failed("other", false, 3000)
      budget:was_idle(500000)
      assert.are.equal(1000 + 497000 + 120000, budget:gives_up_at())
      budget:was_idle(500000)
      assert.are.equal(1000 + 497000 + 120000, budget:gives_up_at())
    end)
  end)
end)
