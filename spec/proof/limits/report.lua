--- `make limits`: worlds of the simulation, or WORLDS; every planted bug until it is found; what a
--- limit costs; fleets of real clients; and rounds of real processes, or ROUNDS. SEED=n plays one
--- world and prints what happens in it.

local cost = require "spec.proof.limits.cost"
local fleets = require "spec.proof.limits.real_fleet"
local plants = require "spec.proof.limits.plants"
local rounds = require "spec.proof.limits.rounds"
local runner = require "spec.proof.limits.runner"

local M = {}

local WORLDS, ROUNDS = 500, 200
local MOST_TRIES = 1500 -- worlds for one planted bug

--- Play the worlds from 1 on.
---@param count integer
---@return string[] failed what failed first in each world that fails
function M.run(count)
  local product, failed = runner.load(), {}
  for seed = 1, count do
    local failure = runner.run(product, seed).failures[1]
    if failure then
      table.insert(failed, ("world %d: %s: %s"):format(seed, failure.kind, failure.text))
    end
  end
  return failed
end

--- The first world that finds a planted bug.
---@param plant spec.Patch
---@param from integer|nil the world to begin with; default 1
---@return integer|nil seed nil: it is not found
---@return string|nil what the judge says
function M.find(plant, from)
  local product = runner.load { plant }
  for seed = from or 1, MOST_TRIES do
    local failure = runner.run(product, seed).failures[1]
    if failure then
      return seed, failure.kind .. ": " .. failure.text
    end
  end
end

local function print_plants()
  local found = 0
  for _, plant in ipairs(plants) do
    local seed, text = M.find(plant)
    found = found + (seed and 1 or 0)
    local said = seed and ("found by world %d: %s"):format(seed, text) or "not found"
    print(("  %-50s %s"):format(plant.name, said))
    io.stdout:flush()
  end
  print(("planted %d/%d"):format(found, #plants))
  return found == #plants
end

local function print_worlds(count)
  local failed = M.run(count)
  for _, text in ipairs(failed) do
    print(text)
  end
  print(("limits worlds %d failed %d"):format(count, #failed))
  return #failed == 0
end

local function print_rounds(count)
  local found = rounds.run(count)
  for _, text in ipairs(found.texts) do
    print(text)
  end
  local form = "limits rounds %d over-limit %d lost %d starved %d"
  print(form:format(count, found.over_limit, found.lost, found.starved))
  return #found.texts == 0
end

local LEAST_AVERAGE = 17 -- in flight, of 20

local function print_fleets()
  local is_good = true
  local form = "%d scripts and %d workers of nginx: over-limit %d, %.1f of %d in flight"
  for _, fleet in ipairs { { scripts = 4, workers = 0 }, { scripts = 1, workers = 4 } } do
    local found = fleets.run(fleet)
    local over, average = found.retries + found.failed, found.average
    print(form:format(fleet.scripts, fleet.workers, over, average, fleets.MAXIMUM))
    is_good = is_good and over == 0 and average > LEAST_AVERAGE
  end
  return is_good
end

local function replay(seed)
  local world = runner.run(runner.load(), seed, true)
  for _, line in ipairs(world.log) do
    print(line)
  end
  print(("world %d %s"):format(seed, world.failures[1] and "fails" or "holds"))
  return not world.failures[1]
end

--- As a program.
function M.main()
  local seed = tonumber(os.getenv "SEED")
  local good
  if seed then
    good = replay(seed)
  else
    good = print_plants()
    good = print_worlds(tonumber(os.getenv "WORLDS") or WORLDS) and good
    cost.print()
    good = print_fleets() and good
    good = print_rounds(tonumber(os.getenv "ROUNDS") or ROUNDS) and good
  end
  os.exit(good and 0 or 1)
end

return M
