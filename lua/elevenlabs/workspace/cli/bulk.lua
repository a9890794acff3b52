--- `unshare --from FILE` and `share --from FILE`: many resources, with a journal, a progress
--- bar and a report.

local connections = require "elevenlabs.workspace.cli.connections"
local csv = require "elevenlabs.workspace.items.csv"
local errors = require "elevenlabs.workspace.error"
local input = require "elevenlabs.workspace.cli.input"
local item_fields = require("elevenlabs.workspace.items.item").FIELDS
local items = require "elevenlabs.workspace.items"
local json = require "elevenlabs.workspace.json"
local options = require "elevenlabs.workspace.cli.options"
local progress = require "elevenlabs.workspace.progress"

local M = {}

local EXIT = { confirmed = 0, failed = 1, usage = 2, stopped = 3 }

M.USAGE = [[

Many at once:
  --from FILE               CSV, or JSON lines where it ends in .jsonl; - is standard input.
                            The first row of a CSV names its columns: resource_id,
                            resource_type, user_email ... Options above fill in what a row
                            lacks. Columns that begin with _ are ignored.
  --jsonl                   it is JSON lines, whatever its name
  --journal FILE            write down what became of each item; with the same FILE again
                            only the rest is sent
  --dry-run                 check everything, send nothing
  --failed FILE.csv         write the items that were not confirmed there, with reasons:
                            it can be given to --from
  --max-concurrency N       requests in flight at most (default 32)
  --deadline TIME           stop after so long: 90, 90s, 15m or 2h
  --yes                     do not ask
]]

local UNITS_MS = { [""] = 1000, s = 1000, m = 60000, h = 3600000 }

--- "90", "90s", "15m", "2h"
local function read_deadline(values, value)
  local number, unit = (value or ""):match "^(%d+)([smh]?)$"
  local ms = number and tonumber(number) * UNITS_MS[unit]
  values.deadline_ms = ms and ms > 0 and ms or nil
  return values.deadline_ms
end

M.READERS = {
  ["--from"] = options.text "from",
  ["--jsonl"] = options.flag("jsonl", true),
  ["--journal"] = options.text "journal",
  ["--dry-run"] = options.flag("dry_run", true),
  ["--failed"] = options.text "failed",
  ["--max-concurrency"] = options.number("max_concurrency", 1024, 1),
  ["--deadline"] = read_deadline,
  ["--yes"] = options.flag("yes", true),
}

local WITH_FROM =
  { "jsonl", "journal", "dry_run", "failed", "max_concurrency", "deadline_ms", "yes" }

local function is_terminal(fd)
  return require("luv").guess_handle(fd) == "tty"
end

local function can_ask(values)
  return values.from ~= "-" and is_terminal(0)
end

--- Which options do not go together?
---@param values table
---@return string|nil misuse
function M.check(values)
  for _, name in ipairs(WITH_FROM) do
    if values[name] and not values.from then
      return ("--%s needs --from"):format((name:gsub("_ms", ""):gsub("_", "-")))
    end
  end
  if values.from and values.resource_id then
    return "--from and --resource-id do not go together"
  elseif values.from and not (values.yes or values.dry_run or can_ask(values)) then
    return "--from needs --yes where nobody can be asked"
  end
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
  local terminal = is_terminal(2)
  return progress.new {
    terminal = terminal,
    color = terminal and (os.getenv "NO_COLOR" or "") == "",
    width = terminal_width,
    write = function(text)
      io.stderr:write(text)
    end,
  }
end

--- The answer to a question, in the loop, so that a signal ends it.
local function ask(question, driver)
  local uv = require "luv"
  local terminal, answer = uv.new_tty(0, true), nil
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
  return answer
end

local VERBS = { unshare = "Remove roles", share = "Give roles" }

--- May it begin? Where nobody can be asked, --yes must have said so.
local function may_begin(job)
  if job.values.yes or job.values.dry_run then
    return true
  end
  local question = ("%s: %s of %s, at %s. Continue? [y/N] "):format(
    VERBS[job.op],
    job.run.count and job.run.count .. " items" or "the items",
    job.values.from,
    job.client.base_url
  )
  return ask(question, job.driver):lower():find "^y" ~= nil
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
  return csv.row(cells)
end

--- Where a path leads, also where nothing is there yet.
local function place_of(path)
  local uv = require "luv"
  local folder, name = path:match "^(.*/)(.*)$"
  return uv.fs_realpath(path) or (uv.fs_realpath(folder or ".") or "") .. "/" .. (name or path)
end

--- Which option's file would be lost if the failed items went to `path`?
local function overwritten(path, values)
  for _, name in ipairs { "from", "journal" } do
    if values[name] and place_of(values[name]) == place_of(path) then
      return "--" .. name
    end
  end
end

--- Where the failed items go, nil for nowhere; or nil and why they cannot.
local function open_failed(path)
  if not path then
    return nil
  end
  local file, why = io.open(path, "w")
  if not file then
    return nil, "cannot write the failed items: " .. why
  end
  assert(file:write(failed_header()))
  return file
end

-- ---- what became of it

local MOST_REASONS = 10

--- Counts the failures by their reason, of the first few reasons there are.
local function new_tally()
  return { names = {}, counts = {}, others = 0 }
end

