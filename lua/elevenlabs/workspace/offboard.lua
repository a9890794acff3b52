--- Finds everything that a person, a group or a service account has a role on, removes these roles,
--- proves it, and can give them back: `local offboard = require "elevenlabs.workspace.offboard"`. A
--- case is a folder with the plan, what was done, and the report. A case that was killed at any moment
--- is applied again by the same call.

local access = require "elevenlabs.workspace.offboard.access"
local apply = require "elevenlabs.workspace.offboard.apply"
local cancellations = require "elevenlabs.workspace.offboard.cancellation"
local cases = require "elevenlabs.workspace.offboard.case"
local errors = require "elevenlabs.workspace.error"
local documents = require "elevenlabs.workspace.offboard.document"
local ledgers = require "elevenlabs.workspace.offboard.ledger"
local names = require "elevenlabs.workspace.names"
local people = require "elevenlabs.workspace.offboard.people"
local planning = require "elevenlabs.workspace.offboard.planning"
local report = require "elevenlabs.workspace.offboard.report"
local rounds = require "elevenlabs.workspace.offboard.rounds"
local summaries = require "elevenlabs.workspace.offboard.summary"
local undo = require "elevenlabs.workspace.offboard.undo"
local unfinished = require "elevenlabs.workspace.offboard.unfinished"
local verify = require "elevenlabs.workspace.offboard.verify"

local M = {}

--- Read who has which role on every resource that the key can list and read. Waits as the client's
--- driver does.
---
--- ```lua
--- local found, err = offboard.access(client, {
---   on_row = function(row)
---     print(row.resource_id, row._principal, row.role or row._custom_role)
---   end,
--- })
--- if not found then error(tostring(err)) end
--- print(offboard.is_complete(found))
--- ```
---@param client elevenlabs.workspace.Client
---@param options elevenlabs.workspace.offboard.AccessOptions
---@return elevenlabs.workspace.offboard.Discovery|nil # what was read, and what could not be listed or read
---@return elevenlabs.workspace.Error|nil # which option is wrong, in `field`
function M.access(client, options)
  return access.read(client, options)
end

--- Say whether every list, and every resource that a list names, was read. A list that never names
--- all, such as that of crawl jobs, does not count.
---@param found elevenlabs.workspace.offboard.Discovery From `offboard.access`.
---@return boolean
function M.is_complete(found)
  return access.is_complete(found)
end

-- ---- cases

--- A case, from `offboard.plan` or `offboard.open`: one folder with all that is known of one
--- subject. Nobody else can open the folder until `close`. The methods wait as the client's driver
--- does.
---@class elevenlabs.workspace.offboard.Case
---@field folder string The path of the folder.
--- Unlock the case.
---@field close fun(self: elevenlabs.workspace.offboard.Case)
local Case = cases.class()
Case.__name = "elevenlabs.workspace.offboard.case"

--- Who runs a command. The log of the case and the report say so.
---@class elevenlabs.workspace.offboard.By
---@field operator string|nil The user's name on the host.
---@field host string|nil The name of the host.
---@field arguments string|nil The command, without secrets.

--- The options of `case:apply` and `case:undo`. Each may be left out.
---@class elevenlabs.workspace.offboard.RoundOptions
--- Refuse a plan that is older (apply), or a round that is older (undo). Default: 7 days.
---@field max_age_s number|nil
--- Refuse to change more resources than this. Default: 1,000. All removals of the plan count, also those
--- that an earlier `apply` made: `summary.totals.total`.
---@field max_removals number|nil
---@field resource_ids string[]|nil For undo: give back on these resources alone.
---@field remove_anyway boolean|nil For apply: remove also if the successor cannot get the role.
--- How long to read a resource again until the change is seen. Default: 30,000.
---@field read_back_ms number|nil
---@field verify boolean|nil False: `apply` does not verify, because `verify_many` will.
--- Who runs this. The log of the case and the report say so.
---@field by elevenlabs.workspace.offboard.By|nil
--- Asked when all checks are done, with the number of resources that may be changed. If the
--- function returns false, nothing is sent.
---@field may_begin nil|fun(count: integer): boolean
--- Called before each step, with the number of its resources. The steps of apply are "reading",
--- "granting", "removing", "reading_back" and "verifying"; those of undo "reading", "giving_back" and
--- "reading_back".
---@field on_step nil|fun(step: string, count: integer)
--- Called with each run that reads or changes resources. The run may be cancelled.
---@field on_run nil|fun(run: elevenlabs.workspace.Run)
--- Called with the progress of each run, ten times a second at most. In a reading `refused` counts
--- resources that are gone or may not be read.
---@field on_progress nil|fun(progress: elevenlabs.workspace.Progress)

