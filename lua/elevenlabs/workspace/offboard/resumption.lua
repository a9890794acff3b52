--- Finds the cases that need no new plan: those that go on with their plan, and those that left
--- nothing.

local cancellations = require "elevenlabs.workspace.offboard.cancellation"
local cases = require "elevenlabs.workspace.offboard.case"
local discovery = require "elevenlabs.workspace.offboard.discovery"
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

local function has_left_nothing(case)
  local summary = summaries.new(case.plan.header.subject, case.ledger)
  return summary.state == "ended" and #summary.left == 0
end

local function is_old(case)
  return rounds.check_age("plan", case.plan.header.made_s) ~= nil
end

--- Make a function that opens the case in a folder, if the case needs no new plan. Nobody can plan for
--- a member who has left: such a case stays as it is.
---@param class table of cases
---@param client elevenlabs.workspace.Client
---@param key string how the options name a subject
---@return fun(folder: string, value: string): elevenlabs.workspace.offboard.Folder|nil, elevenlabs.workspace.Error|nil
--- the error says why nothing may be done in the folder. Neither: a plan is needed
function M.opener(class, client, key)
  local found
  local function has_left(case)
    found = found or discovery.read_principals(client, cancellations.new())
    local subject = rounds.find_subject(case, found, true)
    return subject and subject.has_left
  end
  return function(folder, value)
    local case, err = cases.open(class, folder, false, client.engine)
    if not case then
      return nil, err.kind ~= "invalid_argument" and err or nil -- there may be no case yet
    end
    err = case.plan_problem or (case.plan and check_subject(case, key, value))
    if not err and case.plan then
      if has_left_nothing(case) or not is_old(case) or has_left(case) then
        return case
      end
    end
    case:close()
    return nil, err
  end
end

return M
