--- The report of a bulk run: what became of its items.

local texts = require "elevenlabs.workspace.text"

local M = {}

local MAX_REASONS = 10

--- Why items were not confirmed, and how many. `print` shows a reason on one line.
---@class elevenlabs.workspace.Reason
---@field count integer How many items.
---@field outcome elevenlabs.workspace.FailedOutcome What became of these items.
---@field kind elevenlabs.workspace.Kind The kind of their errors.
---@field status integer|nil The HTTP status, if the server answered.
---@field code string|nil The server's own code.
---@field message string The message of these errors, without an item's place in its file.

--- What became of a bulk run. `print` shows a report on one line; if the run stopped early, the line
--- says why and what is left.
---
--- `total` is `confirmed + refused + unconfirmed + not_sent`.
---@class elevenlabs.workspace.Report
---@field total integer The sum of the four outcomes. Duplicates do not count.
---@field confirmed integer Items that the server confirmed, in this run or in an earlier one.
---@field refused integer Items to which the server said no.
---@field unconfirmed integer Items that were sent, and of which nobody can know.
---@field not_sent integer Items that never reached a server.
---@field already_confirmed integer Items of `confirmed` that an earlier run of the journal confirmed.
---@field invalid integer Items of `not_sent` that can never be sent: an argument is wrong.
---@field duplicates integer Items that came twice. They are found if there is a journal.
--- How many items are not confirmed. Items that a stopped run did not take count too. An item that comes
--- twice counts twice until the run has read the second. Nil if nobody knows how many items there are.
---@field left integer|nil
--- True if the run took every item of its source, or of its part, and the server confirmed each.
---@field all_confirmed boolean
---@field count integer|nil How many items the source has, if the source knows.
---@field exhausted boolean False if the source has more items: the run stopped early.
--- The first 10 kinds of failure, the most frequent first. In a dry run those of invalid items.
---@field reasons elevenlabs.workspace.Reason[]
---@field others integer Failures for any other reason than `reasons` has.
---@field retries integer Attempts that were followed by another attempt of the same item.
---@field elapsed_ms integer The time since the result was first asked for.
---@field dry_run boolean True if nothing was to be sent.
---@field stopped elevenlabs.workspace.StopReason|nil Why the run stopped early. Nil if it did not.
---@field stop_message string|nil The same for people.
--- Fields that rows had and that the operation does not take, such as the role in an unshare.
---@field ignored string[]|nil
--- The journal, if there is one. `resumed` is true if an earlier run wrote to the file. `warning`
--- says why the items may not be up to date.
---@field journal {path: string, resumed: boolean, warning: string|nil}|nil
--- The part of the list that this run took, such as "3/16", and how many items all parts have.
---@field part {name: string, all: integer|nil}|nil

local Report = { __name = "elevenlabs.workspace.report", __concat = texts.concat }
local Reason = { __name = "elevenlabs.workspace.reason", __concat = texts.concat }

---@param report elevenlabs.workspace.Report
---@return string
function M.describe_counts(report)
  return ("total %d confirmed %d refused %d unconfirmed %d not_sent %d"):format(
    report.total,
    report.confirmed,
    report.refused,
    report.unconfirmed,
    report.not_sent
  )
end

--- How many items were not taken from the source; nil if nobody knows.
local function count_left(self)
  return self.count and self.count - self.total - self.duplicates
end

local function describe_stop(self)
  local text, left = "; stopped: " .. self.stop_message, count_left(self)
  if self.exhausted or left == 0 then
    return text
  end
  text = text .. ", the source has more"
  return left and ("%s (%d of %d)"):format(text, left, self.count) or text
end

local function describe_dry_run(self)
  local valid = self.not_sent - self.invalid
  return ("; dry run: %d valid, %d invalid, nothing was sent"):format(valid, self.invalid)
end

--- "part 3/16: 6249 of 100000 items"
local function describe_part(self)
  local text = "; part " .. self.part.name
  local count = self.exhausted and self.total + self.duplicates or self.count
  if not (count and self.part.all) then
    return text
  end
  return ("%s: %d of %d items"):format(text, count, self.part.all)
