--- The product's modules, loaded once more for the simulator: over a core of its own, with the
--- world's clock, and with planted bugs where these are wanted.

local disks = require "spec.proof.sim.disk"
local is_yieldable = require("elevenlabs.workspace.core").is_yieldable
local loader = require "spec.support.loader"

local M = {}

--- What the modules see as elevenlabs.workspace.core; `stage.world` and `stage.disk` are those
--- of the seed.
local function make_core(stage)
  local core = { RESOURCE_TYPES = {}, new_set = disks.new_set, is_yieldable = is_yieldable }
  function core.now()
    stage.world:touch()
    return stage.world.now
  end
  function core.random()
    return stage.world.random:next()
  end
  function core.open_journal(path, create)
    return stage.disk:open(path, create)
  end
  function core.check_key()
    return true
  end
  function core.nearest() end
  return core
end

local function make_clock(stage)
  local clock = { date = os.date, getenv = os.getenv }
  function clock.time()
    return stage.world:wall_s()
  end
  return clock
end

--- Load them.
---@param patches spec.proof.sim.Plant[]|nil
---@return table product { stage, clients, blocking, manual, items }
function M.load(patches)
  local stage = {}
  local load_module = loader.new(make_core(stage), make_clock(stage), patches)
  return {
    stage = stage,
    clients = load_module "client",
    blocking = load_module "driver.blocking",
    manual = load_module "driver.manual",
    items = load_module "items",
  }
end

return M
