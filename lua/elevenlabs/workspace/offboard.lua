--- Offboarding: finds everything that a person, a group or a service account has a role on, removes
--- these roles, proves it, and can give them back.

local access = require "elevenlabs.workspace.offboard.access"
local apply = require "elevenlabs.workspace.offboard.apply"
local cases = require "elevenlabs.workspace.offboard.case"
local errors = require "elevenlabs.workspace.error"
local documents = require "elevenlabs.workspace.offboard.document"
local names = require "elevenlabs.workspace.names"
local planning = require "elevenlabs.workspace.offboard.planning"
local report = require "elevenlabs.workspace.offboard.report"
local rounds = require "elevenlabs.workspace.offboard.rounds"
local summaries = require "elevenlabs.workspace.offboard.summary"
local undo = require "elevenlabs.workspace.offboard.undo"
local verify = require "elevenlabs.workspace.offboard.verify"

local M = {}

--- Read who has which role on every resource that the key can list and read. `on_row` is told of each
--- role. Waits as the client's driver does. Returns nil and an error if the options are wrong; what
--- could not be listed or read is in the result.
---@param client elevenlabs.workspace.Client
---@param options elevenlabs.workspace.offboard.AccessOptions
---@return elevenlabs.workspace.offboard.Discovery|nil
---@return elevenlabs.workspace.Error|nil
function M.access(client, options)
  return access.read(client, options)
end

--- True if every list and every resource that a list names was read. A list that never names all, as
--- of crawl jobs, does not count.
---@param found elevenlabs.workspace.offboard.Discovery
---@return boolean
function M.is_complete(found)
  return access.is_complete(found)
end

-- ---- cases

--- A case, from `offboard.plan` or `offboard.open`: one folder with all that is known of one subject.
--- It is locked until `close`. Its methods wait as the client's driver does.
---@class elevenlabs.workspace.offboard.Case
---@field folder string
---@field close fun(self: elevenlabs.workspace.offboard.Case) unlock the case
local Case = cases.class()
Case.__name = "elevenlabs.workspace.offboard.case"

--- Who runs a command. The log of the case and the report say so.
---@class elevenlabs.workspace.offboard.By
---@field operator string|nil the user's name on the host
---@field host string|nil
---@field arguments string|nil the command without secrets

--- The options of `case:apply` and `case:undo`.
---@class elevenlabs.workspace.offboard.RoundOptions
---@field max_age_s number|nil refuse a plan that is older; undo: a round. Default 7 days
---@field max_removals number|nil refuse to change more resources. Default 1,000
---@field resource_ids string[]|nil of undo: give back on these resources alone
---@field remove_anyway boolean|nil remove also if the successor cannot get the role
---@field read_back_ms number|nil how long to read again until a change is seen. Default 30,000
---@field verify boolean|nil false: `apply` does not verify, because `verify_many` will
---@field by elevenlabs.workspace.offboard.By|nil
--- Asked when all checks are done, with the number of resources that may be changed. If it returns
--- false, nothing is sent.
---@field may_begin nil|fun(count: integer): boolean
---@field on_step nil|fun(step: string, count: integer) told before each step, with its resources
---@field on_run nil|fun(run: elevenlabs.workspace.Run) the run may be cancelled
---@field on_progress nil|fun(progress: elevenlabs.workspace.Progress)

--- The options of `case:verify`.
---@class elevenlabs.workspace.offboard.VerifyOptions
---@field planned_only boolean|nil read the resources of the case alone
---@field by elevenlabs.workspace.offboard.By|nil
---@field on_run nil|fun(run: elevenlabs.workspace.Run) the run may be cancelled
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

--- Make the plan of one subject, in a folder of its own.
---@param client elevenlabs.workspace.Client
---@param folder string made with mode 0700, if there is none
---@param options elevenlabs.workspace.offboard.PlanOptions
---@return elevenlabs.workspace.offboard.Case|nil
---@return elevenlabs.workspace.Error|nil
function M.plan(client, folder, options)
  local made, err = planning.plan(Case, client, folder, options)
  return made and made[1], err
end

