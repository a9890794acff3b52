--- The command `journal`: says what the journals of bulk runs hold.

local report = require "elevenlabs.workspace.cli.journal.report"

return {
  name = "journal",
  summary = "add up the journals of a list",
  description = "Says what the journals of `unshare` and `share` hold. Sends no request.",
  groups = {},
  statuses = report.statuses,
  commands = { report },
}
