--- `unshare`, `share` and `get` with `--from FILE`: a bulk run as a command.

local connections = require "elevenlabs.workspace.cli.connections"
local errors = require "elevenlabs.workspace.error"
local failed_items = require "elevenlabs.workspace.cli.bulk.failed"
local input = require "elevenlabs.workspace.cli.input"
local json = require "elevenlabs.workspace.json"
local list = require "elevenlabs.workspace.cli.list"
local operations = require "elevenlabs.workspace.operations"
local options = require "elevenlabs.workspace.cli.options"
local output = require "elevenlabs.workspace.cli.output"
local parts = require "elevenlabs.workspace.bulk.part"
local progress = require "elevenlabs.workspace.cli.progress"
local question = require "elevenlabs.workspace.cli.bulk.question"
local reports = require "elevenlabs.workspace.cli.bulk.report"

local M = {}

local EXIT = { confirmed = 0, failed = 1, usage = 2, stopped = 3, unwritten = 5 }

local FROM, JSONL = list.FROM, list.JSONL
local PART = {
  name = "--part",
  value = "K/N",
  text = "take only the items of part K of N, counted from 0: N machines then share FILE. Which"
    .. " part an item falls to depends on its resource and target alone",
  read = function(text)
    local part, wanted = parts.read(text)
    return part and part.name, wanted
  end,
}
local JOURNAL = {
  name = "--journal",
  value = "FILE",
  text = "write what became of each item to FILE. Run again with the same FILE, the command"
    .. " sends only the items that are not confirmed",
}
local DRY_RUN = { name = "--dry-run", text = "check everything, send nothing" }
local FAILED = {
  name = "--failed",
  value = "FILE",
  text = "write the items that were not confirmed to FILE, as CSV with reasons. --from reads"
    .. " such a file",
}
local DEADLINE = {
  name = "--deadline",
  value = "TIME",
  text = "stop after this time: 90, 90s, 15m or 2h",
  read = options.time,
}
local ALLOW_EMPTY = { name = "--allow-empty", text = "accept a FILE without items" }
local YES = { name = "--yes", text = "begin without a question" }

--- The options of a command for many items.
---@param is_change boolean
---@return table group
function M.options(is_change)
  local of_changes = {
    FROM,
    JSONL,
    PART,
    JOURNAL,
    DRY_RUN,
    FAILED,
    options.MAX_CONCURRENCY,
    DEADLINE,
    ALLOW_EMPTY,
    YES,
  }
  local of_reads = { FROM, JSONL, PART, FAILED, options.MAX_CONCURRENCY, DEADLINE, ALLOW_EMPTY }
  return { title = "Many at once", options = is_change and of_changes or of_reads }
end

local WITH_FROM = {
  "jsonl",
  "part",
  "journal",
  "dry_run",
  "failed",
  "max_concurrency",
  "deadline",
  "allow_empty",
  "yes",
}
local WRITTEN = { "failed", "journal" }
local FILES = { "from", "journal", "failed", "api_key_file", "ca_file" }

--- Options that do not go together.
---@param op "unshare"|"share"|"get"
---@param values table
---@return string|nil misuse
function M.check(op, values)
  local needs_answer = operations[op].is_change and not (values.yes or values.dry_run)
  for _, name in ipairs(WITH_FROM) do
    if values[name] and not values.from then
      return ("--%s needs --from"):format((name:gsub("_", "-")))
    end
  end
  if values.from and values.resource_id then
    return "--from and --resource-id do not go together"
  elseif values.from and needs_answer and not question.can_ask(values) then
    return "--from needs --yes if nobody can be asked"
  end
  return output.find_clash(values, WRITTEN, FILES)
end

local UNCHECKED = "This input cannot be checked before the first request."
  .. " Errors are named when they are read."

--- The first status that holds. An invalid item is wrong usage only if the list could be checked
--- before the first request.
local function exit_status(job, report)
  if report.invalid > 0 and (job.run.count or report.dry_run) then
    return EXIT.usage
  elseif report.stopped == "cancelled" and job.driver.status then
    return job.driver.status
  elseif report.stopped or report.invalid > 0 then
    return EXIT.stopped
  elseif report.not_sent > 0 and not report.dry_run then
    return EXIT.stopped
  elseif job.unwritten then
    return EXIT.unwritten
  elseif report.refused + report.unconfirmed > 0 then
    return EXIT.failed
  end
  return EXIT.confirmed
end

-- ---- the command

-- A job: { op, is_read, values, arguments, client, driver, source, run, failed, display, confirmed,
-- last_error, unwritten }.

