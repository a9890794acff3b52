--- The command `offboard verify`.

local connections = require "elevenlabs.workspace.cli.connections"
local jobs = require "elevenlabs.workspace.cli.offboard.job"
local words = require "elevenlabs.workspace.cli.offboard.words"

local M = {
  name = "offboard verify",
  summary = "read everything again, and say what is left",
  description = "Lists and reads everything again, says what access is left, and writes the report."
    .. " Changes nothing.",
  arguments = jobs.FOLDERS,
  groups = {
    {
      title = "Reading",
      options = {
        {
          name = "--planned-only",
          text = "read the resources of the case alone. The headline says so",
        },
        jobs.STRICT,
        jobs.MAX_CONCURRENCY,
      },
    },
    connections.OPTIONS,
  },
}

function M.run(values, arguments)
  local job, why = jobs.new("offboard verify", values, arguments)
  if not job then
    return nil, why
  end
  return job:each_case(function(case)
    local options = job:hooks()
    options.planned_only = values.planned_only
    local summary, err = case:verify(job.client, options)
    job.display.finish()
    if not summary then
      return job:fail(err)
    end
    words.say_summary(case, summary)
    return words.status(case, summary, values.strict)
  end)
end

return M
