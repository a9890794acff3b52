--- The product's modules, loaded once more for the simulator: over a core of its own, with the
--- world's clock, and with planted bugs where these are wanted.

local cjson = require "cjson"
local disks = require "spec.proof.sim.disk"
local sources = require "spec.proof.mutants.source"

local M = {}

local PREFIX = "elevenlabs.workspace."
local FOLDER = "lua/elevenlabs/workspace/"

local function read_source(name)
  local path = FOLDER .. name:gsub("%.", "/") .. ".lua"
  return sources.read(path), path
end

local function compile(text, path, env)
  -- luacheck: push ignore 113 (Lua 5.1 and LuaJIT have these)
  if setfenv then
    return setfenv(assert(loadstring(text, "@" .. path)), env)
  end
  -- luacheck: pop
  return assert(load(text, "@" .. path, "t", env))
end

--- What the modules see as elevenlabs.workspace.core; `stage.world` and `stage.disk` are those
--- of the seed.
local function make_core(stage)
  local core = { RESOURCE_TYPES = {}, new_set = disks.new_set }
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
  local function json_fields(names, values, ...)
    local parts = {}
    for _, name in ipairs(names) do
      local value = values[name]
      local known = type(value) == "string" or type(value) == "number" or value == true
      parts[#parts + 1] = known and (',"%s":%s'):format(name, cjson.encode(value)) or nil
    end
    return table.concat(parts) .. (... and json_fields(...) or "")
  end
  function core.json_object(...)
    return "{" .. json_fields(...):sub(2) .. "}"
  end
  function core.nearest() end
  return core
end

local function make_env(stage, load_module)
  local clock = { date = os.date, getenv = os.getenv }
  function clock.time()
    return stage.world:wall_s()
  end
  return setmetatable({ os = clock, require = load_module }, { __index = _G })
end

--- Load them.
---@param patches spec.proof.sim.Plant[]|nil
---@return table product { stage, clients, blocking, manual, items }
function M.load(patches)
  local stage, loaded, env = {}, {}, nil
  loaded.core = make_core(stage)
  local function load_module(full_name)
    local name = full_name:sub(1, #PREFIX) == PREFIX and full_name:sub(#PREFIX + 1)
    if not name then
      return require(full_name)
    elseif not loaded[name] then
      local text, path = read_source(name)
      for _, patch in ipairs(patches or {}) do
        text = patch.module == name and sources.with_bug(text, patch) or text
      end
      loaded[name] = compile(text, path, env)(full_name)
    end
    return loaded[name]
  end
  env = make_env(stage, load_module)
  return {
    stage = stage,
    clients = load_module(PREFIX .. "client"),
    blocking = load_module(PREFIX .. "driver.blocking"),
    manual = load_module(PREFIX .. "driver.manual"),
    items = load_module(PREFIX .. "items"),
  }
end

return M
