--- Says whether the caller may yield.

local core = require "elevenlabs.workspace.core"

local M = {}

-- The C functions that a coroutine may yield out of.
local MAY_YIELD_IN = _VERSION ~= "Lua 5.1" and { [pcall] = true, [xpcall] = true } or {}

--- 5.1 and 5.2 do not tell, but the stack shows most of it. The function of a metamethod in 5.1 looks
--- like any other: a yield there raises, as every wait does.
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

--- True if the caller may yield: it is in a coroutine, and in no C function that cannot be left.
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