local function count_failure(tally, err)
  local name = ("%s (%s%s%s): %s"):format(
    err.outcome,
    err.kind,
    err.status and (", HTTP %d"):format(err.status) or "",
    err.code and ", " .. err.code or "",
    err.message
  )
  name = errors.one_line(name)
  if tally.counts[name] then
    tally.counts[name] = tally.counts[name] + 1
  elseif #tally.names < MOST_REASONS then
    tally.names[#tally.names + 1] = name
    tally.counts[name] = 1
  else
    tally.others = tally.others + 1
  end
end

local function print_tally(tally)
  for _, name in ipairs(tally.names) do
    io.write(("%7d  %s\n"):format(tally.counts[name], name))
  end
  if tally.others > 0 then
    io.write(("%7d  for other reasons\n"):format(tally.others))
  end
end

local function print_report(report, tally)
  if report.dry_run then
    io.write "This was a dry run: nothing was sent.\n"
  end
  print_tally(tally)
  for _, row in ipairs {
    { report.already_confirmed, "of the confirmed were so by an earlier run" },
    { report.duplicates, "came twice, and were sent once" },
    { report.retries, "retries" },
  } do
    if row[1] > 0 then
      io.write(("%7d  %s\n"):format(row[1], row[2]))
    end
  end
  io.write(("in %s\n%s\n"):format(progress.duration(report.elapsed_ms / 1000), tostring(report)))
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

local function explain_stop(op, values, arguments, report)
  local lines = { "Stopped: " .. report.stop_message .. "." }
  if values.journal then
    lines[2] = "To go on with what is not confirmed:"
  else
    lines[2] = "Nothing was written down, as there was no --journal. To run it all again:"
  end
  lines[3] = "  " .. resume_command(op, values, arguments)
  return table.concat(lines, "\n")
end

local function exit_status(report, driver)
  if report.stopped == "cancelled" and driver.status then
    return driver.status
  elseif report.stopped then
    return EXIT.stopped
  elseif report.refused + report.unconfirmed > 0 then
    return EXIT.failed
  elseif report.invalid > 0 then
    return EXIT.usage
  elseif report.not_sent > 0 and not report.dry_run then
    return EXIT.stopped
  end
  return EXIT.confirmed
end

-- ---- the command

-- A job: { op, values, arguments, complain, client, driver, run, failed, tally, display }.

--- What the run tells goes to the file of failed items, the tally and the display.
local function on_result(job, item, err)
  if not err or (job.values.dry_run and err.kind ~= "invalid_argument") then
    return
  end
  count_failure(job.tally, err)
  if job.failed and next(item) then
    assert(job.failed:write(failed_row(item, err)))
  end
  if err.kind == "invalid_argument" then
    job.display:finish()
    job.complain(err.message)
  end
end

local function start_run(job, fields)
  local values = job.values
  local is_jsonl = values.jsonl or values.from:find "%.jsonl$"
  local from = values.from == "-" and input.open(function()
    return job.driver.status ~= nil
  end) or values.from
  local source, err = (is_jsonl and items.from_jsonl or items.from_csv)(from, fields)
  if not source then
    return nil, err
  end
  return job.client:start_many(job.op, source, {
    journal = values.journal,
    dry_run = values.dry_run,
    deadline_ms = values.deadline_ms,
    on_result = function(item, _, result_err)
      on_result(job, item, result_err)
    end,
    on_progress = function(seen)
      job.display:update(seen)
    end,
  })
end

local function say_why_not(job, err)
  job.complain(tostring(err))
  for i = 2, type(err.details) == "table" and #err.details or 0 do
    job.complain(err.details[i])
  end
end

local function say_report(job, report)
  job.display:finish()
  if report.journal and report.journal.warning then
    job.complain(report.journal.warning)
  end
  if job.values.json then
    io.write(json.encode(setmetatable(report, nil)), "\n")
  else
    print_report(report, job.tally)
  end
  if report.stopped then
    job.complain(explain_stop(job.op, job.values, job.arguments, report))
  end
end

--- Ask, run, and say what became of it.
---@return integer status
local function finish(job)
  local run = job.run
  if not may_begin(job) then
    run:cancel()
    run:result()
    return job.driver.status or EXIT.stopped
  end
  function job.driver.on_signal()
    run:cancel()
  end
  if job.driver.status then -- while the file was checked
    run:cancel()
  end
  local report = assert(run:result())
  say_report(job, report)
  return exit_status(report, job.driver)
end

local function run_job(job, fields)
  local err
  job.run, err = start_run(job, fields)
  if not job.run then
    say_why_not(job, err)
    return job.driver.status or EXIT.usage
  end
  job.failed, err = open_failed(job.values.failed) -- not before: it may hold an earlier list
  if err then
    job.complain(err)
    job.run:cancel()
    job.run:result()
    return EXIT.usage
  end
  return finish(job)
end

--- Run it.
---@param op "unshare"|"share"
---@param fields table what every item has
---@param values table the options
---@param arguments string[] as they were given
---@param complain fun(text: string)
---@return integer status
function M.run(op, fields, values, arguments, complain)
  local lost = values.failed and overwritten(values.failed, values)
  if lost then
    complain("--failed would overwrite the file of " .. lost)
    return EXIT.usage
  end
  local job = {
    op = op,
    values = values,
    arguments = arguments,
    complain = complain,
    tally = new_tally(),
    display = new_display(),
  }
  job.client, job.driver = connections.open(values, complain)
  if not job.client then
    return EXIT.usage
  end
  local status = run_job(job, fields)
  job.client:close()
  if job.failed then
    assert(job.failed:close())
  end
  return status
end

return M
