--- Plays one world in a folder of its own.

local script = require "spec.proof.offboard.script"
local uv = require "luv"
local worlds = require "spec.proof.offboard.world"

local M = {}

-- A folder in memory: a case syncs its files often.
local IN_MEMORY = "/dev/shm"

local function remove(path)
  if not os.remove(path) then
    local folder = assert(uv.fs_scandir(path))
    local name = uv.fs_scandir_next(folder)
    while name do
      remove(path .. "/" .. name)
      name = uv.fs_scandir_next(folder)
    end
    assert(uv.fs_rmdir(path))
  end
end

local function make_folder()
  local place = uv.fs_access(IN_MEMORY, "W") and IN_MEMORY or os.getenv "TMPDIR" or "/tmp"
  return assert(uv.fs_mkdtemp(place .. "/offboard-world-XXXXXX"))
end

--- Play a seed.
---@param product table of machine.load
---@param seed integer
---@param logs boolean|nil keep a log
---@return spec.proof.offboard.World `failures` is empty if the case kept its promises
function M.run(product, seed, logs)
  local folder = make_folder()
  local world = worlds.new(product, seed, folder, logs)
  local ok, why = pcall(script.play, world)
  world.machine:reap()
  remove(folder)
  if not ok then
    world:fail("broken", "the world ended: %s", tostring(why))
  end
  return world
end

return M
