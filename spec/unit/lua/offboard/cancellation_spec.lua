local cancellations = require "elevenlabs.workspace.offboard.cancellation"
local offboard = require "elevenlabs.workspace.offboard"
local support = require "spec.support.offboard"

--- Work that counts how often it was cancelled.
local function work()
  return {
    count = 0,
    cancel = function(self)
      self.count = self.count + 1
    end,
  }
end

describe("offboard cancellation", function()
  it("ends the work of the moment, and no earlier one", function()
    local cancellation, first, second = cancellations.new(), work(), work()
    assert.is_false(cancellation:is_asked())
    cancellation:watch(first)
    cancellation:watch(second)
    cancellation:cancel()
    cancellation:cancel()
    assert.is_true(cancellation:is_asked())
    assert.are.same({ 0, 2 }, { first.count, second.count })
  end)

  it("ends work that begins later, and the second ends what is in flight too", function()
    local counts = {}
    for requests = 0, 3 do
      local cancellation, later = cancellations.new(), work()
      for _ = 1, requests do
        cancellation:cancel()
      end
      cancellation:watch(later)
      counts[requests + 1] = later.count
    end
    assert.are.same({ 0, 1, 2, 2 }, counts)
  end)

  it("does not keep work alive: a run that raised has an open journal", function()
    local cancellation = cancellations.new()
    cancellation:watch(work())
    collectgarbage()
    collectgarbage()
    assert.is_nil(cancellation.work)
  end)
end)

