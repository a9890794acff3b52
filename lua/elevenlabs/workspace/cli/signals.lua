--- Watches the signals that mean "stop" in luv's loop.

local uv = require "luv"

local M = {}

--- Exit statuses, as shells give them.
M.STATUS = { sighup = 129, sigint = 130, sigterm = 143 }

--- Call `handler(name)` for each signal. Returns a function that ends the watch.
---@param handler fun(name: "sigint"|"sigterm"|"sighup")
---@return fun()
function M.watch(handler)
  local watchers = {}
  for name in pairs(M.STATUS) do
    local watcher = uv.new_signal()
    watcher:start(name, handler)
    watchers[#watchers + 1] = watcher
  end
  return function()
    for _, watcher in ipairs(watchers) do
      watcher:close()
    end
  end
end

return M
