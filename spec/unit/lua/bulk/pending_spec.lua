local pending = require "elevenlabs.workspace.bulk.pending"

--- Calls of these states; each notes in `cancelled` that it was cancelled.
local function calls(states, cancelled)
  local held = {}
  for i, state in ipairs(states) do
    pending.add(held, {
      number = i,
      state = state,
      attempts = 0,
      next_ended = false,
      cancel = function(self)
        cancelled[#cancelled + 1] = self.number
      end,
    })
  end
  return held
end

local function numbers(held)
  local list = {}
  for i, call in ipairs(held) do
    assert.are.equal(i, call.place)
    list[i] = call.number
  end
  table.sort(list)
  return list
end

describe("the pending calls of a run", function()
  it("leave when they have ended, in any order, and each keeps its place", function()
    local held = calls({ "waiting", "waiting", "waiting", "waiting" }, {})
    local first, last = held[4], held[1]
    first.next_ended = last
    local ended = { first = first, last = last }
    assert.are.equal(first, pending.take_ended(held, ended))
    assert.are.same({ first = false, last = false }, ended)
    assert.are.same({ 2, 3 }, numbers(held))
    assert.is_false(pending.take_ended(held, ended))
    assert.are.same({ 2, 3 }, numbers(held))
  end)

  it("are cancelled, all of them or the waiting ones alone", function()
    local cancelled = {}
    local held = calls({ "queued", "in_flight", "backing_off" }, cancelled)
    pending.cancel_waiting(held)
    assert.are.same({ 1, 3 }, cancelled)
    pending.cancel_all(held)
    assert.are.same({ 1, 3, 1, 2, 3 }, cancelled)
  end)

  it("know whether one was attempted", function()
    local held = calls({ "waiting", "waiting" }, {})
    assert.is_false(pending.was_attempted(held))
    held[2].attempts = 1
    assert.is_true(pending.was_attempted(held))
  end)
end)
