--- Calls the functions of a run's owner. Such a function may wait, call the client or raise.

local errors = require "elevenlabs.workspace.error"
local stop = require("elevenlabs.workspace.bulk.stopping").stop

local M = {}

local MAX_RAISED_LENGTH = 500

--- The text of what a function raised, fit for errors and the journal: one line without keys.
---@param run elevenlabs.workspace.Run
---@param raised any
---@return string
function M.describe_raised(run, raised)
  local ok, text = pcall(tostring, raised)
  text = ok and type(text) == "string" and text or "an error that is no text"
  return errors.one_line(run.engine.mask(text):sub(1, MAX_RAISED_LENGTH))
end

--- The run stands still until the function returns: no other coroutine may take a turn meanwhile.
--- The field is set in the protected call, because pcall itself may raise if memory is short.
local function enter(run, f, ...)
  run.is_outside = true
  return f(...)
end

--- Call on_result or on_progress.
---@param run elevenlabs.workspace.Run
---@param f function
function M.call(run, f, ...)
  local ok, raised = pcall(enter, run, f, ...)
  run.is_outside = false
  if not ok then
    local text = M.describe_raised(run, raised)
    stop(run, "callback", "a function of the run's owner raised: " .. text)
  end
end

return M
