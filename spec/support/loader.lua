--- Loads the library's modules once more: over a core and a clock of the caller's, and with planted
--- bugs if the caller has some.

local sources = require "spec.proof.mutants.source"

local M = {}

local PREFIX = "elevenlabs.workspace."
local FOLDER = "lua/elevenlabs/workspace/"

---@class spec.Patch
---@field name string
---@field module string without the prefix elevenlabs.workspace.
---@field from string stands once in the module's file
---@field to string

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

--- A function that loads a module by its name without the prefix. Each module is loaded once.
---@param core table what the modules see as elevenlabs.workspace.core
---@param clock table what the modules see as os
---@param patches spec.Patch[]|nil
---@return fun(name: string): table
function M.new(core, clock, patches)
  local loaded, env = { core = core }, nil
  local function load_module(name)
    if not loaded[name] then
      local text, path = read_source(name)
      for _, patch in ipairs(patches or {}) do
        text = patch.module == name and sources.with_bug(text, patch) or text
      end
      loaded[name] = compile(text, path, env)(PREFIX .. name)
    end
    return loaded[name]
  end
  local function require_(full_name)
    local name = full_name:sub(1, #PREFIX) == PREFIX and full_name:sub(#PREFIX + 1)
    return name and load_module(name) or require(full_name)
  end
  env = setmetatable({ os = clock, require = require_ }, { __index = _G })
  return load_module
end

return M
