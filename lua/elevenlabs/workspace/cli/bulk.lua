--- `unshare --from FILE` and `share --from FILE`: many resources, with a journal, a progress
--- bar and a report.

local connections = require "elevenlabs.workspace.cli.connections"
local core = require "elevenlabs.workspace.core"
local csv = require "elevenlabs.workspace.items.csv"
local errors = require "elevenlabs.workspace.error"
local input = require "elevenlabs.workspace.cli.input"
local item_fields = require("elevenlabs.workspace.items.item").FIELDS
local items = require "elevenlabs.workspace.items"
local json = require "elevenlabs.workspace.json"
local options = require "elevenlabs.workspace.cli.options"
local output = require "elevenlabs.workspace.cli.output"
local progress = require "elevenlabs.workspace.cli.progress"

local M = {}

local EXIT = { confirmed = 0, failed = 1, usage = 2, stopped = 3, unwritten = 5 }

M.OPTIONS = {
  title = "Many at once",
  options = {
    {
      name = "--from",
      value = "FILE",
      text = "CSV, or JSON lines; - is standard input. The first row of a CSV names its columns:"
        .. " resource_id, resource_type, user_email ... Options fill in what a row lacks."
        .. " Columns that begin with _ are ignored",
    },
    { name = "--jsonl", text = "the file holds JSON lines, whatever its name is" },
    {
      name = "--journal",
      value = "FILE",
      text = "write down what became of each item; with the same FILE again only the rest is sent",
    },
    { name = "--dry-run", text = "check everything, send nothing" },
    {
      name = "--failed",
      value = "FILE",
      text = "write the items that were not confirmed there as CSV, with reasons; --from reads it",
    },
    {
      name = "--max-concurrency",
      value = "N",
      text = "requests in flight at most (default 32)",
      read = options.number(1, 1024),
    },
    {
      name = "--deadline",
      value = "TIME",
      text = "stop after so long: 90, 90s, 15m or 2h",
      read = options.time,
    },
    { name = "--allow-empty", text = "a file without items is no error" },
    { name = "--yes", text = "do not ask" },
  },
}

local WITH_FROM =
  { "jsonl", "journal", "dry_run", "failed", "max_concurrency", "deadline", "allow_empty", "yes" }
local WRITTEN = { "failed", "journal" }
local FILES = { "from", "journal", "failed", "api_key_file", "ca_file" }

local function is_terminal(fd)
  return require("luv").guess_handle(fd) == "tty"
end

local function can_ask(values)
  return values.from ~= "-" and is_terminal(0) and is_terminal(2)
end

--- Which options do not go together?
---@param values table
---@return string|nil misuse
function M.check(values)
  for _, name in ipairs(WITH_FROM) do
    if values[name] and not values.from then
      return ("--%s needs --from"):format((name:gsub("_", "-")))
    end
  end
  if values.from and values.resource_id then
    return "--from and --resource-id do not go together"
  elseif values.from and not (values.yes or values.dry_run or can_ask(values)) then
    return "--from needs --yes if nobody can be asked"
  end
  return output.find_clash(values, WRITTEN, FILES)
end

-- ---- the terminal

local function terminal_width()
  local tty = require("luv").new_tty(2, false)
  local width = tty and tty:get_winsize()
  if tty then
    tty:close()
  end
  return type(width) == "number" and width > 0 and width or 80
end

local function new_display()
  local terminal = is_terminal(2) and os.getenv "TERM" ~= "dumb"
  return progress.new {
    terminal = terminal,
    color = terminal and (os.getenv "NO_COLOR" or "") == "",
    width = terminal_width,
    write = function(text)
      io.stderr:write(text)
    end,
  }
end

--- The answer to a question, in the loop, so that a signal ends it. What was typed before the
--- question was shown is thrown away: that text answers something else.
local function ask(question, driver)
  local uv = require "luv"
  local terminal, answer = uv.new_tty(0, true), nil
  core.discard_input()
  io.stderr:write(question)
  terminal:read_start(function(_, chunk)
    answer = chunk or ""
  end)
  function driver.on_signal()
    answer = ""
    io.stderr:write "\n"
  end
  while not answer do
    uv.run "once"
  end
  terminal:close()
  driver.on_signal = nil
  return answer
