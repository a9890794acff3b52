--- What a bulk run tells: its report and its progress.

local M = {}

--- What became of a bulk run. `tostring` of it is one line.
---@class elevenlabs.workspace.Report
---@field total integer items: the sum of the four outcomes
---@field confirmed integer
---@field refused integer
---@field unconfirmed integer
---@field not_sent integer
---@field already_confirmed integer of the confirmed: by an earlier run of the journal
---@field invalid integer of not_sent: what never can be sent
---@field duplicates integer items that came twice, found where there is a journal; not in total
---@field exhausted boolean false: the source has more
---@field retries integer
---@field elapsed_ms integer
---@field dry_run boolean
---@field stopped elevenlabs.workspace.StopReason|nil
---@field stop_message string|nil the same for people
---@field ignored string[]|nil fields that rows of a file had and no item got: the role, in an unshare
---@field journal {path: string, resumed: boolean, warning: string|nil}|nil

--- A report so far, and how the run goes.
---@class elevenlabs.workspace.Progress: elevenlabs.workspace.Report
---@field count integer|nil how many items there are, where the source knows
---@field in_flight integer requests of the client, other calls' included
---@field window integer how many may be in flight
---@field held integer items taken that have not ended
---@field paused_ms number for so long nothing new is sent; 0 where it goes on
---@field over boolean

local Report = { __name = "elevenlabs.workspace.report" }

function Report.__tostring(self)
  return ("total %d confirmed %d refused %d unconfirmed %d not_sent %d"):format(
    self.total,
    self.confirmed,
    self.refused,
    self.unconfirmed,
    self.not_sent
  )
end

---@param opts elevenlabs.workspace.BulkOptions
---@param journal elevenlabs.workspace.Journal|nil
---@return elevenlabs.workspace.Report
function M.new(opts, journal)
  return setmetatable({
    total = 0,
    confirmed = 0,
    refused = 0,
    unconfirmed = 0,
    not_sent = 0,
    already_confirmed = 0,
    invalid = 0,
    duplicates = 0,
    exhausted = false,
    retries = 0,
    elapsed_ms = 0,
    dry_run = opts.dry_run or false,
    journal = journal and {
      path = journal.path,
      resumed = journal.resumed,
      warning = journal.warning,
    } or nil,
  }, Report)
end

return M
