--- The command `offboard apply`.

local connections = require "elevenlabs.workspace.cli.connections"
local jobs = require "elevenlabs.workspace.cli.offboard.job"
local options = require "elevenlabs.workspace.cli.options"
local rounds = require "elevenlabs.workspace.cli.offboard.round"

local M = {
  name = "offboard apply",
  summary = "remove what is planned, read everything again, write the report",
  description = "Shows the plan and asks for the address to be typed. Reads each planned resource"
    .. " again: a resource whose roles changed since the plan is not touched. Removes, reads back,"
    .. " then lists and reads everything again. Run it again if it was cut short.",
  arguments = jobs.FOLDERS,
  groups = {
    {
      title = "Removing",
      options = {
        jobs.YES,
        jobs.MAX_REMOVALS,
        jobs.max_age "plan",
        {
          name = "--remove-anyway",
          text = "remove also if the successor of --replace-by cannot get the role",
        },
        jobs.STRICT,
        options.MAX_CONCURRENCY,
      },
    },
    connections.OPTIONS,
  },
}

function M.run(values, arguments)
  return rounds.run("apply", values, arguments)
end

return M
