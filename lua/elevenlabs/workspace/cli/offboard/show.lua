--- The command `offboard show`.

local jobs = require "elevenlabs.workspace.cli.offboard.job"
local output = require "elevenlabs.workspace.cli.output"
local words = require "elevenlabs.workspace.cli.offboard.words"

local M = {
  name = "offboard show",
  summary = "print a plan, or what became of it",
  description = "Prints the plan with every resource, and the totals of what was done since. Sends"
    .. " no request.",
  arguments = jobs.FOLDERS,
  groups = {},
}

local function show(case)
  local err = case:needs_plan()
  if err then
    output.complain(err.message)
    return jobs.EXIT.usage
  end
  words.say_plan(case)
  output.write(tostring(case:summary()):match "\n(.*)$" .. "\n")
  return jobs.EXIT.done
end

function M.run(values)
  return jobs.with_cases(values.folder, function(cases)
    return jobs.each(cases, show)
  end)
end

return M
