-- Several engines over one real state of a limit, in time that the spec moves.

local groups = require "elevenlabs.workspace.engine.group"
local limits = require "spec.support.limit"
local lists = require "elevenlabs.workspace.engine.list"
local script = require "elevenlabs.workspace.limits.script"
local worlds = require "spec.support.world"

local TICK_MS = 50

--- A store that is always in reach and grants at once.
local function new_store(now)
  local protocol, clients = script.load(), {}
  local state = protocol.new(now(), "spec", false)
  local access = {
    get = function(id)
      return clients[id]
    end,
    set = function(id, client)
      clients[id] = client
    end,
    all = function()
      return clients
    end,
  }
  return function(message)
    local reply
    state, reply = protocol.decide(state, access, message, math.floor(now()), "spec")
    return reply
  end
end

--- So many engines, each with calls of a bulk run.
local function new_fleet(count, calls)
  local fleet = { most = 0, changes = {} }
  local send = new_store(function()
    return fleet[1] and fleet[1].engine.now() or 1000
  end)
  for i = 1, count do
    local member = { answered = 0 }
    local places = limits.over(send):join {
      now = function()
        return member.engine.now()
      end,
      random = math.random,
      max_concurrency = 8,
      attempt_timeout_ms = 1000,
    }
    member.engine, member.core, member.pass =
      worlds.new { places = places, max_concurrency = 8, on_event = function() end }
    member.group = worlds.patient { max_attempts = 100 }
    member.group.ended = lists.new()
    for _ = 1, calls do
      assert(member.engine:start("unshare", {}, member.group))
    end
    fleet[i] = member
  end
  return fleet
end

--- Answer what has been in flight since the last tick, and step.
local function tick(fleet)
  local in_flight = 0
  for _, member in ipairs(fleet) do
    local core = member.core
    for id = member.answered + 1, #core.attempts do
      core:answer(id, member.changes or fleet.changes)
    end
    member.answered = #core.attempts
    member.pass(TICK_MS)
    member.engine:step()
    in_flight = in_flight + member.engine.slots.count
  end
  fleet.most = math.max(fleet.most, in_flight)
  return in_flight
end

local function pass_seconds(fleet, seconds)
  for _ = 1, seconds * 1000 / TICK_MS do
    tick(fleet)
  end
end

describe("engines that share a limit", function()
  it("have no more in flight together than the server takes, and end all calls", function()
    local fleet = new_fleet(5, 200)
    fleet.changes = { headers = { ["maximum-concurrent-requests"] = "6" } }
    pass_seconds(fleet, 30)
    assert.are.equal(6, fleet.most)
    for _, member in ipairs(fleet) do
      assert.are.equal(0, groups.count_open(member.group))
      assert.are.equal(200, member.engine.counts.confirmed)
    end
  end)

  it("probe an outage one at a time, and go on when one probe succeeds", function()
    local fleet = new_fleet(4, 30)
    fleet.changes = { status = 0, curl_code = 7, sent = false } -- nobody is there
    pass_seconds(fleet, 20)
    for _, member in ipairs(fleet) do
      assert.is_true(member.engine.throttle:is_circuit_open())
      assert.is_true(member.engine.throttle.shared:is_parked())
    end
    fleet.most = 0
    local before = 0
    for _, member in ipairs(fleet) do
      before = before + #member.core.attempts
    end
    pass_seconds(fleet, 30)
    local after = 0
    for _, member in ipairs(fleet) do
      after = after + #member.core.attempts
    end
    assert.are.equal(1, fleet.most)
    assert.is_true(after > before and after - before <= 5, after - before)
    fleet.changes = {}
    pass_seconds(fleet, 40)
    for _, member in ipairs(fleet) do
      assert.are.equal(30, member.engine.counts.confirmed)
      assert.is_false(member.engine.throttle:is_circuit_open())
    end
  end)

  it("all wait if the server asks one for a pause", function()
    local fleet = new_fleet(3, 500)
    pass_seconds(fleet, 3)
    fleet[1].changes = { status = 429, headers = { ["retry-after"] = "7" } }
    tick(fleet)
    fleet[1].changes = nil
    pass_seconds(fleet, 1)
    local before = {}
    for i, member in ipairs(fleet) do
      before[i] = #member.core.attempts
    end
    pass_seconds(fleet, 5)
    for i, member in ipairs(fleet) do
      assert.are.equal(before[i], #member.core.attempts)
    end
    pass_seconds(fleet, 5)
    for i, member in ipairs(fleet) do
      assert.is_true(#member.core.attempts > before[i])
    end
  end)
end)
