local groups = require "elevenlabs.workspace.engine.group"

describe("call group", function()
  it("begins without calls, and is not stopped", function()
    local fields = { max_attempts = 4 }
    local group = groups.new(fields)
    assert.are.equal(fields, group)
    assert.are.same({
      max_attempts = 4,
      started = 0,
      finished = 0,
      backing_off = 0,
      attempts = 0,
      retries = 0,
      counted = 0,
      stopped = false,
    }, group)
  end)

  it("is stopped by its rules, for their first reason", function()
    local seen, reason = {}, nil
    local rules = {}
    function rules:see(verdict)
      seen[#seen + 1] = { self, verdict }
      return reason
    end
    local group = groups.new { rules = rules }
    groups.see(group, "first")
    assert.is_false(group.stopped)
    reason = { reason = "tls" }
    groups.see(group, "second")
    assert.are.equal(reason, group.stopped)
    local first = reason
    reason = { reason = "permission" }
    groups.see(group, "third")
    assert.are.equal(first, group.stopped)
    assert.are.same({ { rules, "first" }, { rules, "second" } }, seen)
  end)

  it("is not stopped if it has no rules", function()
    local group = groups.new {}
    groups.see(group, "a verdict")
    assert.is_false(group.stopped)
  end)

  it("shares one ending of all that are only counted", function()
    assert.are.same({ "confirmed", 200 }, { groups.CONFIRMED.outcome, groups.CONFIRMED.status })
  end)

  it("is empty once all its calls are done and taken", function()
    local group = groups.new { ended = { first = false } }
    assert.is_true(groups.is_empty(group))
    group.started = 1
    assert.is_false(groups.is_empty(group))
    group.finished, group.ended.first = 1, {}
    assert.is_false(groups.is_empty(group))
    group.ended.first = false
    assert.is_true(groups.is_empty(group))
  end)

  it("counts its calls that are not done", function()
    local group = groups.new {}
    group.started, group.finished = 7, 3
    assert.are.equal(4, groups.count_open(group))
  end)
end)
