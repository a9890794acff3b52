--- Finds the cases that need no new plan: those that ended, and those that go on with their plan.

local cases = require "elevenlabs.workspace.offboard.case"
local errors = require "elevenlabs.workspace.error"
local rounds = require "elevenlabs.workspace.offboard.rounds"
local summaries = require "elevenlabs.workspace.offboard.summary"

local M = {}

--- Addresses are the same in upper and lower case, and ids are not.
local function is_same(key, a, b)
  if key == "user_email" then
    return a:lower() == b:lower()
  end
  return a == b
end

--- The folder must not hold the case of somebody else.
local function check_subject(case, key, value)
  local subject = case.plan.header.subject
  if subject.key ~= key or not is_same(key, subject.value, value) then
    local message = ("%s has a plan for %s"):format(case.folder, subject.value)
    return errors.invalid("folder", message)
  end
end

local function needs_plan(case)
  local summary = summaries.new(case.plan.header.subject, case.ledger)
  local is_too_old = rounds.check_age("plan", case.plan.header.made_s) ~= nil
  return summary.state ~= "ended" and is_too_old
end

--- Open the case in a folder, if the case needs no new plan.
---@param class table of cases
---@param folder string
---@param key string how the options name the subject
---@param value string
---@param engine elevenlabs.workspace.Engine gives the host its turns
---@return elevenlabs.workspace.offboard.Folder|nil
---@return elevenlabs.workspace.Error|nil why nothing may be done in this folder. Nil: a plan is needed
function M.open(class, folder, key, value, engine)
  local case, err = cases.open(class, folder, false, engine)
  if not case then
    return nil, err.kind ~= "invalid_argument" and err or nil -- there may be no case yet
  end
  err = case.plan_problem or (case.plan and check_subject(case, key, value))
  if not err and case.plan and not needs_plan(case) then
    return case
  end
  case:close()
  return nil, err
end

return M