--- Print what was read of one resource, or why it could not be read.
local function print_read(job, item, resource, err)
  if job.values.json then
    local failed = {
      resource_id = item.resource_id,
      resource_type = item.resource_type,
      error = err,
    }
    return output.write(json.encode(resource or failed) .. "\n")
  end
  local name = ("%s %s"):format(tostring(item.resource_type), tostring(item.resource_id))
  local line = resource and tostring(resource) or errors.one_line(name .. ": " .. tostring(err))
  output.write(line .. "\n")
end

--- Write a failed item to the list. Name an invalid item at once.
local function on_result(job, item, result, err)
  if job.is_read and next(item) then
    print_read(job, item, result, err)
  end
  if not err or (job.values.dry_run and err.kind ~= "invalid_argument") then
    return
  end
  if job.failed and next(item) then
    failed_items.write(job.failed, item, err)
  end
  if err.kind == "invalid_argument" then
    job.display:finish()
    output.complain(err.message)
  end
end

--- The source of items; or nil and an error.
local function open_source(job)
  local values = job.values
  return list.open(values, values.from == "-" and input.open(function()
    return job.driver.status ~= nil
  end) or nil)
end

--- The run's `may_begin`: ask the person when the check is over, unless a signal came.
local function on_check(job, count, checked, all)
  if job.driver.is_interrupted() then
    return false
  elseif not checked then
    return true
  elseif (all or count) == 0 and not job.values.allow_empty then
    job.is_empty = true
    return false
  elseif not count and not job.values.dry_run then
    output.complain(UNCHECKED)
  end
  reports.say_ignored(job, job.source:ignored())
  job.is_declined = not question.may_begin(job, count, all)
  return not job.is_declined
end

local function start_run(job)
  local source, err = open_source(job)
  job.source = source
  if not source then
    return nil, err
  end
  return job.client:start_many(job.op, source, {
    journal = job.values.journal,
    part = job.values.part,
    dry_run = job.values.dry_run,
    deadline_ms = job.values.deadline,
    may_begin = function(count, checked, all)
      return on_check(job, count, checked, all)
    end,
    on_result = function(item, result, result_err)
      on_result(job, item, result, result_err)
    end,
    on_progress = function(seen)
      if seen.confirmed > job.confirmed then
        job.confirmed, job.last_error = seen.confirmed, nil
      end
      job.display:update(seen, job.last_error)
    end,
  })
end

local NO_ITEMS = "%s has no items (--allow-empty)"

--- Say that nothing was sent, and why.
---@return integer status
local function say_why_not(job, err)
  if job.driver.status then
    output.refuse(job.values, "interrupted: nothing was sent", nil, "cancelled")
    return job.driver.status
  elseif job.is_declined then
    output.refuse(job.values, "nothing was sent", nil, "cancelled")
    return EXIT.stopped
  elseif job.is_empty then
    return output.refuse(job.values, NO_ITEMS:format(job.values.from))
  end
  return output.refuse(job.values, err.message, type(err.details) == "table" and err.details or nil)
end

--- Run the job to its end, and say what became of it.
---@return integer status
local function finish(job)
  local run = job.run
  function job.driver.on_signal()
    run:cancel()
  end
  if job.driver.is_interrupted() then
    run:cancel()
  end
  local report = assert(run:result())
  if job.failed then
    local ok, why = job.failed:commit()
    if not ok then
      job.unwritten = true
      output.complain("cannot write the failed items: " .. why)
    end
  end
  job.display:finish()
  reports.say(job, report)
  local all = report.part and report.part.all or report.total
  if all == 0 and report.exhausted and not job.values.allow_empty then
    output.complain(NO_ITEMS:format(job.values.from))
    return EXIT.usage
  end
  return exit_status(job, report)
end

local function run_job(job)
  local err
  job.run, err = start_run(job)
  if not job.run then
    return say_why_not(job, err)
  end
  local why
  if job.values.failed then
    -- Not before the run could begin: the file may hold an earlier list.
    job.failed, why = failed_items.open(job.values.failed)
  end
  if why then
    job.run:cancel()
    job.run:result()
    return output.refuse(job.values, "cannot write the failed items: " .. why)
  end
  return finish(job)
end

--- Run the command.
---@param op "unshare"|"share"|"get"
---@param values table the options
---@param arguments string[] as they were given
---@return integer status
function M.run(op, values, arguments)
  local is_read = not operations[op].is_change
  local job = {
    op = op,
    values = values,
    arguments = arguments,
    is_read = is_read,
    display = progress.on_stderr(is_read),
    confirmed = 0, -- at the last progress
  }
  local function on_event(event)
    if event.name == "retry" then
      job.last_error = event.message
    end
  end
  -- Events cost time for each item, and a dry run has nothing to retry.
  job.client, job.driver = connections.open(values, not values.dry_run and on_event or nil)
  if not job.client then
    return output.refuse(values, job.driver)
  end
  local status = run_job(job)
  job.client:close()
  return status
end

return M
