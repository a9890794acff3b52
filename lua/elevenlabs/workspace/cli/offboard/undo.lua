--- The command `offboard undo`.

local connections = require "elevenlabs.workspace.cli.connections"
local jobs = require "elevenlabs.workspace.cli.offboard.job"
local options = require "elevenlabs.workspace.cli.options"
local rounds = require "elevenlabs.workspace.cli.offboard.round"

local M = {
  name = "offboard undo",
  summary = "give back the roles that were removed",
  description = "Asks for the address to be typed. Reads each resource from which a role was"
    .. " removed, and gives the role back if the leaver has none there. Of several roles the"
    .. " highest is given. The API cannot give custom roles. A successor keeps their roles.",
  arguments = jobs.FOLDERS,
  groups = {
    {
      title = "Giving back",
      options = {
        {
          name = "--resource-id",
          value = "ID",
          text = "give back on this resource alone; may be given several times",
          repeats = true,
        },
        jobs.YES,
        jobs.MAX_REMOVALS,
        jobs.max_age "round",
        options.MAX_CONCURRENCY,
      },
    },
    connections.OPTIONS,
  },
}

function M.run(values, arguments)
  return rounds.run("undo", values, arguments)
end

return M
