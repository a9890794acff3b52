--- The command `offboard`: takes a leaver's access away, and proves it.

local M = {
  name = "offboard",
  summary = "find a leaver's roles, remove them, prove it",
  description = "Takes away what a person, a group or a service account can reach. A case is one"
    .. " folder: the plan, what was done, and the report.\n\n"
    .. "  elevenlabs-workspace offboard plan  mia --user-email mia@example.com\n"
    .. "  elevenlabs-workspace offboard apply mia\n\n"
    .. "`plan` reads everything that the API key can list, and changes nothing. `apply` shows the"
    .. " plan, asks, removes, reads everything again and writes mia/report.html. If it is cut"
    .. " short, run it again.",
  groups = {},
  statuses = {
    { "2", "wrong usage, or a plan that must not be applied" },
    { "130, 143, 129", "interrupted by SIGINT, SIGTERM, SIGHUP" },
    { "3", "stopped early: run the command again" },
    { "5", "a file could not be written" },
    { "1", "a removal was refused or unconfirmed" },
    { "4", "a role is still there, or a list or a resource could not be read" },
    { "0", "all is as it should be" },
  },
}

M.commands = {}
for i, name in ipairs { "plan", "show", "apply", "verify", "undo", "report" } do
  M.commands[i] = require("elevenlabs.workspace.cli.offboard." .. name)
  M.commands[i].statuses = M.statuses
end

return M
