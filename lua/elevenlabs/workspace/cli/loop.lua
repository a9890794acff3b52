--- The driver of the command line: luv's loop, in which signals are heard while a client waits.

local luv = require "elevenlabs.workspace.driver.luv"
local signals = require "elevenlabs.workspace.cli.signals"
local uv = require "luv"

local M = {}

--- A driver for one client. A signal that means "stop" sets `status`, the exit status that shells
--- expect, and calls `on_signal` if it is set.
---@return elevenlabs.workspace.Driver
function M.new()
  local driver = { wait = luv.wait, io = "inline", may_block = true, sweeps = true }
  local forget_signals = signals.watch(function(name)
    driver.status = signals.STATUS[name]
    if driver.on_signal then
      driver.on_signal()
    end
  end)

  --- True if a signal came. Long work that does not wait must ask.
  function driver.is_interrupted()
    uv.run "nowait"
    return driver.status ~= nil
  end

  --- To be called by hand if no client was made with the driver.
  function driver.close()
    forget_signals()
    uv.run "nowait"
  end

  return driver
end

return M
