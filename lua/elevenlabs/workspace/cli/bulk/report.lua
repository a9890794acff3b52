--- Prints what became of a bulk run: its report, and the command that resumes it.

local json = require "elevenlabs.workspace.json"
local output = require "elevenlabs.workspace.cli.output"
local progress = require "elevenlabs.workspace.cli.progress"
local reports = require "elevenlabs.workspace.bulk.report"

local M = {}

--- What a read prints goes to standard output, and its report to standard error.
local function write_of(job)
  return job.is_read and function(text)
    io.stderr:write(text)
  end or output.write
end

local function print_reasons(report, write)
  for _, reason in ipairs(report.reasons) do
    write(("%7d  %s\n"):format(reason.count, reports.describe_reason(reason)))
  end
  if report.others > 0 then
    write(("%7d  for other reasons\n"):format(report.others))
  end
end

local function print_report(report, write)
  if report.dry_run then
    write "This was a dry run: nothing was sent.\n"
  end
  print_reasons(report, write)
  for _, row in ipairs {
    { report.already_confirmed, "were already confirmed by an earlier run" },
    { report.retries, "retries" },
  } do
    if row[1] > 0 then
      write(("%7d  %s\n"):format(row[1], row[2]))
    end
  end
  write(("in %s\n"):format(progress.duration(report.elapsed_ms / 1000)))
  write(tostring(report) .. "\n")
end

local function quote(argument)
  return argument:find "^[%w%-_./:@=+,]+$" and argument
    or "'" .. argument:gsub("'", "'\\''") .. "'"
end

--- The command that resumes the run: the same one again.
local function resume_command(op, values, arguments)
  local words = { "elevenlabs-workspace", op }
  for _, argument in ipairs(arguments) do
    words[#words + 1] = quote(argument)
  end
  local command = table.concat(words, " ")
  return values.from == "-" and "(the same input again) | " .. command or command
end

local function explain_stop(job, report)
  local lines = { "Stopped: " .. report.stop_message .. "." }
  if job.is_read then
    lines[2] = "To read all of it again:"
  elseif job.values.journal then
    lines[2] = "To go on with the items that are not confirmed:"
  else
    lines[2] = "There was no --journal, so the next run cannot know what is confirmed."
      .. " To run it all again:"
  end
  lines[3] = "  " .. resume_command(job.op, job.values, job.arguments)
  return table.concat(lines, "\n")
end

--- Say which fields of the rows are ignored, once: before the question, if the list could be checked.
---@param job table of `cli.bulk`
---@param ignored string[]|nil
function M.say_ignored(job, ignored)
  if not ignored or job.has_said_ignored then
    return
  end
  job.has_said_ignored = true
  local names = table.concat(ignored, ", ")
  local why = job.is_read and "a read is of the resource alone" or "an unshare removes any role"
  output.complain(("the %s of the rows is ignored: %s"):format(names, why))
end

---@param job table of `cli.bulk`
---@param report elevenlabs.workspace.Report
function M.say(job, report)
  if report.journal and report.journal.warning then
    output.complain(report.journal.warning)
  end
  M.say_ignored(job, report.ignored)
  if job.values.json and not job.is_read then
    output.write(json.encode(setmetatable(report, nil)) .. "\n")
  else
    print_report(report, write_of(job))
  end
  if report.stopped then
    output.complain(explain_stop(job, report))
  end
end

return M
