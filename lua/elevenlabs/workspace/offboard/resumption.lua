--- Finds the cases that need no new plan. Such a case goes on with its plan, or left no role.

local cancellations = require "elevenlabs.workspace.offboard.cancellation"
local cases = require "elevenlabs.workspace.offboard.case"
local discovery = require "elevenlabs.workspace.offboard.discovery"
local errors = require "elevenlabs.workspace.error"
local observer = require "elevenlabs.workspace.offboard.observer"
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

--- The folder must not hold the case of somebody else, or of another server.
---@return elevenlabs.workspace.Error|nil refusal
local function check(case, client, key, value)
  local subject = case.plan.header.subject
  if subject.key ~= key or not is_same(key, subject.value, value) then
    local message = ("%s has a plan for %s"):format(case.folder, subject.value)
    return errors.invalid("folder", message)
  end
  return rounds.check_server(case, client)
end

local function has_left_nothing(summary)
  return summary.state == "ended" and #summary.left == 0
end

--- True if the plan names every role that is left, so that apply can remove it.
local function names_all(summary)
  for _, row in ipairs(summary.left) do
    if row.action ~= "remove" then
      return false
    end
  end
  return true
end

local function is_old(case)
  return rounds.check_age("plan", case.plan.header.made_s) ~= nil
end

--- True if the types are the same, in any order. Nil is all types.
local function are_same_types(a, b)
  local set = {}
  for _, name in ipairs(a or {}) do
    set[name] = true
  end
  for _, name in ipairs(b or {}) do
    if not set[name] then
      return false
    end
    set[name] = nil
  end
  return (a == nil) == (b == nil) and next(set) == nil
end

--- True if the plan does what these options say.
---@param wanted elevenlabs.workspace.offboard.Wanted
local function does(case, wanted)
  local header, ledger = case.plan.header, case.ledger
  local successor = header.successor and header.successor.email:lower()
  if successor ~= (wanted.replace_by and wanted.replace_by:lower()) then
    return false
  elseif not are_same_types(header.resource_types, wanted.resource_types) then
    return false
  end
  for _, row in ipairs(ledger.rows) do
    local is_protected = wanted.protected[observer.key_of(row)] == true
    local differs = is_protected ~= (row.reason == "protected") and row.reason ~= "creator"
    if differs and wanted.names_protected then
      return false
    end
  end
  local given = observer.keys_of(case.plan.given)
  for _, item in ipairs(wanted.further) do
    if not given[observer.key_of(item)] then
      return false
    end
  end
  return true
end

--- The options of a plan that decide what it removes. The subject is not among them.
---@class elevenlabs.workspace.offboard.Wanted
---@field replace_by string|nil
---@field resource_types string[]|nil
---@field protected table<string, boolean> by key
---@field names_protected boolean the options say what is protected; false: as the plan has it
---@field further elevenlabs.workspace.Item[]

--- Make a function that opens the case in a folder, if the case needs no new plan. Nobody can plan for
--- a member who has left: such a case stays as it is.
---@param class table of cases
---@param client elevenlabs.workspace.Client
---@param key string how the options name a subject
---@param wanted elevenlabs.workspace.offboard.Wanted
---@return fun(folder: string, value: string): elevenlabs.workspace.offboard.Folder|nil, elevenlabs.workspace.Error|nil
--- the error says why nothing may be done in the folder. Neither: a plan is needed
function M.opener(class, client, key, wanted)
  local found
  --- The key must be of the plan's owner, and the subject who it was.
  local function find(case)
    found = found or discovery.read_principals(client, cancellations.new())
    return rounds.find_subject(case, found, true)
  end
  return function(folder, value)
    local case, err = cases.open(class, folder, false, client.engine)
    if not case then
      return nil, err.kind ~= "invalid_argument" and err or nil -- there may be no case yet
    end
    local subject
    err = case.plan_problem or (case.plan and check(case, client, key, value))
    if not err and case.plan then
      subject, err = find(case)
    end
    if subject then
      local summary = summaries.new(case.plan.header.subject, case.ledger)
      local goes_on = not is_old(case) and names_all(summary) and does(case, wanted)
      if has_left_nothing(summary) or goes_on or subject.has_left then
        return case
      end
    end
    case:close()
    return nil, err
  end
end

return M
