--- Tells the owner of a bulk run how it goes, ten times a second at most.

local call_owner = require("elevenlabs.workspace.bulk.owner").call
local commits = require "elevenlabs.workspace.bulk.commit"
local groups = require "elevenlabs.workspace.engine.group"
local reports = require "elevenlabs.workspace.bulk.report"
local texts = require "elevenlabs.workspace.text"

local M = {}

local PROGRESS_MS = 100

--- A report so far, and how the run goes. `print` shows progress on one line.
---
--- If the run reads, `refused` counts resources that are gone or may not be read. While offboarding reads
--- lists, `count` is nil and `at_least` grows. For a bar, `(total + duplicates) / count` is done.
---@class elevenlabs.workspace.Progress: elevenlabs.workspace.Report
---@field in_flight integer Requests of the client in flight, those of other calls included.
---@field window integer How many requests may be in flight now.
---@field held integer Items that were taken from the source and have not ended.
---@field paused_ms number For so long nothing new is sent. 0 if there is no pause.
--- Why the limit that the client shares lets nothing through.
---@field why string|nil
--- How many items the source knows of so far, if the source may find more.
---@field at_least integer|nil
---@field over boolean True if the run has ended.

local Progress = { __name = "elevenlabs.workspace.progress", __concat = texts.concat }

function Progress.__tostring(self)
  if self.over then
    return reports.describe(self)
  end
  local text = reports.describe_counts(self)
  if self.count then
    text = text:gsub("^total %d+", ("%%0 of %d"):format(self.count))
  elseif self.at_least then
    text = text:gsub("^total %d+", ("%%0 of at least %d"):format(self.at_least))
  end
  local pause = self.paused_ms > 0 and (", paused for %.0f ms"):format(self.paused_ms) or ""
  local why = self.why and "; " .. self.why or ""
  return ("%s; %d in flight, %d retries%s%s"):format(
    text,
    self.in_flight,
    self.retries,
    pause,
    why
  )
end

---@param report elevenlabs.workspace.Report
---@param fields table the fields that a report has not
---@return elevenlabs.workspace.Progress
function M.new(report, fields)
  for name, value in pairs(report) do
    fields[name] = value
  end
  return setmetatable(fields, Progress)
end

--- Call on_progress, if it is due or the run is over.
---@param run elevenlabs.workspace.Run
function M.tell(run)
  local now = run.engine.now()
  if not run.on_progress or (now < run.progress_at_ms and not run.over) then
    return
  end
  reports.update(run)
  local progress = M.new(run.report, {
    in_flight = run.engine.slots.count,
    window = run.engine.throttle:window(),
    held = groups.count_open(run.call_group) + commits.held(run),
    paused_ms = run.engine.throttle:paused_ms(now),
    why = run.engine.throttle:why(now),
    at_least = run.source.at_least,
    over = run.over,
  })
  call_owner(run, run.on_progress, progress)
  -- Counted from the end of the call: a slow function must not take all the time of the run.
  run.progress_at_ms = run.engine.now() + PROGRESS_MS
end

return M
