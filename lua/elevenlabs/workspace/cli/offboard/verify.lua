--- The command `offboard verify`.

local connections = require "elevenlabs.workspace.cli.connections"
local jobs = require "elevenlabs.workspace.cli.offboard.job"
local options = require "elevenlabs.workspace.cli.options"
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
        options.MAX_CONCURRENCY,
      },
    },
    connections.OPTIONS,
  },
}

local function verify_planned(job, case)
  local hooks = job:hooks()
  hooks.planned_only = true
  job:end_by_signal(case)
  local summary, err = case:verify(job.client, hooks)
  job.display.finish()
  if not summary then
    return job:fail(err)
  end
  words.say_summary(case, summary)
  return words.status(case, summary, job.values.strict)
end

function M.run(values, arguments)
  local job, why = jobs.new("offboard verify", values, arguments)
  if not job then
    return nil, why
  end
  local status = jobs.with_cases(values.folder, function(cases)
    if values.planned_only then
      return job:each(cases, function(case)
        return verify_planned(job, case)
      end)
    end
    return words.verify_all(job, cases)
  end)
  job.client:close()
  return status
end

return M
