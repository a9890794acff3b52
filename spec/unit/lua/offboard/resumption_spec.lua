local support = require "spec.support.offboard"

describe("offboard resumption", function()
  local world

  before_each(function()
    support.begin()
    world = support.world()
  end)
  after_each(support.finish)

  local WEEK = 7 * 24 * 3600
  local time = os.time

  after_each(function()
    os.time = time -- luacheck: ignore 122
  end)

  local function later(seconds)
    os.time = function() -- luacheck: ignore 122
      return time() + seconds
    end
  end

  --- Plan anew if need be. -> the case, which is closed; how many requests that took
  local function resume(options)
    world.requests = {}
    options = options or {}
    options.resume = true
    local case, err = world:try_plan(options)
    if case then
      case:close()
    end
    return case, err or #world.requests
  end

  it("makes the first plan", function()
    local case, requests = resume()
    assert.are.equal("planned", case:summary().state)
    assert.is_true(requests > 4)
  end)

  it("goes on with a plan that waits, in any spelling of the address", function()
    resume()
    later(WEEK)
    local case, requests = resume { user_email = "MIA@example.com" }
    assert.are.same({ "planned", 0 }, { case:summary().state, requests })
  end)

  it("goes on after a planning that was killed, or a round", function()
    world:kill_at(20, false)
    assert.is_false(pcall(world.try_plan, world))
    world:restart()
    assert(resume())
    local case = support.open()
    world:kill_at(8, true)
    assert.is_false(pcall(case.apply, case, world.client))
    world:restart(case):close()
    local requests
    case, requests = resume()
    assert.are.same({ "cut", 0 }, { case:summary().state, requests })
  end)

  it("plans again if the plan is older than 7 days, and keeps the older one", function()
    resume()
    later(WEEK + 10)
    local case, requests = resume()
    assert.is_true(requests > 4)
    assert.are.equal("planned", case:summary().state)
    support.read(support.path "mia/plan-2.jsonl")
  end)

  it("gives a case that ended as it is, also if the member has left", function()
    local case = world:plan()
    assert(case:apply(world.client))
    case:close()
    table.remove(world.state.users, 2)
    later(2 * WEEK)
    local requests
    case, requests = resume()
    assert.are.same({ "ended", 0 }, { case:summary().state, requests })
    assert.is_true(#assert(support.open():verify(world.client)).left > 0)
  end)

  it("refuses the folder of somebody else, and one that cannot be read or is in use", function()
    local case = world:plan()
    local none, err = resume()
    assert.is_nil(none)
    assert.are.same({ "journal", true }, { err.kind, err.retryable })
    assert.are.same({}, world.requests)
    case:close()
    none, err = resume { user_email = "tom@example.com" }
    assert.is_nil(none)
    assert.are.equal("folder", err.field)
    assert.matches("mia has a plan for mia@example.com$", err.message)
    support.write(support.path "mia/plan.jsonl", "damaged\n")
    none, err = resume()
    assert.is_nil(none)
    assert.matches("make it anew with plan %-%-again", err.message)
    assert.are.equal("damaged\n", support.read(support.path "mia/plan.jsonl"))
  end)
end)
