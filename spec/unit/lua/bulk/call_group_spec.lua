local call_groups = require "elevenlabs.workspace.bulk.call_group"
local groups = require "elevenlabs.workspace.engine.group"

local function redirect()
  return { class = "redirected", action = "stop", outcome = "unconfirmed", message = "m" }
end

local function unpaid()
  return { class = "unpaid", action = "stop", outcome = "refused", message = "m" }
end

describe("the call group of many calls", function()
  it("stops by its rules, for the first reason", function()
    local group = call_groups.new({}, false)
    assert.is_false(group.stopped)
    groups.see(group, redirect())
    local first = group.stopped
    assert.are.equal("redirect", first.reason)
    groups.see(group, unpaid())
    assert.are.equal(first, group.stopped)
  end)

  it("is not stopped by a refusal if it reads", function()
    local group = call_groups.new({}, true)
    groups.see(group, unpaid())
    assert.is_false(group.stopped)
    groups.see(group, redirect())
    assert.are.equal("redirect", group.stopped.reason)
  end)

  it("keeps receipts, unless nobody looks at them", function()
    assert.is_true(call_groups.new({}, false).keeps_receipts)
    assert.is_false(call_groups.new({}, false, false, true).keeps_receipts)
  end)

  it("is not stopped by refusals alone if an earlier run had a confirmation", function()
    local function stopped_after_50(has_succeeded)
      local group = call_groups.new({}, false, has_succeeded)
      for _ = 1, 50 do
        groups.see(group, { class = "not_found", action = "none", outcome = "refused",
          status = 404, message = "m" })
      end
      return group.stopped and group.stopped.reason
    end
    assert.are.equal("refusals", stopped_after_50(false))
    assert.is_false(stopped_after_50(true))
  end)

  it("takes the engine's number of attempts, or 8", function()
    assert.are.equal(8, call_groups.new({}, false).max_attempts)
    assert.are.equal(3, call_groups.new({ max_attempts = 3 }, false).max_attempts)
  end)
end)
