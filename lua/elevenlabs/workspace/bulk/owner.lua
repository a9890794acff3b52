--- Functions of a run's owner are called: until one returns, the run stands still.

local errors = require "elevenlabs.workspace.error"
local stop = require("elevenlabs.workspace.bulk.stopping").stop

local M = {}

local LONGEST_RAISED = 500

--- What a function of the owner's raised, as it may be shown in errors and the journal.
function M.describe_raised(run, why)
  local ok, text = pcall(tostring, why)
  text = run.engine.mask(ok and type(text) == "string" and text or "an error that is no text")
  return errors.one_line(text:sub(1, LONGEST_RAISED))
end

--- Until it returns, which may take many turns of the host's, the run stands still, whoever
--- else asks for its result. (Set in here: pcall itself may raise where memory is short.)
local function go_outside(run, f, ...)
  run.is_outside = true
  return f(...)
end

function M.call(run, f, ...)
  local ok, why = pcall(go_outside, run, f, ...)
  run.is_outside = false
  if not ok then
    stop(run, "callback", "a function of the run's owner raised: " .. M.describe_raised(run, why))
  end
end

return M
