--- `apply` and `undo` as commands: they show, ask, change, and say what became of it.

local jobs = require "elevenlabs.workspace.cli.offboard.job"
local output = require "elevenlabs.workspace.cli.output"
local question = require "elevenlabs.workspace.cli.offboard.question"
local residuals = require "elevenlabs.workspace.offboard.residuals"
local words = require "elevenlabs.workspace.cli.offboard.words"

local M = {}

local STEPS = {
  reading = "Reading %s again",
  granting = "Granting the successor what they lack on %s",
  removing = "Removing the roles on %s",
  giving_back = "Giving back the roles on %s",
  reading_back = "Reading %s to see the result",
}

local DECISIONS = {
  { "changed", "the roles changed since the plan" },
  { "gone", "the role is gone already" },
  { "creator", "the leaver is the creator" },
  { "unreadable", "the resource could not be read" },
  { "resource_gone", "the resource is gone" },
  { "withheld", "the successor did not get the role (--remove-anyway removes it)" },
  { "given_back", "undo gave the role back (a new plan, with --again, takes it)" },
}

--- Say what a round does not touch, before it removes.
local function say_decisions(case)
  local counts = {}
  for _, row in ipairs(case.ledger.rows) do
    if row.round == case.number then
      counts[row.decision] = (counts[row.decision] or 0) + 1
    end
  end
  for _, decision in ipairs(DECISIONS) do
    if counts[decision[1]] then
      io.stderr:write(("Not touched, because %s: %d\n"):format(decision[2], counts[decision[1]]))
    end
  end
end

local function options_for(job, case, command)
  local values, options = job.values, job:hooks()
  options.max_age_s = values.max_age and values.max_age / 1000
  options.max_removals = values.yes and (values.max_removals or 1000) or math.huge
  options.remove_anyway, options.resource_ids = values.remove_anyway, values.resource_id
  options.verify = false
  function options.may_begin(count)
    return question.may_begin(command, job, case.plan.header.subject, count)
  end
  function options.on_step(step, count)
    job.display.finish()
    if step == "removing" then
      say_decisions(case)
    end
    io.stderr:write(STEPS[step]:format(residuals.resources(count)), "\n")
  end
  return options
end

--- Run the round of one case. -> its summary, or nil and the exit status
local function run_case(job, case, command)
  if command == "apply" and case.plan then
    words.say_plan(case, words.MAX_ROWS)
    output.flush()
  end
  job:end_by_signal(case)
  local summary, err = case[command](case, job.client, options_for(job, case, command))
  job.display.finish()
  if not summary and err.kind == "cancelled" and not job.driver.status then
    output.complain "nothing was sent"
    return nil, jobs.EXIT.stopped
  elseif not summary then
    return nil, job:fail(err)
  end
  return summary
end

--- Apply each case, then read everything again once for all.
local function apply_all(job, cases)
  local ended = {}
  local status = job:each(cases, function(case)
    local summary, failed = run_case(job, case, "apply")
    ended[#ended + 1] = summary and case
    return failed or jobs.EXIT.done
  end)
  if not ended[1] or job.driver.status then
    return status
  end
  return jobs.worse(status, words.verify_all(job, ended))
end

local function undo_all(job, cases)
  return job:each(cases, function(case)
    local summary, failed = run_case(job, case, "undo")
    if not summary then
      return failed
    end
    if not job.values.resource_id then
      words.say_grants(case)
    end
    words.say_summary(case, summary)
    return summary.not_given_back[1] and jobs.EXIT.failed or jobs.EXIT.done
  end)
end

--- Run the command.
---@param command "apply"|"undo"
---@return integer|nil status
---@return string|nil misuse
function M.run(command, values, arguments)
  if values.max_removals and not values.yes then
    return nil, "--max-removals needs --yes"
  end
  local job, why = jobs.new("offboard " .. command, values, arguments)
  if not job then
    return nil, why
  end
  local status = jobs.with_cases(values.folder, function(cases)
    if not values.yes and not question.can_ask() then
      output.complain(question.NOBODY_TO_ASK)
      return jobs.EXIT.usage
    end
    local run_all = command == "apply" and apply_all or undo_all
    return run_all(job, cases)
  end)
  job.client:close()
  return status
end

return M