end

--- One line: the counts, the part, and why the run stopped early.
---@param self elevenlabs.workspace.Report
---@return string
function M.describe(self)
  local text = M.describe_counts(self)
  text = self.duplicates > 0 and ("%s; %d came twice"):format(text, self.duplicates) or text
  text = self.part and text .. describe_part(self) or text
  text = self.dry_run and text .. describe_dry_run(self) or text
  return self.stopped and text .. describe_stop(self) or text
end

Report.__tostring = M.describe

---@param opts elevenlabs.workspace.BulkOptions
---@param journal elevenlabs.workspace.Journal|nil
---@param count integer|nil how many items there are
---@param all integer|nil how many items of all parts there are
---@return elevenlabs.workspace.Report
function M.new(opts, journal, count, all)
  return setmetatable({
    total = 0,
    confirmed = 0,
    refused = 0,
    unconfirmed = 0,
    not_sent = 0,
    already_confirmed = 0,
    invalid = 0,
    duplicates = 0,
    all_confirmed = false,
    count = count,
    exhausted = false,
    reasons = {},
    others = 0,
    retries = 0,
    elapsed_ms = 0,
    dry_run = opts.dry_run or false,
    journal = journal and {
      path = journal.path,
      resumed = journal.resumed,
      warning = journal.warning,
    } or nil,
    part = opts.part and { name = opts.part.name, all = all } or nil,
  }, Report)
end

--- Set the fields that are not counted item by item.
---@param run elevenlabs.workspace.Run
function M.update(run)
  local report, source = run.report, run.source
  if report.part and report.exhausted then
    report.part.all = run.seen
  elseif not report.part then
    run.count = run.count or source.count -- a source may know it only now
  end
  report.count = run.count
  report.retries = run.call_group.retries
  report.ignored = source:ignored()
  report.elapsed_ms = math.floor(run.engine.now() - run.started_ms + 0.5)
  report.stopped = run.stopping and run.stopping.reason or nil
  report.stop_message = run.stopping and run.stopping.message or nil
  local all = report.exhausted and report.total or report.count and report.count - report.duplicates
  report.left = all and all - report.confirmed or nil
  report.all_confirmed = report.exhausted and not report.stopped and report.left == 0
end

-- ---- reasons

--- "refused (not_found, HTTP 404, resource_not_found): ..."
---@param reason elevenlabs.workspace.Reason
---@return string
function M.describe_reason(reason)
  local status = reason.status and (", HTTP %d"):format(reason.status) or ""
  local code = reason.code and ", " .. texts.one_line(reason.code) or ""
  return ("%s (%s%s%s): %s"):format(reason.outcome, reason.kind, status, code, reason.message)
end

--- The same with the count before it: "40  refused ..."
function Reason.__tostring(self)
  return ("%d  %s"):format(self.count, M.describe_reason(self))
end

local function is_same(reason, err, message)
  return reason.message == message
    and reason.outcome == err.outcome
    and reason.kind == err.kind
    and reason.status == err.status
    and reason.code == err.code
end

--- Keep the most frequent reason first, and the older one of two that are as frequent.
local function rise(reasons, i)
  while i > 1 and reasons[i - 1].count < reasons[i].count do
    reasons[i - 1], reasons[i] = reasons[i], reasons[i - 1]
    i = i - 1
  end
end

--- Count a failure by its reason. The list is bounded, so a report takes little memory.
---@param report elevenlabs.workspace.Report
---@param err elevenlabs.workspace.Error
---@param message string the error's message without the item's place
function M.count_reason(report, err, message)
  local reasons = report.reasons
  local count = #reasons
  for i = 1, count do
    if is_same(reasons[i], err, message) then
      reasons[i].count = reasons[i].count + 1
      return rise(reasons, i)
    end
  end
  if count == MAX_REASONS then
    report.others = report.others + 1
    return
  end
  reasons[count + 1] = setmetatable({
    count = 1,
    outcome = err.outcome,
    kind = err.kind,
    status = err.status,
    code = err.code,
    message = message,
  }, Reason)
end

return M