end

local UNCHECKED = "This input cannot be checked before the first request."
  .. " Errors are named as they come."

local YES = { y = true, yes = true }

local QUESTIONS = {
  unshare = "Remove the role of %s from %s resources of %s, at %s? [y/N] ",
  share = "Give %s a role on %s resources of %s, at %s? [y/N] ",
}

local function describe_target(fields)
  return fields.user_email or fields.group_id or fields.workspace_api_key_id or "each row's target"
end

local function describe_server(base_url)
  return (connections.is_sandbox(base_url) and "the sandbox " or "the real service ") .. base_url
end

--- May it begin? If nobody can be asked, --yes must have said so.
local function may_begin(job, count)
  if job.values.yes or job.values.dry_run or (count == 0) then
    return true
  end
  local question = QUESTIONS[job.op]:format(
    describe_target(job.fields),
    count or "all",
    job.values.from,
    describe_server(job.client.base_url)
  )
  local answer = ask(question, job.driver):lower():match "^%s*(.-)%s*$"
  return YES[answer] or false
end

-- ---- items that were not confirmed

local REASONS = { "outcome", "kind", "status", "code", "ambiguous", "message", "request_id" }

local function failed_header()
  local cells = { (unpack or table.unpack)(item_fields) }
  for _, name in ipairs(REASONS) do
    cells[#cells + 1] = "_" .. name
  end
  return csv.row(cells)
end

local function text_of(value)
  return type(value) == "string" and value or type(value) == "boolean" and tostring(value) or ""
end

local function failed_row(item, err)
  local cells = {}
  for _, name in ipairs(item_fields) do
    cells[#cells + 1] = text_of(item[name])
  end
  for _, name in ipairs(REASONS) do
    local value = err[name]
    cells[#cells + 1] = name == "status" and value and ("%d"):format(value) or text_of(value)
  end
  return csv.safe_row(cells)
end

--- Open the list of failed items, if there is to be one.
---@return string|nil why not
local function open_failed(job)
  local path, why = job.values.failed, nil
  if path then
    job.failed, why = output.open_list(path)
  end
  if job.failed then
    job.failed:write(failed_header())
  end
  return why
end

-- ---- what became of it

local function print_reasons(report)
  for _, reason in ipairs(report.reasons) do
    local status = reason.status and (", HTTP %d"):format(reason.status) or ""
    local code = reason.code and ", " .. reason.code or ""
    local text = "%7d  %s (%s%s%s): %s\n"
    local line = text:format(
      reason.count,
      reason.outcome,
      reason.kind,
      status,
      errors.one_line(code),
      reason.message
    )
    output.write(line)
  end
  if report.others > 0 then
    output.write(("%7d  for other reasons\n"):format(report.others))
  end
end

local function print_report(report)
  if report.dry_run then
    output.write "This was a dry run: nothing was sent.\n"
  end
  print_reasons(report)
  for _, row in ipairs {
    { report.already_confirmed, "of the confirmed were so by an earlier run" },
    { report.duplicates, "came twice, and were sent once" },
    { report.retries, "retries" },
  } do
    if row[1] > 0 then
      output.write(("%7d  %s\n"):format(row[1], row[2]))
    end
  end
  output.write(("in %s\n"):format(progress.duration(report.elapsed_ms / 1000)))
  output.write(tostring(report) .. "\n")
end

local function quote(argument)
  return argument:find "^[%w%-_./:@=+,]+$" and argument
    or "'" .. argument:gsub("'", "'\\''") .. "'"
end

--- The command that goes on where this one stopped: the same, with the journal.
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
  if job.values.journal then
    lines[2] = "To go on with what is not confirmed:"
  else
    lines[2] = "Nothing was written down, as there was no --journal. To run it all again:"
  end
  lines[3] = "  " .. resume_command(job.op, job.values, job.arguments)
  return table.concat(lines, "\n")
end

--- The first that holds. A list that could not be checked before is no wrong usage.
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

-- A job: { op, fields, values, arguments, refuse, client, driver, run, failed, display, confirmed,
-- last_error, unwritten }.

--- What the run tells goes to the file of failed items and the display.
local function on_result(job, item, err)
  if not err or (job.values.dry_run and err.kind ~= "invalid_argument") then
    return
  end
  if job.failed and next(item) then
    job.failed:write(failed_row(item, err))
  end
  if err.kind == "invalid_argument" then
    job.display:finish()
    output.complain(err.message)
  end
end

--- Where the items come from; or nil and an error.
local function open_source(job)
  local values = job.values
  local from = values.from == "-" and input.open(function()
    return job.driver.status ~= nil
  end) or values.from
  return (values.jsonl and items.from_jsonl or items.from_file)(from, job.fields)
end

--- Asked while the file is checked, and at the end of the check.
local function on_check(job, count, checked)
  if job.driver.is_interrupted() then
    return false
  elseif not checked then
    return true
  elseif count == 0 and not job.values.allow_empty then
    job.is_empty = true
    return false
  elseif not count and not job.values.dry_run then
    output.complain(UNCHECKED)
  end
  job.is_declined = not may_begin(job, count)
  return not job.is_declined
end

local function start_run(job)
  local source, err = open_source(job)
  if not source then
    return nil, err
  end
  return job.client:start_many(job.op, source, {
    journal = job.values.journal,
    dry_run = job.values.dry_run,
    deadline_ms = job.values.deadline,
    may_begin = function(count, checked)
      return on_check(job, count, checked)
    end,
    on_result = function(item, _, result_err)
      on_result(job, item, result_err)
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

--- Nothing was sent: say so, and why.
---@return integer status
local function say_why_not(job, err)
  if job.driver.status then
    job.refuse(job.values, "interrupted: nothing was sent", nil, "cancelled")
    return job.driver.status
  elseif job.is_declined then
    job.refuse(job.values, "nothing was sent", nil, "cancelled")
    return EXIT.stopped
  elseif job.is_empty then
    return job.refuse(job.values, NO_ITEMS:format(job.values.from))
  end
  return job.refuse(job.values, err.message, type(err.details) == "table" and err.details or nil)
end

local function say_report(job, report)
  job.display:finish()
  if report.journal and report.journal.warning then
    output.complain(report.journal.warning)
  end
  if report.ignored then
    local names = table.concat(report.ignored, ", ")
    output.complain(("%s of the rows was ignored: an unshare removes any role"):format(names))
  end
  if job.values.json then
    output.write(json.encode(setmetatable(report, nil)) .. "\n")
  else
    print_report(report)
  end
  if report.stopped then
    output.complain(explain_stop(job, report))
  end
end

--- Run it, and say what became of it.
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
  say_report(job, report)
  if report.total == 0 and report.exhausted and not job.values.allow_empty then
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
  local why = open_failed(job) -- not before: it may hold an earlier list
  if why then
    job.run:cancel()
    job.run:result()
    return job.refuse(job.values, "cannot write the failed items: " .. why)
  end
  return finish(job)
end

--- Run it.
---@param op "unshare"|"share"
---@param fields table what every item has
---@param values table the options
---@param arguments string[] as they were given
---@param refuse fun(values: table, why: string, details: string[]|nil, kind: string|nil): integer
---@return integer status
function M.run(op, fields, values, arguments, refuse)
  local job = {
    op = op,
    fields = fields,
    values = values,
    arguments = arguments,
    refuse = refuse,
    display = new_display(),
    confirmed = 0, -- when last looked
  }
  local function on_event(event)
    if event.name == "retry" then
      job.last_error = event.message
    end
  end
  -- Events cost time for each item, and a dry run has nothing to retry.
  job.client, job.driver = connections.open(values, not values.dry_run and on_event or nil)
  if not job.client then
    return refuse(values, job.driver)
  end
  local status = run_job(job)
  job.client:close()
  return status
end

return M
