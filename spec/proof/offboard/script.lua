--- What happens in a world: which case is opened, which commands are given, who dies when, and what
--- others do in between. The judge looks after each command.

local cases = require "spec.proof.offboard.cases"
local commands = require "spec.proof.offboard.commands"
local others = require "spec.proof.offboard.others"
local several = require "spec.proof.offboard.several"
local tampering = require "spec.proof.offboard.tampering"

local M = {}

--- The commands that may follow a plan.
local FOLLOWING = {}

FOLLOWING.apply, FOLLOWING.verify, FOLLOWING.undo = commands.apply, commands.verify, commands.undo
FOLLOWING.killed, FOLLOWING.tamper = commands.killed, tampering.try
FOLLOWING.cancelled = commands.cancelled

function FOLLOWING.plan(world, case)
  commands.plan(world, case, { dies_at = world.random:chance(0.2) and world.random:int(1, 200) })
end

local NAMES =
  { "apply", "apply", "verify", "undo", "undo", "killed", "cancelled", "plan", "tamper" }

--- One case from plan to its end.
local function play_case(world, case)
  commands.until_done(world, case, function(options)
    return commands.plan(world, case, options)
  end)
  if not case.is_planned then
    return
  end
  others.interlude(world, 0.3)
  if world.random:chance(0.25) then
    FOLLOWING.tamper(world, case)
  end
  FOLLOWING.apply(world, case)
  for _ = 1, world.random:pick { 0, 1, 1, 2, 3 } do
    others.interlude(world, 0.4)
    FOLLOWING[world.random:pick(NAMES)](world, case)
  end
end

--- Play a world.
function M.play(world)
  if world.subject.options.user_email and world.random:chance(0.15) then
    several.play(world)
  else
    play_case(world, cases.draw(world, world.subject, world.folder .. "/case"))
  end
end

return M
