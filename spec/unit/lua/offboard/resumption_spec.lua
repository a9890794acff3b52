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
    later(WEEK - 60) -- the clock goes on meanwhile
    local case, requests = resume { user_email = "MIA@example.com" }
    assert.are.same({ "planned", 4 }, { case:summary().state, requests })
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
    assert.are.same({ "cut", 4 }, { case:summary().state, requests })
  end)

  it("plans again if the plan is older than 7 days, and keeps the older one", function()
    resume()
    later(WEEK + 10)
    local case, requests = resume()
    assert.is_true(requests > 4)
    assert.are.equal("planned", case:summary().state)
    support.read(support.path "mia/plan-2.jsonl")
  end)

  local function protect_draft()
    return { protect = { { resource_id = "voice_draft", resource_type = "voice" } } }
  end

  it("gives a case that left nothing as it is, however old it is", function()
    local case = world:plan(protect_draft())
    assert.are.equal(0, #assert(case:apply(world.client)).left)
    case:close()
    later(2 * WEEK)
    local requests
    case, requests = resume()
    assert.are.same({ "ended", 4 }, { case:summary().state, requests })
  end)

  it("gives a case that left roles for another apply, and an old one a new plan", function()
    local case = world:plan()
    assert.are.equal("voice_draft", assert(case:apply(world.client)).left[1].resource_id)
    case:close()
    local requests
    case, requests = resume()
    assert.are.same({ "ended", 4 }, { case:summary().state, requests })
    world:resource("voice_draft").roles.user_ada = "admin"
    case = support.open()
    assert.are.equal(0, #assert(case:apply(world.client)).left)
    world:resource("voice_draft").roles.user_mia = "viewer"
    assert.are.equal(1, #assert(case:verify(world.client)).left)
    case:close()
    assert.are.equal("ended", (resume()):summary().state)
    later(WEEK + 10)
    case, requests = resume()
    assert.are.equal("planned", case:summary().state)
    assert.is_true(requests > 4)
  end)

  it("plans again if a role is left that the plan does not have", function()
    local case = world:plan(protect_draft())
    assert(case:apply(world.client))
    local new = { id = "voice_new", type = "voice", name = "New", creator = "user_ada" }
    new.roles = { user_ada = "admin", user_mia = "viewer" }
    table.insert(world.state.resources, new)
    assert.are.equal("voice_new", assert(case:verify(world.client)).left[1].resource_id)
    case:close()
    local requests
    case, requests = resume(protect_draft())
    assert.are.equal("planned", case:summary().state)
    assert.is_true(requests > 4)
  end)

  it("keeps an old case of a member who has left, for others' sake too", function()
    local case = world:plan()
    assert(case:apply(world.client))
    case:close()
    table.remove(world.state.users, 2)
    later(WEEK + 10)
    local requests
    case, requests = resume()
    assert.are.same({ "ended", 4 }, { case:summary().state, requests })
    assert.is_true(#assert(support.open():verify(world.client)).left > 0)
  end)

  it("does not go together with `again`", function()
    local case, err = resume { again = true }
    assert.is_nil(case)
    assert.are.same({ "again", "again and resume do not go together" }, { err.field, err.message })
    assert.are.same({}, world.requests)
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

  it("plans again if the options are others than those of the plan", function()
    local voice = { { resource_id = "voice_trailer", resource_type = "voice" } }
    for _, options in ipairs {
      { protect = voice },
      { replace_by = "tom@example.com" },
      { replace_by = "eve@example.com" },
      { resource_types = { "voice" } },
      {}, -- than the one before
      { protect = voice },
      { protect = {} },
      { ids = { { resource_id = "song_1", resource_type = "songs" } } },
    } do
      local _, requests = resume(options)
      assert.is_true(requests > 4)
      _, requests = resume(options)
      assert.are.equal(4, requests)
    end
    local case = resume { protect = voice }
    assert.are.equal("protected", support.row(case, "voice_trailer").reason)
    local requests
    case, requests = resume() -- says nothing of what is protected
    assert.are.same({ "protected", 4 }, { support.row(case, "voice_trailer").reason, requests })
  end)

  it("refuses options that are wrong, and another server or owner", function()
    world:plan():close()
    for field, options in pairs {
      protect = { protect = 42 },
      ids = { ids = 42 },
      replace_by = { replace_by = 42 },
      resource_types = { resource_types = 42 },
    } do
      local case, err = resume(options)
      assert.is_nil(case)
      assert.are.equal(field, err.field)
    end
    local url = world.client.base_url
    world.client.base_url = "https://other.invalid"
    local case, err = resume()
    assert.is_nil(case)
    assert.are.equal("base_url", err.field)
    world.client.base_url = url
    world.state.users[2].id = "user_mia2" -- the address has another owner
    case, err = resume()
    assert.is_nil(case)
    assert.matches("belongs to user_mia2 now, and the plan is for user_mia", err.message)
  end)
end)
