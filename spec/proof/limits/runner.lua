--- One seed of the simulation, with the product's own modules.

local judges = require "spec.proof.limits.judge"
local loader = require "spec.support.loader"
local scenarios = require "spec.proof.limits.scenario"
local services = require "spec.proof.limits.service"
local stores = require "spec.proof.limits.store"
local worlds = require "spec.proof.limits.world"

local M = {}

--- The modules, with planted bugs if there are some.
---@param patches spec.Patch[]|nil
---@return table { places, protocol }
function M.load(patches)
  local load_module = loader.new({}, os, patches)
  return {
    places = load_module "limits.places",
    protocol = load_module("limits.script").load(),
  }
end

--- Play a seed.
---@param product table of `load`
---@param seed integer
---@param logs boolean|nil keep what happens
---@return spec.proof.limits.World `failures` is empty if all is well
function M.run(product, seed, logs)
  local world = worlds.new(seed, logs)
  local judge = judges.new(world)
  local service = services.new(world, judge)
  judge:watch(service)
  scenarios.play {
    world = world,
    judge = judge,
    service = service,
    store = stores.new(world, product.protocol, judge),
    places = product.places,
    members = {},
  }
  return world
end

return M
