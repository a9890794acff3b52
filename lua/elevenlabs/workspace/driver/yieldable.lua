--- Says whether the caller may yield.

local core = require "elevenlabs.workspace.core"

local M = {}

-- The C functions that a coroutine may yield out of.
local MAY_YIELD_IN = _VERSION ~= "Lua 5.1" and { [pcall] = true, [xpcall] = true } or {}

--- For Lua 5.1 and 5.2, which do not tell. The stack shows the C functions. The stack of 5.1 does not
--- show that a function runs as a metamethod: a yield in such a function raises, as every wait does.
local function is_in_lua_alone()
  local level, frame = 2, debug.getinfo(2, "Snf")
  while frame do
    if frame.what == "C" and not MAY_YIELD_IN[frame.func] or frame.name == "(for generator)" then
      return false
    end
    level = level + 1
    frame = debug.getinfo(level, "Snf")
  end
  return true
end

--- True if the caller may yield: the caller runs in a coroutine, and no C function on the stack forbids
--- a yield.
---@return boolean
function M.here()
  local may_yield = core.is_yieldable()
  if may_yield ~= nil then
    return may_yield
  end
  local thread, is_main = coroutine.running()
  return thread ~= nil and not is_main and is_in_lua_alone()
end

return M
