--- `make offboard`: so many WORLDS, and every planted bug until it is found. SEED=n plays one world
--- and prints what happens in it.

local judge = require "spec.proof.offboard.judge"
local machines = require "spec.proof.offboard.machine"
local plants = require "spec.proof.offboard.plants"
local runner = require "spec.proof.offboard.runner"

local M = {}

local WORLDS = 2000
local SHOWN = 20 -- worlds that fail
local MOST_TRIES = 600 -- worlds for one planted bug

--- Play the worlds from 1 on.
---@param count integer
---@return table found { counts by kind of failure, failed = seeds with what failed }
function M.run(count)
  local product = machines.load()
  local found = { broken = 0, failed = {} }
  for _, kind in ipairs(judge.KINDS) do
    found[kind] = 0
  end
  for seed = 1, count do
    local failures = runner.run(product, seed).failures
    for _, failure in ipairs(failures) do
      found[failure.kind] = found[failure.kind] + 1
    end
    if failures[1] then
      local text = failures[1].kind .. ": " .. failures[1].text
      table.insert(found.failed, { seed = seed, text = text })
    end
  end
  return found
end

--- How many worlds it takes to find a planted bug.
---@param plant spec.Patch
---@return integer|nil seed nil: it is not found
---@return string|nil what the judge says
function M.find(plant)
  local product = machines.load { plant }
  for seed = 1, MOST_TRIES do
    local failure = runner.run(product, seed).failures[1]
    if failure then
      return seed, failure.kind .. ": " .. failure.text
    end
  end
end

--- Find every planted bug and print by which world.
---@return boolean good
function M.print_plants()
  local found = 0
  for _, plant in ipairs(plants) do
    local seed, text = M.find(plant)
    found = found + (seed and 1 or 0)
    local said = seed and ("found by world %d: %s"):format(seed, text) or "not found"
    print(("  %-50s %s"):format(plant.name, said))
  end
  print(("planted %d/%d"):format(found, #plants))
  return found == #plants
end

--- Play so many worlds and print what failed.
---@return boolean good
function M.print_worlds(count)
  local found = M.run(count)
  for i = 1, math.min(#found.failed, SHOWN) do
    print(("world %d fails: %s"):format(found.failed[i].seed, found.failed[i].text))
  end
  if #found.failed > 0 then
    print(("%d worlds fail; make offboard SEED=n shows one"):format(#found.failed))
  end
  local text = "offboard worlds %d missed %d claimed-too-much %d taken-unasked %d undone-wrongly %d"
  print(text:format(count, found.missed, found.claimed, found.taken, found.undone))
  return #found.failed == 0
end

--- One world, with all that happens in it.
local function replay(seed)
  local world = runner.run(machines.load(), seed, true)
  for _, line in ipairs(world.machine.log) do
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
    good = M.print_plants()
    good = M.print_worlds(tonumber(os.getenv "WORLDS") or WORLDS) and good
  end
  os.exit(good and 0 or 1)
end

return M
