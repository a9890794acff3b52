--- The judge: it knows the workspace, every request and every answer, and says which of four promises
--- a case broke. Kinds of failures: "missed", "claimed" (too much), "taken" (unasked), "undone"
--- (wrongly); and "broken" for what is none of these.

local changes = require "spec.proof.offboard.judge.changes"
local reading = require "spec.proof.offboard.judge.reading"
local rows = require "spec.proof.offboard.judge.rows"

local M = {}

M.KINDS = { "missed", "claimed", "taken", "undone" }

--- True if the command ended because it was cancelled.
function M.is_cancelled(command)
  local err = command.options.cancels_at and command.err
  return err ~= nil and err.kind == "cancelled"
end

--- A command that must be refused, and was not.
local function check_refusal(world, command)
  if not command.refusal or command.killed or M.is_cancelled(command) then
    return
  elseif not command.err then
    world:fail("taken", "%s was not refused: %s", command.name, command.refusal)
  elseif command.err.kind ~= "invalid_argument" then
    world:fail("broken", "%s was refused with %s: %s", command.name, command.err.kind,
      tostring(command.err))
  end
end

--- True if nothing in this weather can keep a command from its end.
local function is_mild(weather)
  return not (weather.disaster or weather.principals or weather.reads or weather.changes)
end

--- A command that neither ended well nor says why.
local function check_end(world, command)
  if not (command.killed or command.raised or command.summary or command.err) then
    world:fail("broken", "%s returned nothing", command.name)
  end
  local is_explained = command.refusal or M.is_cancelled(command)
  if command.err and not is_explained and is_mild(command.weather) then
    world:fail("broken", "%s failed in good weather: %s", command.name, tostring(command.err))
  end
  local report = command.report
  if report and not report.document then
    world:fail("broken", "there is no report after %s: %s", command.name, tostring(report.err))
  end
end

--- Look at a command that has ended, and at the report that was made after it.
---@param world spec.proof.offboard.World
---@param command spec.proof.offboard.Command
function M.judge(world, command)
  check_end(world, command)
  check_refusal(world, command)
  changes.judge(world, command)
  reading.judge(world, command)
  rows.judge(world, command)
end

return M
