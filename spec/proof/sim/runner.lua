--- One seed: processes one after the other in one world.

local disks = require "spec.proof.sim.disk"
local processes = require "spec.proof.sim.process"
local scenarios = require "spec.proof.sim.scenario"
local servers = require "spec.proof.sim.server"
local worlds = require "spec.proof.sim.world"

local M = {}

local AFTERMATH_MS = 300000 -- until everything that was on its way has arrived

--- The disk is a crash's witness also where the process ended by itself: a power cut later.
local function run_all(product, stage)
  local watches, world = {}, stage.world
  for number, plan in ipairs(scenarios.draw(world.random)) do
    world:revive()
    local process = processes.new(product, stage, plan, number)
    process:run()
    world:revive()
    stage.disk:crash()
    watches[number] = process.watch
    world:spend(world.random:spread(1, 100000))
  end
  return watches
end

--- Play a seed.
---@param product table of modules.load
---@param seed integer
---@param logs boolean|nil keep an event log
---@return spec.proof.sim.World `failures` is empty where all is well
function M.run(product, seed, logs)
  local world = worlds.new(seed, logs)
  local stage = { world = world, server = servers.new(world), disk = disks.new(world) }
  product.stage.world, product.stage.disk = world, stage.disk
  local watches = run_all(product, stage)
  world:revive()
  world:advance(world.now + AFTERMATH_MS)
  for _, watch in ipairs(watches) do
    watch:check_claims()
  end
  return world
end

return M