describe("a command of a case", function()
  before_each(support.begin)
  after_each(support.finish)

  --- A workspace in which ada may change every resource. Requests are sent one after the other.
  local function new_world()
    local world = support.world(function(state)
      for _, resource in ipairs(state.resources) do
        resource.roles.user_ada = "admin"
      end
    end)
    world.client.engine.max_concurrency = 1
    return world
  end

  --- Call `cancel` when this request is answered, counted from now on.
  local function cancel_at(world, number, cancel)
    world.requests = {}
    function world.before()
      if #world.requests == number then
        cancel()
      end
    end
  end

  --- Run a command, cancelled at the first request, at the second, and so on, until nothing is left
  --- to be cancelled. `check(world, case, err)` is called after each.
  local function at_each(command, check)
    local number = 0
    local is_over
    repeat
      number = number + 1
      local world = new_world()
      local case = world:plan { resource_types = { "voice" } }
      if command == "undo" then
        assert(case:apply(world.client))
      end
      cancel_at(world, number, function()
        case:cancel()
      end)
      local summary, err = case[command](case, world.client)
      is_over = summary ~= nil
      assert.are.equal(summary == nil, err ~= nil)
      world.before = nil
      if err then
        assert.are.equal("cancelled", err.kind)
        assert.is_true(#world.requests < number + 4) -- four lists of principals are read at once
        check(world, case, err)
      end
      case:close()
      os.execute(("rm -r '%s'"):format(support.path "mia"))
    until is_over
    return number
  end

  it("ends an apply at any request, and the error says what was sent", function()
    local messages = {}
    local count = at_each("apply", function(world, case, err)
      local sent = #world:changes()
      assert.are.equal(sent == 0 and "not_sent" or "unconfirmed", err.outcome)
      local summary, gone = case:summary(), 0
      for _, row in ipairs(summary.left) do
        assert.are.equal("not removed yet", row.why_left)
        assert.is_truthy(world:role(row.resource_id))
      end
      for _, row in ipairs(case.ledger.rows) do
        gone = gone + (world:role(row.resource_id) and 0 or 1)
      end
      assert.are.same({ sent, gone }, { gone, summary.totals.confirmed })
      assert.are.equal(3, #summary.left + gone)
      messages[#messages + 1] = err.message
      assert.are.equal(3, assert(case:apply(world.client)).totals.confirmed)
      assert.are.same({}, case:summary().left)
    end)
    assert.is_true(count > 14)
    local text = table.concat(messages, "\n")
    for _, message in ipairs {
      "cancelled before it began; nothing was sent\n",
      "\nstopped early: it was cancelled. 0 of 3 removals are confirmed: apply again to go on\n",
      "\nstopped early: it was cancelled. 2 of 3 removals are confirmed: apply again to go on\n",
      "\nstopped early: it was cancelled. Not everything was read: verify again."
        .. " 3 of 3 removals are confirmed\n",
    } do
      assert.matches(message, text .. "\n", 1, true)
    end
  end)

  it("ends an undo at any request, and the next undo gives the rest back", function()
    local messages = {}
    at_each("undo", function(world, case, err)
      assert.are.equal(#world:changes() == 0, err.outcome == "not_sent")
      messages[#messages + 1] = err.message
      case:undo(world.client)
      for _, row in ipairs(case.ledger.rows) do
        assert.is_truthy(world:role(row.resource_id))
      end
    end)
    local far = "2 of 3 roles were given back: undo again to go on"
    local text = table.concat(messages, "\n")
    assert.matches("stopped early: it was cancelled. " .. far, text, 1, true)
  end)

  it("ends a verify at any request, and the last reading stays", function()
    local count = at_each("verify", function(_, case, err)
      assert.are.equal(
        "stopped early: it was cancelled. Not everything was read: verify again",
        err.message
      )
      assert.are.equal("plan", case.ledger.reading.by)
    end)
    assert.is_true(count > 5)
  end)

  it("ends a verify of the planned resources alone", function()
    for number, most in pairs { [2] = 4, [6] = 6 } do
      local world = new_world()
      local case = world:plan { again = true }
      cancel_at(world, number, function()
        case:cancel()
      end)
      local summary, err = case:verify(world.client, { planned_only = true })
      assert.is_nil(summary)
      assert.matches("cancelled. Not everything was read: verify again", err.message, 1, true)
      assert.are.equal(most, #world.requests)
      case:close()
    end
  end)

  it("ends a verify of several cases by each of the cases", function()
    for i = 1, 2 do
      local world = new_world()
      local cases = assert(offboard.plan_many(world.client, support.path("many" .. i), {
        user_emails = { "mia@example.com", "tom@example.com" },
      }))
      support.keep(cases[1])
      support.keep(cases[2])
      cancel_at(world, 8, function()
        cases[i]:cancel()
      end)
      local done, err = offboard.verify_many(world.client, cases)
      assert.are.same({ nil, "cancelled" }, { done, err.kind })
    end
  end)

  it("is not what an earlier `cancel` ends", function()
    local world = new_world()
    local case = world:plan()
    case:cancel()
    assert(case:verify(world.client))
    case:cancel()
    assert(case:apply(world.client))
  end)

  it("does not begin a round if it is cancelled while a person is asked", function()
    local world = new_world()
    local case = world:plan()
    local summary, err = case:apply(world.client, {
      may_begin = function()
        case:cancel()
        return true
      end,
    })
    assert.are.same({ nil, "cancelled", "not_sent" }, { summary, err.kind, err.outcome })
    assert.are.equal(1, #case.ledger.commands)
  end)

  it("ends a planning at any request, before there is a case", function()
    local count = 0
    local is_over
    repeat
      count = count + 1
      local world = new_world()
      local case, err = world:try_plan {
        on_begin = function(planning)
          cancel_at(world, count, function()
            planning:cancel()
          end)
        end,
      }
      is_over = case ~= nil
      if not is_over then
        assert.are.equal(
          "not_sent (cancelled): stopped early: it was cancelled. No plan was made: plan again",
          tostring(err)
        )
        assert.is_true(#world.requests < count + 4, #world.requests .. " requests")
        assert.is_nil(io.open(support.path "mia/plan.jsonl"))
      end
    until is_over
    assert.is_true(count > 20)
  end)

  it("calls on_begin before the first request", function()
    local world, count = new_world(), nil
    world:plan {
      on_begin = function()
        count = #world.requests
      end,
    }
    assert.are.equal(0, count)
  end)
end)