--- The options of `case:verify` and `offboard.verify_many`. Each may be left out.
---@class elevenlabs.workspace.offboard.VerifyOptions
--- True: read the resources of the case alone. Not for `verify_many`.
---@field planned_only boolean|nil
--- Who runs this. The log of the case and the report say so.
---@field by elevenlabs.workspace.offboard.By|nil
--- Called with each run that reads or changes resources. The run may be cancelled.
---@field on_run nil|fun(run: elevenlabs.workspace.Run)
--- Called with the progress of each run, ten times a second at most. In a reading `refused` counts
--- resources that are gone or may not be read.
---@field on_progress nil|fun(progress: elevenlabs.workspace.Progress)

local ROUND_OPTIONS = {
  "max_age_s",
  "max_removals",
  "remove_anyway",
  "resource_ids",
  "read_back_ms",
  "verify",
  "by",
  "may_begin",
  "on_step",
  "on_run",
  "on_progress",
}
local VERIFY_OPTIONS = { "planned_only", "by", "on_run", "on_progress" }

--- Make the plan of one subject, in a folder of its own. Reads every list and every resource, and
--- changes nothing in the workspace.
---
--- ```lua
--- local case, err = offboard.plan(client, "mia", {
---   user_email = "mia@example.com",
--- })
--- if not case then error(tostring(err)) end
--- print(case:summary()) -- what is to be removed, and what no removal ends
--- local summary, why = case:apply(client, { max_removals = 100 })
--- if not summary then error(tostring(why)) end
--- print(summary, #summary.left)
--- case:close()
--- ```
---@param client elevenlabs.workspace.Client
---@param folder string A path. The folder is made with mode 0700, if there is none. Its parent must exist.
---@param options elevenlabs.workspace.offboard.PlanOptions
---@return elevenlabs.workspace.offboard.Case|nil
---@return elevenlabs.workspace.Error|nil # why there is no plan
function M.plan(client, folder, options)
  local made, err = planning.plan(Case, client, folder, options)
  return made and made[1], err
end

--- Read the addresses of several leavers from a file, for `user_emails` of `plan_many`.
---@param path string Of a CSV file with a column user_email. Other columns are ignored.
---@return string[]|nil
---@return elevenlabs.workspace.Error|nil # the line at fault
function M.people(path)
  return people.read(path)
end

--- Make the plans of several members in one reading. Each gets a case in folder/ADDRESS. If one
--- address is no member's, or one folder cannot be used, no plan is made.
---
--- ```lua
--- local addresses, err = offboard.people "leavers.csv"
--- if not addresses then error(tostring(err)) end
--- local cases, why = offboard.plan_many(client, "leavers", {
---   user_emails = addresses,
---   resume = true,
--- })
--- if not cases then error(tostring(why)) end
--- for _, case in ipairs(cases) do print(case) end
--- ```
---@param client elevenlabs.workspace.Client
---@param folder string The folder of the cases' folders. Its parent must exist.
---@param options elevenlabs.workspace.offboard.PlanOptions With `user_emails` in place of a subject.
---@return elevenlabs.workspace.offboard.Case[]|nil # in the order of `user_emails`
---@return elevenlabs.workspace.Error|nil # why there are no plans
function M.plan_many(client, folder, options)
  return planning.plan_many(Case, client, folder, options)
end

--- Open the case in a folder. Reads all that the case wrote: with a client, the caller waits now and
--- then as the client's driver does, so that an event loop goes on meanwhile.
---@param folder string Its path.
---@param client elevenlabs.workspace.Client|nil
---@return elevenlabs.workspace.offboard.Case|nil
---@return elevenlabs.workspace.Error|nil # why the case cannot be opened, or who has it open
function M.open(folder, client)
  return cases.open(Case, folder, false, client and client.engine)
end