--- Make the plans of several members in one reading. Each gets a case in folder/ADDRESS.
---@param client elevenlabs.workspace.Client
---@param folder string
---@param options elevenlabs.workspace.offboard.PlanOptions with `user_emails` in place of a subject
---@return elevenlabs.workspace.offboard.Case[]|nil
---@return elevenlabs.workspace.Error|nil
function M.plan_many(client, folder, options)
  return planning.plan_many(Case, client, folder, options)
end

--- Open the case in a folder.
---@param folder string
---@return elevenlabs.workspace.offboard.Case|nil
---@return elevenlabs.workspace.Error|nil
function M.open(folder)
  return cases.open(Case, folder, false)
end

function Case.__tostring(self)
  return self.folder .. ": " .. (self.plan and tostring(self:summary()) or "no plan")
end

--- What is known of the case.
---@return elevenlabs.workspace.offboard.Summary|nil
---@return elevenlabs.workspace.Error|nil
function Case:summary()
  local err = self:needs_plan()
  if err then
    return nil, err
  end
  return summaries.new(self.plan.header.subject, self.ledger)
end

--- Write report.html, report.csv and report.json into the folder.
---@return table<string, string>|nil paths { html, csv, json }
---@return elevenlabs.workspace.Error|nil
function Case:report()
  local err = self:needs_plan()
  if err then
    return nil, err
  end
  return report.write(self.folder, documents.make(self))
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
    subject, err = rounds.read_subject(self, client, command == "apply")
  end
  if subject and options.may_begin and not options.may_begin(count) then
    return nil, errors.not_begun()
  elseif subject then
    ok, err = self:begin(command, options.by)
  end
  return ok and subject, err
end

--- Write the report, also of a round that did not end.
---@param ok boolean|nil the round ended
---@return elevenlabs.workspace.offboard.Summary|nil
---@return elevenlabs.workspace.Error|nil
local function end_with_report(self, ok, err)
  local _, unwritten = self:report()
  if not ok or unwritten then
    return nil, err or unwritten
  end
  return self:summary()
end

local function read_options(options, known)
  return names.copy("option", options or {}, known)
end

--- Remove what is planned: read, remove, read back, then read everything again and write the report.
--- A case whose last apply did not end is applied again in the same way.
---@param client elevenlabs.workspace.Client
---@param options elevenlabs.workspace.offboard.RoundOptions|nil
---@return elevenlabs.workspace.offboard.Summary|nil
---@return elevenlabs.workspace.Error|nil # why nothing was sent, or why the round stopped early
function Case:apply(client, options)
  local opts, err = read_options(options, ROUND_OPTIONS)
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
    return self:verify(client, {
      by = opts.by,
      on_run = opts.on_run,
      on_progress = opts.on_progress,
    })
  end
  return end_with_report(self, ok, err)
end

--- Read everything again, and write the report.
---@param client elevenlabs.workspace.Client
---@param options elevenlabs.workspace.offboard.VerifyOptions|nil
---@return elevenlabs.workspace.offboard.Summary|nil
---@return elevenlabs.workspace.Error|nil
function Case:verify(client, options)
  local opts, err = read_options(options, VERIFY_OPTIONS)
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
  return end_with_report(self, ok)
end

--- Give back the roles that rounds removed, if the subject has none now, and write the report. The
--- grants to a successor stay.
---@param client elevenlabs.workspace.Client
---@param options elevenlabs.workspace.offboard.RoundOptions|nil
---@return elevenlabs.workspace.offboard.Summary|nil
---@return elevenlabs.workspace.Error|nil # why nothing was sent, or why the round stopped early
function Case:undo(client, options)
  local opts, err = read_options(options, ROUND_OPTIONS)
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
  return end_with_report(self, ok, err)
end

--- Read everything again once for several cases, and write their reports.
---@param client elevenlabs.workspace.Client
---@param list elevenlabs.workspace.offboard.Case[]
---@param options elevenlabs.workspace.offboard.VerifyOptions|nil without planned_only
---@return elevenlabs.workspace.offboard.Summary[]|nil in the order of the cases
---@return elevenlabs.workspace.Error|nil
function M.verify_many(client, list, options)
  local opts, err = read_options(options, VERIFY_OPTIONS)
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
      all[i], err = end_with_report(case, ok)
      ok = all[i]
    end
  end
  return ok and all or nil, err
end

return M
