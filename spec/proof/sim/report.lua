--- `make sim`: so many SEEDS, and every planted bug until it is found. SEED=n plays one again
--- and prints what happens in it.

local modules = require "spec.proof.sim.modules"
local plants = require "spec.proof.sim.plants"
local runner = require "spec.proof.sim.runner"

local M = {}

local SEEDS = 4000
local SHOWN = 20 -- seeds that fail
local MOST_TRIES = 2000 -- seeds for one planted bug

---@param failures table[] of a world
---@return table counts by kind
local function count_kinds(failures, counts)
  for _, failure in ipairs(failures) do
    counts[failure.kind] = (counts[failure.kind] or 0) + 1
  end
  return counts
end

--- Play seeds from 1 on.
---@param seeds integer
---@return table found { counts by kind, failed = seeds, in order, with the first failure }
function M.run(seeds)
  local product = modules.load()
  local found = { lost = 0, false_confirmed = 0, broken = 0, failed = {} }
  for seed = 1, seeds do
    local failures = runner.run(product, seed).failures
    count_kinds(failures, found)
    if failures[1] then
      table.insert(found.failed, { seed = seed, text = failures[1].text })
    end
  end
  return found
end

--- How many seeds it takes to find a planted bug.
---@param plant spec.proof.sim.Plant
---@return integer|nil seeds nil: it is not found
---@return string|nil what a seed says of it
function M.find(plant)
  local product = modules.load { plant }
  for seed = 1, MOST_TRIES do
    local failure = runner.run(product, seed).failures[1]
    if failure then
      return seed, failure.text
    end
  end
end

local function print_plants()
  local found = 0
  for _, plant in ipairs(plants) do
    local seeds, text = M.find(plant)
    found = found + (seeds and 1 or 0)
    local said = seeds and ("found by seed %d: %s"):format(seeds, text) or "not found"
    print(("  %-52s %s"):format(plant.name, said))
  end
  print(("planted %d/%d"):format(found, #plants))
  return found == #plants
end

local function print_seeds(seeds)
  local found = M.run(seeds)
  for i = 1, math.min(#found.failed, SHOWN) do
    print(("seed %d fails: %s"):format(found.failed[i].seed, found.failed[i].text))
  end
  if #found.failed > 0 then
    print(("%d seeds fail; make sim SEED=n shows one"):format(#found.failed))
  end
  print(
    ("sim seeds %d lost %d false-confirmed %d"):format(seeds, found.lost, found.false_confirmed)
  )
  return #found.failed == 0
end

--- One seed, with all that happens in it.
local function replay(seed)
  local world = runner.run(modules.load(), seed, true)
  for _, line in ipairs(world.log) do
    print(line)
  end
  for _, failure in ipairs(world.failures) do
    print(("%s: %s"):format(failure.kind, failure.text))
  end
  print(("seed %d %s"):format(seed, world.failures[1] and "fails" or "holds"))
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
    good = print_seeds(tonumber(os.getenv "SEEDS") or SEEDS) and good
  end
  os.exit(good and 0 or 1)
end

return M
