local call_groups = require "elevenlabs.workspace.bulk.call_group"

local function redirect()
  return { class = "redirected", action = "stop", outcome = "unconfirmed", message = "m" }
end

describe("the call group of many calls", function()
  it("stops by its rules, for the first reason", function()
    local group = call_groups.new({}, false)
    assert.is_false(group.stopped)
    group.on_verdict(redirect())
    local first = group.stopped
    assert.are.equal("redirect", first.reason)
    group.on_verdict { class = "unpaid", action = "stop", outcome = "refused", message = "m" }
    assert.are.equal(first, group.stopped)
  end)

  it("is not stopped by a refusal if it reads", function()
    local group = call_groups.new({}, true)
    group.on_verdict { class = "unpaid", action = "stop", outcome = "refused", message = "m" }
    assert.is_false(group.stopped)
    group.on_verdict(redirect())
    assert.are.equal("redirect", group.stopped.reason)
  end)

  it("takes the engine's number of attempts, or 8", function()
    assert.are.equal(8, call_groups.new({}, false).max_attempts)
    assert.are.equal(3, call_groups.new({ max_attempts = 3 }, false).max_attempts)
  end)
end)
