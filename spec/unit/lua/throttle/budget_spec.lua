local budgets = require "elevenlabs.workspace.throttle.budget"

describe("budget", function()
  --- events: "ok" (a first try), "again" (a later one), a failure's name, "probe" (a failed
  --- one); then tokens and whether the circuit is open.
  local function play(list)
    local budget = budgets.new()
    for _, event in ipairs(list) do
      if event == "ok" or event == "again" then
        budget:settled(event == "ok", false)
      elseif event == "probe" then
        budget:begin()
        budget:failed("other", true, 1000)
      elseif event == "inconclusive probe" then
        budget:inconclusive(budget:begin())
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
      assert.are.same({ row[2], row[3] }, { budget.tokens, budget.circuit_open })
    end
  end)

  it("probes after 1, 2, 4, 8, 16, 30 and 30 s, one at a time", function()
    local budget, at = play { 5, "other" }, 1000
    for _, pause in ipairs { 1000, 2000, 4000, 8000, 16000, 30000, 30000 } do
      assert.are.equal(at + pause, budget:allows_at())
      assert.is_false(budget:allows(at + pause - 1))
      at = at + pause
      assert.is_true(budget:allows(at))
      assert.is_true(budget:begin())
      assert.are.same({ false, nil }, { budget:allows(at), budget:allows_at() })
      budget:failed("other", true, at)
    end
    budget:begin()
    budget:settled(false, true)
    assert.are.same({ true, 0, false }, { budget:allows(at), budget:allows_at(), budget:begin() })
  end)

  it("starts its pauses anew after a success", function()
    local budget = play { 5, "other", "probe", "probe", "again", "other" }
    assert.are.equal(2000, budget:allows_at())
  end)

  it("waits for a probe's end, also where others had an answer meanwhile", function()
    local budget = play { 5, "other" }
    assert.is_true(budget:begin())
    budget:settled(true, false)
    assert.are.same({ true, false }, { budget:allows(1500), budget:begin() })
    budget:failed("other", false, 1500)
    assert.is_true(budget.circuit_open)
    assert.are.same({ false, nil }, { budget:allows(9999), budget:allows_at() })
    budget:failed("other", true, 10000)
    assert.are.same({ false, 12000 }, { budget:allows(11999), budget:allows_at() })
    assert.is_true(budget:begin())
  end)

  it("lets another probe follow one that was cancelled", function()
    assert.is_true(play({ 5, "other", "inconclusive probe" }):allows(2000))
  end)

  it("gives up 120 s after the first failure since a success", function()
    assert.is_nil(play({}):gives_up_at())
    assert.are.equal(121000, play({ "other", "other" }):gives_up_at())
    assert.is_nil(play({ "other", "again" }):gives_up_at())
    local paused = play { "other" }
    paused:exclude_pause(50000)
    assert.are.equal(170000, paused:gives_up_at())
    paused:reset_outage()
    paused:exclude_pause(50000)
    assert.is_nil(paused:gives_up_at())
  end)

  it("does not count the time after a failure in which nothing was to be sent", function()
    local budget = play { "other" }
    budget:failed("other", false, 3000)
    budget:exclude_idle(500000)
    assert.are.equal(1000 + 497000 + 120000, budget:gives_up_at())
    budget:exclude_idle(500000)
    assert.are.equal(1000 + 497000 + 120000, budget:gives_up_at())
  end)
end)
