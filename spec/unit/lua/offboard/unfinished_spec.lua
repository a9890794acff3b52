local errors = require "elevenlabs.workspace.error"
local unfinished = require "elevenlabs.workspace.offboard.unfinished"

describe("offboard unfinished", function()
  it("has an error for a run that stopped, of the kind that says what to do", function()
    local kinds, may_pass = {}, {}
    for i, why in ipairs { "authentication", "cancelled", "outage", "rate_limited" } do
      local err = unfinished.stopped { stopped = why, stop_message = "because" }
      kinds[i], may_pass[i] = err.kind, err.retryable
      assert.are.equal("stopped early: because", err.message)
    end
    assert.are.same({ "authentication", "cancelled", "network", "rate_limited" }, kinds)
    assert.are.same({ false, false, true, true }, may_pass)
    assert.are.equal("stopped early: it was cancelled", unfinished.cancelled().message)
  end)

  it("adds a sentence, and leaves the error itself as it was", function()
    local err = errors.new {
      kind = "permission",
      outcome = "not_sent",
      message = "no",
      field = "folder",
      status = 403,
    }
    local more = unfinished.with(err, "1 of 2 is done: go on")
    assert.are.equal("not_sent (permission, HTTP 403): no. 1 of 2 is done: go on", tostring(more))
    assert.are.equal("folder", more.field)
    assert.are.equal("no", err.message)
  end)

  it("stays retryable with a sentence more", function()
    local err = unfinished.stopped { stopped = "outage", stop_message = "because" }
    assert.is_true(unfinished.with(err, "so", true).retryable)
  end)

  it("never says not_sent of a command that sent a change", function()
    local err = unfinished.with(unfinished.cancelled(), "so", true)
    assert.are.equal("unconfirmed", err.outcome)
  end)

  it("has an error for a reading that did not come to its end, and no other", function()
    assert.is_nil(unfinished.of_reading({ report = {} }, nil, "again"))
    local stopped = { report = { stopped = "outage", stop_message = "it is down" } }
    local err = unfinished.of_reading(stopped, nil, "again")
    assert.are.equal("stopped early: it is down. again", err.message)
    err = unfinished.of_reading(nil, unfinished.cancelled(), "again")
    assert.are.equal("stopped early: it was cancelled. again", err.message)
    local refusal = errors.invalid("user_email", "nobody")
    assert.are.equal(refusal, unfinished.of_reading(nil, refusal, "again"))
  end)
end)
