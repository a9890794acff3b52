--- What the commands of `offboard` print about a case.

local jobs = require "elevenlabs.workspace.cli.offboard.job"
local offboard = require "elevenlabs.workspace.offboard"
local output = require "elevenlabs.workspace.cli.output"
local residuals = require "elevenlabs.workspace.offboard.residuals"
local texts = require "elevenlabs.workspace.text"

local M = {}

local MAX_ROWS = 20 -- that are printed if the report has them all

local function say(text)
  output.write(texts.one_line(text) .. "\n")
end

--- A resource: its type, id and name.
local function name_of(row)
  local name = row.name and (' "%s"'):format(row.name) or ""
  return ("%s %s%s"):format(row.resource_type, row.resource_id, name)
end

local REASONS = {
  creator = "stays: a creator's role",
  protected = "stays: protected",
}

--- One row of a plan.
local function describe_planned(row)
  local text = ("%s: %s"):format(name_of(row), table.concat(row.roles, ", "))
  if row.reason then
    return ("%s (%s)"):format(text, REASONS[row.reason])
  elseif row.grant then
    text = ("%s, the successor gets %s"):format(text, row.grant)
    return row.problem and ("%s (%s)"):format(text, row.problem) or text
  end
  return row.problem and ("%s (waits: %s)"):format(text, row.problem) or text
end

--- By type, then by id.
local function is_before(a, b)
  if a.resource_type ~= b.resource_type then
    return a.resource_type < b.resource_type
  end
  return a.resource_id < b.resource_id
end

