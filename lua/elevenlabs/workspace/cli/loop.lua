--- luv's loop as the command line's driver: signals are heard while a client waits.

local signals = require "elevenlabs.workspace.cli.signals"
local uv = require "luv"

local M = {}

--- A driver of one client. A signal that means "stop" sets `status`, the exit status that
--- shells expect, and calls `on_signal` where it is set.
---@return elevenlabs.workspace.Driver
function M.new()
  local driver, poll = {}, nil
  local forget_signals = signals.watch(function(name)
    driver.status = signals.STATUS[name]
    if driver.on_signal then
      driver.on_signal()
    end
  end)

  function driver.wait(client, done)
    if not poll then
      poll = uv.new_poll(client:pollfd())
      poll:start("r", function()
        client:step(0)
      end)
    end
    while not done() do
      uv.run "once"
    end
  end

  --- To be called before the client is closed, whose descriptor it watches.
  function driver.close()
    if poll then
      poll:close()
    end
    forget_signals()
    uv.run "nowait"
  end

  return driver
end

return M
