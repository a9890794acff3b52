--- What drivers that yield know of coroutines.

local M = {}

-- Lua 5.1 and 5.2 have no such function. To yield through a pcall (5.1) or a sort raises there.
local is_yieldable = rawget(coroutine, "isyieldable")

--- True if the caller may yield, as far as can be known.
---@return boolean
function M.can_yield()
  if is_yieldable then
    return is_yieldable()
  end
  local thread, is_main = coroutine.running()
  return thread ~= nil and not is_main
end

return M
