--- Lanes: coroutines that run side by side in libuv's loop.

local uv = require "luv"

local M = {}

--- Start so many lanes, and resume all of them whenever something has happened, until each has ended.
--- They are resumed outside of the loop's callbacks, because a lane may run the loop itself.
---@param count integer
---@param lane fun() the same for each
function M.run(count, lane)
  local lanes = {}
  for i = 1, count do
    lanes[i] = coroutine.create(lane)
  end
  while #lanes > 0 do
    for i = #lanes, 1, -1 do
      assert(coroutine.resume(lanes[i]))
      if coroutine.status(lanes[i]) == "dead" then
        table.remove(lanes, i)
      end
    end
    if #lanes > 0 then
      uv.run "once"
    end
  end
end

return M