function Case.__tostring(self)
  return self.folder .. ": " .. (self.plan and tostring(self:summary()) or "no plan")
end

--- Say what is known of the case. Sends no request.
---@return elevenlabs.workspace.offboard.Summary|nil
---@return elevenlabs.workspace.Error|nil # why the case has no plan
function Case:summary()
  local err = self:needs_plan()
  if err then
    return nil, err
  end
  return summaries.new(self.plan.header.subject, self.ledger)
end

--- Write report.html, report.csv and report.json into the folder. With a client, the caller waits now
--- and then as the client's driver does, so that an event loop goes on meanwhile.
---@param client elevenlabs.workspace.Client|nil
---@return table<string, string>|nil # the paths: `{ html, csv, json }`
---@return elevenlabs.workspace.Error|nil # which file could not be written
function Case:report(client)
  local err = self:needs_plan()
  if err then
    return nil, err
  end
  local engine = client and client.engine
  return report.write(self.folder, documents.make(self, engine), engine)
end

--- Check that a round may begin, and begin it.
---@param command "apply"|"undo"
---@param age_of fun(): string, integer|nil what may not be too old, and since when it is
---@param count_of fun(): integer resources that may be changed
---@return elevenlabs.workspace.offboard.Subject|nil
---@return elevenlabs.workspace.Error|nil
local function begin_round(self, client, command, options, age_of, count_of)
  local err = self:needs_plan()
    or rounds.check_server(self, client)
    or rounds.check_target(self.plan.header.subject)
  if err then
    return nil, err
  end
  local what, since = age_of()
  local count = count_of()
  err = since and rounds.check_age(what, since, options.max_age_s)
    or rounds.check_count(count, options.max_removals)
  local subject, ok
  if not err then
    subject, err =
      rounds.read_subject(self, client, command == "apply", options.cancellation)
  end
  local may_begin = subject and (not options.may_begin or options.may_begin(count))
  if subject and (not may_begin or options.cancellation:is_asked()) then
    return nil, errors.not_begun()
  elseif subject then
    ok, err = self:begin(client, command, options.by)
  end
  return ok and subject, err
end

--- Write the report, also of a round that did not end.
---@param ok boolean|nil the round ended
---@return elevenlabs.workspace.offboard.Summary|nil
---@return elevenlabs.workspace.Error|nil
local function end_with_report(self, client, ok, err)
  local _, unwritten = self:report(client)
  if not ok or unwritten then
    return nil, err or unwritten
  end
  return self:summary()
end

--- Read the options of a command, and begin to listen to `cancel`.
---@param list elevenlabs.workspace.offboard.Folder[] the cases that the command works on
local function read_options(list, options, known)
  local opts, err = names.copy("option", options or {}, known)
  if opts then
    opts.cancellation = cancellations.new()
    for _, case in ipairs(list) do
      case.cancellation = opts.cancellation
    end
  end
  return opts, err
end

--- End the command that works on the case, at any moment. No more is sent, and what is in flight
--- gets 5 s to end. A second `cancel` ends what is in flight at once. The command returns nil and an
--- error of the kind "cancelled". If no command works on the case, nothing happens. May be called
--- from a signal's handler, another coroutine or a function of the command's options.
function Case:cancel()
  if self.cancellation then
    self.cancellation:cancel()
  end
end

-- ---- rounds

--- The error of a round that began: how far the round came, and what to do next.
---@param number integer of the round
---@param err elevenlabs.workspace.Error
---@param far string
local function tell_round(self, number, err, far)
  local round = self.ledger.by_number[number]
  local next_step = round.ended_at and "" or (": %s again to go on"):format(round.command)
  return unfinished.with(err, far .. next_step, self.ledger.has_sent[number])
end

local function describe_removals(self)
  local totals = self:summary().totals
  return ("%d of %d removals are confirmed"):format(totals.confirmed, totals.total)
end