--- Print at most so many rows, and how many more there are.
local function say_rows(rows, describe, most, where_all)
  for i, row in ipairs(rows) do
    if i > most then
      say(("  ... and %d more: %s"):format(#rows - most, where_all))
      return
    end
    say("  " .. describe(row))
  end
end

local function say_residuals(summary)
  for _, list in ipairs { summary.remains, summary.residuals } do
    for _, residual in ipairs(list) do
      say(("  - %s. To do: %s"):format(residual.text, residual.next_step))
    end
  end
end

--- Print the lists and the principals that could not be read.
local function say_unread(reading)
  for name, why in pairs(reading.unread) do
    say(("  %s could not be read: %s"):format((name:gsub("_", " ")), why))
  end
  for _, covered in ipairs(reading.coverage) do
    local parts = {}
    for _, name in ipairs { "forbidden", "not_found", "failed" } do
      if covered[name] > 0 then
        parts[#parts + 1] = ("%d %s"):format(covered[name], (name:gsub("_", " ")))
      end
    end
    if not covered.complete and not covered.by_nature then
      parts[#parts + 1] = covered.why
    end
    if parts[1] then
      say(("  %s: %d read, %s"):format(covered.name, covered.read, table.concat(parts, ", ")))
    end
  end
  for _, row in ipairs(reading.unknown) do
    local text = "  the id %s has roles on %s, and no list says whose id it is"
    say(text:format(row.id, residuals.resources(row.count)))
  end
end

--- Print a plan.
---@param case elevenlabs.workspace.offboard.Case
---@param most integer|nil rows that are printed; nil: all
function M.say_plan(case, most)
  local summary, header = case:summary(), case.plan.header
  say(summary.headline)
  say_residuals(summary)
  say_unread(case.ledger.reading)
  local kinds = case.plan.reading.without_list
  local names = most and "`offboard show` names them" or table.concat(kinds, ", ")
  say(("%d kinds have no list, and only --ids adds such resources: %s"):format(#kinds, names))
  say(("Planned at %s with an API key of %s, for %s%s"):format(
    header.made_at,
    header.owner.user_id,
    header.server,
    header.note and (". Note: " .. header.note) or ""
  ))
  if header.successor then
    say(header.successor.email .. " gets each role first, if they have none or a lower one")
  end
  local rows, kept, waiting = {}, 0, 0
  for _, row in ipairs(case.ledger.rows) do
    rows[#rows + 1] = row.action and row or nil
    kept = kept + (row.action == "keep" and 1 or 0)
    waiting = waiting + (row.action == "remove" and row.problem and 1 or 0)
  end
  table.sort(rows, is_before)
  if waiting > 0 then
    local text = "On %s the successor cannot get all that the leaver has. These removals wait:"
      .. " `apply --remove-anyway` makes them"
    say(text:format(residuals.resources(waiting)))
  end
  local stay = kept > 0 and (", and %d resources stay as they are"):format(kept) or ""
  say(("The plan has %d removals%s:"):format(#rows - kept, stay))
  say_rows(rows, describe_planned, most or #rows, "`offboard show` prints all")
end

M.MAX_ROWS = MAX_ROWS

-- ---- what was done

local function describe_left(row)
  local roles = table.concat(row.roles_now or row.roles, ", ")
  return ("%s: %s (%s)"):format(name_of(row), roles, row.why_left)
end

local function describe_failed(row)
  return ("%s: %s: %s"):format(name_of(row), row.outcome, row.why or "nobody knows why")
end

--- Removals that were not confirmed, and whose role is not among those that are left.
local function failed_rows(case)
  local rows = {}
  for _, row in ipairs(case.ledger.rows) do
    local has_failed = row.outcome and row.outcome ~= "confirmed"
    if row.action == "remove" and has_failed and not row.why_left then
      rows[#rows + 1] = row
    end
  end
  return rows
end

local function describe_not_given(row)
  return ("%s: not given back: %s"):format(name_of(row), row.given_back.why or "nobody knows why")
end

local function describe_grant(row)
  return ("%s: %s has %s"):format(name_of(row), row.granted.to, row.granted.role)
end

--- Print the successor's grants, which undo leaves.
---@param case elevenlabs.workspace.offboard.Case
function M.say_grants(case)
  local rows = {}
  for _, row in ipairs(case.ledger.rows) do
    rows[#rows + 1] = row.granted and row.granted.outcome == "confirmed" and row or nil
  end
  if rows[1] then
    say "What was granted to a successor stays:"
    say_rows(rows, describe_grant, MAX_ROWS, case:path "report.html")
  end
end

--- Print what became of a case. The last line has the totals.
---@param case elevenlabs.workspace.offboard.Case
---@param summary elevenlabs.workspace.offboard.Summary
function M.say_summary(case, summary)
  local lines = {}
  for line in (tostring(summary) .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = line
  end
  local report = case:path "report.html"
  say(lines[1])
  say_residuals(summary)
  say_unread(case.ledger.reading)
  say_rows(summary.left, describe_left, MAX_ROWS, report)
  say_rows(failed_rows(case), describe_failed, MAX_ROWS, report)
  say_rows(summary.not_given_back, describe_not_given, MAX_ROWS, report)
  say("Report: " .. report)
  say(lines[2])
end

--- The exit status that follows from a summary.
---@param case elevenlabs.workspace.offboard.Case
---@param summary elevenlabs.workspace.offboard.Summary
---@param is_strict boolean|nil
---@return integer
function M.status(case, summary, is_strict)
  local totals, remains = summary.totals, false
  for _, residual in ipairs(summary.residuals) do
    remains = remains or residual.is_access
  end
  local reading = case.ledger.reading
  local is_right = reading.is_complete and summary.unreadable == 0
  if reading.by == "verify" then -- what a plan names is to be removed yet
    if totals.refused + totals.unconfirmed + summary.withheld > 0 then
      return jobs.EXIT.failed
    end
    is_right = summary.is_done
      or (reading.planned_only and is_right and #summary.left + summary.given_back == 0)
  end
  if not is_right then
    return jobs.EXIT.not_right
  elseif is_strict and (remains or #case.plan.reading.without_list > 0) then
    return jobs.EXIT.not_right
  end
  return jobs.EXIT.done
end

--- Read everything again, once for all cases, and print what became of each.
---@param job elevenlabs.workspace.cli.offboard.Job
---@param cases elevenlabs.workspace.offboard.Case[]
---@return integer status
function M.verify_all(job, cases)
  io.stderr:write "Reading everything again\n"
  job:end_by_signal(cases[1]) -- all cases are verified by one command
  local summaries, err = offboard.verify_many(job.client, cases, job:hooks())
  job.display.finish()
  if not summaries then
    return job:fail(err)
  end
  local i = 0
  return jobs.each(cases, function(case)
    i = i + 1
    M.say_summary(case, summaries[i])
    return M.status(case, summaries[i], job.values.strict)
  end)
end

return M
