--- Plays one world in a folder of its own.

local folders = require "spec.proof.offboard.folders"
local script = require "spec.proof.offboard.script"
local worlds = require "spec.proof.offboard.world"

local M = {}

--- Play a seed.
---@param product table of machine.load
---@param seed integer
---@param logs boolean|nil keep a log
---@return spec.proof.offboard.World `failures` is empty if the case kept its promises
function M.run(product, seed, logs)
  local folder = folders.make()
  local world = worlds.new(product, seed, folder, logs)
  local ok, why = pcall(script.play, world)
  world.machine:reap()
  folders.remove(folder)
  if not ok then
    world:fail("broken", "the world ended: %s", tostring(why))
  end
  return world
end

return M