local function describe_gifts(rows)
  local given = 0
  for _, row in ipairs(rows) do
    given = given + (ledgers.is_given_back(row) and 1 or 0)
  end
  return ("%d of %d roles were given back"):format(given, #rows)
end

--- Remove what is planned. Reads each resource, removes, reads back, then reads everything again and
--- writes the report. A case whose last apply did not end is applied again in the same way.
---
--- The error of an `apply` that stopped early has the outcome "unconfirmed" if this `apply` sent a
--- change, and "not_sent" if not. Its message says how far the case is, and `case:summary()` says what
--- was done.
---@param client elevenlabs.workspace.Client
---@param options elevenlabs.workspace.offboard.RoundOptions|nil
---@return elevenlabs.workspace.offboard.Summary|nil # `left` names the roles that are still there
---@return elevenlabs.workspace.Error|nil # why no removal was sent, or why `apply` stopped early
function Case:apply(client, options)
  local opts, err = read_options({ self }, options, ROUND_OPTIONS)
  if not opts then
    return nil, err
  end
  local subject
  subject, err = begin_round(self, client, "apply", opts, function()
    return "plan", self.plan.header.made_s
  end, function()
    return apply.count(self)
  end)
  if not subject then
    return nil, err
  end
  local number = self.number
  err = apply.run(self, client, subject, opts)
  local ok = not err
  if ok then
    ok, err = self:finish(number)
  end
  if ok and opts.verify ~= false then
    if opts.on_step then
      opts.on_step("verifying", #self.ledger.rows)
    end
    ok, err = verify.all({ self }, client, opts)
  end
  local summary
  summary, err = end_with_report(self, client, ok, err)
  return summary, err and tell_round(self, number, err, describe_removals(self))
end

--- Read everything again, and write the report.
---@param client elevenlabs.workspace.Client
---@param options elevenlabs.workspace.offboard.VerifyOptions|nil
---@return elevenlabs.workspace.offboard.Summary|nil # what was seen
---@return elevenlabs.workspace.Error|nil # why the reading did not end. Nothing is changed
function Case:verify(client, options)
  local opts, err = read_options({ self }, options, VERIFY_OPTIONS)
  err = err or self:needs_plan() or rounds.check_server(self, client)
  local ok
  if not err and opts.planned_only then
    ok, err = verify.planned(self, client, opts)
  elseif not err then
    ok, err = verify.all({ self }, client, opts)
  end
  if not ok then
    return nil, err
  end
  return end_with_report(self, client, ok)
end

--- Give back the roles that rounds removed, if the subject has none now, and write the report. The
--- grants to a successor stay. An `undo` that stopped early has an error like that of `apply`.
---@param client elevenlabs.workspace.Client
---@param options elevenlabs.workspace.offboard.RoundOptions|nil
---@return elevenlabs.workspace.offboard.Summary|nil # `not_given_back` names the roles that were not given
---@return elevenlabs.workspace.Error|nil # why nothing was sent, or why `undo` stopped early
function Case:undo(client, options)
  local opts, err = read_options({ self }, options, ROUND_OPTIONS)
  if not opts then
    return nil, err
  end
  local rows, subject
  rows, err = undo.candidates(self, opts.resource_ids)
  if not rows then
    return nil, err
  end
  subject, err = begin_round(self, client, "undo", opts, function()
    return "round", undo.oldest(self, rows)
  end, function()
    return #rows
  end)
  if not subject then
    return nil, err
  end
  local number = self.number
  err = undo.run(self, client, subject, rows, opts)
  local ok = not err
  if ok then
    ok, err = self:finish(number)
  end
  local summary
  summary, err = end_with_report(self, client, ok, err)
  return summary, err and tell_round(self, number, err, describe_gifts(rows))
end

--- Read everything again once for several cases, and write their reports.
---@param client elevenlabs.workspace.Client
---@param list elevenlabs.workspace.offboard.Case[] Open cases.
---@param options elevenlabs.workspace.offboard.VerifyOptions|nil Without `planned_only`.
---@return elevenlabs.workspace.offboard.Summary[]|nil # in the order of the cases
---@return elevenlabs.workspace.Error|nil # why the reading did not end
function M.verify_many(client, list, options)
  local opts, err = read_options(list, options, VERIFY_OPTIONS)
  for _, case in ipairs(opts and list or {}) do
    err = err or case:needs_plan() or rounds.check_server(case, client)
  end
  local ok
  if not err then
    ok, err = verify.all(list, client, opts)
  end
  local all = {}
  for i, case in ipairs(ok and list or {}) do
    if ok then
      all[i], err = end_with_report(case, client, ok)
      ok = all[i]
    end
  end
  return ok and all or nil, err
end

return M
