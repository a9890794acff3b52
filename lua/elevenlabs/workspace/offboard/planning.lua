--- Planning for one subject or for several members, from the caller's options to cases with a plan.

local cancellations = require "elevenlabs.workspace.offboard.cancellation"
local core = require "elevenlabs.workspace.core"
local cases = require "elevenlabs.workspace.offboard.case"
local errors = require "elevenlabs.workspace.error"
local items = require "elevenlabs.workspace.items"
local keys_of = require("elevenlabs.workspace.offboard.observer").keys_of
local names = require "elevenlabs.workspace.names"
local plans = require "elevenlabs.workspace.offboard.plan"
local principals = require "elevenlabs.workspace.offboard.principals"
local resumption = require "elevenlabs.workspace.offboard.resumption"
local secrets = require "elevenlabs.workspace.secrets"
local subjects = require "elevenlabs.workspace.offboard.subject"
local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

--- What is to be planned. A plan of one subject has exactly one of the first four fields.
---@class elevenlabs.workspace.offboard.PlanOptions
---@field user_email string|nil A member's address, in upper or lower case.
---@field user_id string|nil The id of a user, who may have left. Such a plan cannot be applied.
---@field group_id string|nil The id of a group. "default" is every member, and needs `everyone`.
--- The service account's own id. The account must have an API key.
---@field service_account_id string|nil
---@field user_emails string[]|nil The addresses of several members, for `plan_many` alone.
---@field everyone boolean|nil True: agree that "default" takes the role from every member.
---@field resource_types string[]|nil Plan these types alone. Default: all that a list names.
--- Resources that no list names: the path of a file, or an array.
---@field ids string|elevenlabs.workspace.Item[]|nil
--- Resources that are never touched: the path of a file, or an array.
---@field protect string|elevenlabs.workspace.Item[]|nil
---@field replace_by string|nil The address of a member who gets each role before it is removed.
---@field note string|nil A text for the report: a ticket, or who asked.
---@field again boolean|nil True: make a new plan, and keep an older one beside it.
--- True: make a new plan only if the case needs one. A case needs none if its plan is at most 7
--- days old, does what these options say and names each role that is left. Nor does a case that ended and
--- left nothing, or the case of a member who has left the workspace. Without `protect`, the roles that the plan
--- protects stay protected. An older plan stays beside a new one. If `summary().left` has rows, call
--- `case:apply`. If not, `case:verify` says whether still nothing is left. Not together with `again`.
---@field resume boolean|nil
--- Who runs this. The log of the case and the report say so.
---@field by elevenlabs.workspace.offboard.By|nil
--- Called first, with what ends the planning: there is no case yet.
---@field on_begin nil|fun(planning: elevenlabs.workspace.offboard.Planning)
--- Called with each run that reads or changes resources. The run may be cancelled.
---@field on_run nil|fun(run: elevenlabs.workspace.Run)
--- Called with the progress of each run, ten times a second at most. `refused` counts resources that
--- are gone or may not be read. While lists are read, `count` is nil and `at_least` grows.
---@field on_progress nil|fun(progress: elevenlabs.workspace.Progress)
--- How many requests of this reading may be in flight, if it is to be fewer than the client's.
---@field max_concurrency integer|nil

--- A planning under way, for `on_begin`.
---@class elevenlabs.workspace.offboard.Planning
--- End the planning at any moment, as `case:cancel` ends a command of a case.
---@field cancel fun(self: elevenlabs.workspace.offboard.Planning)

local OPTIONS = {
  "user_email",
  "user_id",
  "group_id",
  "service_account_id",
  "user_emails",
  "everyone",
  "resource_types",
  "ids",
  "protect",
  "replace_by",
  "note",
  "again",
  "resume",
  "by",
  "on_begin",
  "on_run",
  "on_progress",
  "max_concurrency",
}

-- ---- lists of resources

local OTHER_COLUMNS = { "user_email", "group_id", "workspace_api_key_id", "role" }

--- The resources of a file. Columns for a target or a role are ignored.
local function read_file(path, engine)
  local source, err = items.from_file(path)
  if not source then
    return nil, err
  end
  for _, field in ipairs(OTHER_COLUMNS) do
    source:ignore(field)
  end
  local give_turn = turns.giver(engine)
  local list, item, problem = {}, source:next()
  while item or problem do
    if problem then
      source:close()
      return nil, errors.invalid(problem.field, problem.message)
    end
    list[#list + 1] = item
    give_turn()
    item, problem = source:next()
  end
  source:close()
  return list
end

--- The resources of an option, checked.
---@return elevenlabs.workspace.Item[]|nil
---@return elevenlabs.workspace.Error|nil
local function resources_of(client, option, given)
  local list, err = given or {}, nil
  local engine, give_turn = client.engine, turns.giver(client.engine)
  if type(given) == "string" then
    list, err = read_file(given, engine)
  elseif type(list) ~= "table" then
    err = errors.invalid(option, option .. " must be a path or an array of resources")
  end
  local checked = {}
  for i, item in ipairs(not err and list or {}) do
    local is_table = type(item) == "table"
    local copy = {
      resource_id = is_table and item.resource_id,
      resource_type = is_table and item.resource_type,
      allow_unknown_resource_type = is_table and item.allow_unknown_resource_type,
    }
    local ok, problem = engine:check("get", copy)
    if not ok then
      err = errors.invalid(option, ("%s, resource %d: %s"):format(option, i, problem.message))
      break
    end
    checked[i] = copy
    give_turn()
  end
  return not err and checked or nil, err
end

-- ---- who

--- The successor, who must be a member and nobody's subject.
---@param chosen elevenlabs.workspace.offboard.Subject[] who get a plan
---@param others elevenlabs.workspace.offboard.Subject[] whose cases go on
---@return {id: string, email: string}|nil
---@return elevenlabs.workspace.Error|nil
local function find_successor(found, address, chosen, others)
  if not found.members then
    return nil, subjects.unread(found, "members")
  end
  local member, why = principals.by_address(found.members, address)
  if not member then
    return nil, errors.invalid("replace_by", why)
  end
  for _, leavers in ipairs { chosen, others } do
    for _, subject in ipairs(leavers) do
      if subject.id == member.user_id then
        return nil, errors.invalid("replace_by", ("%s leaves too"):format(member.email))
      end
    end
  end
  return { id = member.user_id, email = member.email }
end

--- A function that finds the subjects, and the successor, among the principals.
---@param key string how the options name a subject
---@param values string[]
---@param replace_by string|nil
---@param others elevenlabs.workspace.offboard.Subject[] whose cases go on without a new plan
local function finder(key, values, replace_by, others)
  return function(found)
    local list = {}
    for i, value in ipairs(values) do
      local subject, err = subjects.find(found, key, value)
      if not subject then
        return nil, err
      end
      list[i] = subject
    end
    if replace_by then
      local err
      found.successor, err = find_successor(found, replace_by, list, others)
      if not found.successor then
        return nil, err
      end
    end
    return list
  end
end

-- ---- cases

local function close_all(opened)
  for _, case in pairs(opened) do
    case:close()
  end
end

--- Open a case for a new plan.
local function open_for_plan(class, folder, engine, options)
  local case, err = cases.open(class, folder, true, engine)
  if not case then
    return nil, err
  elseif (case.plan or case.plan_problem) and not (options.again or options.resume) then
    case:close()
    local message = ("%s has a plan: again makes a new one beside it"):format(folder)
    return nil, errors.invalid("folder", message)
  end
  return case
end

--- Open a case in each folder, and begin the command.
---@param parent string|nil the folder of the folders, if it is to be made
---@return elevenlabs.workspace.Error|nil
local function open_all(class, client, folders, parent, list, options)
  local ok, failure = true, nil
  if parent then
    ok, failure = core.make_folder(parent)
  end
  if not ok then
    return errors.not_sent(failure)
  end
  for i, folder in ipairs(folders) do
    local err, number
    list[i], err = open_for_plan(class, folder, client.engine, options)
    if list[i] then
      number, err = list[i]:begin(client, "plan", options.by)
    end
    if not number then
      return err
    end
  end
end

--- The note stands in every report. The key is known once something was read.
local function check_note(client, note)
  if type(note) == "string" and secrets.holds(note, client.engine.key.known()) then
    return errors.invalid("note", "note holds the secret API key")
  end
end

--- Check the options that decide what a plan removes.
---@return elevenlabs.workspace.offboard.Wanted|nil
---@return elevenlabs.workspace.Error|nil
local function read_wanted(client, options)
  local replace_by, types = options.replace_by, options.resource_types
  if replace_by ~= nil and type(replace_by) ~= "string" then
    return nil, errors.invalid("replace_by", "replace_by must be an address")
  elseif types ~= nil and type(types) ~= "table" then
    return nil, errors.invalid("resource_types", "resource_types must be an array of types")
  end
  local further, err = resources_of(client, "ids", options.ids)
  local protected
  if further then
    protected, err = resources_of(client, "protect", options.protect)
  end
  return protected
    and {
      replace_by = replace_by,
      resource_types = types,
      protected = keys_of(protected),
      names_protected = options.protect ~= nil,
      further = further,
    }, err
end

--- Read, and write the plans. Folders are made when the subjects are found.
---@param list table that gets the open cases
local function make(class, client, folders, parent, list, find, wanted, options)
  local cancellation = cancellations.new()
  if options.on_begin then
    options.on_begin(cancellation)
  end
  return plans.make(client, {
    cancellation = cancellation,
    find = function(found)
      local problem, subjects_found = check_note(client, options.note), nil
      if not problem then
        subjects_found, problem = find(found)
      end
      problem = problem or open_all(class, client, folders, parent, list, options)
      return not problem and subjects_found or nil, problem
    end,
    place_of = function(i)
      local case = list[i]
      local has_plan = case.plan or case.plan_problem
      return {
        path = case:path "plan.jsonl",
        put_away = has_plan and case:path(("plan-%d.jsonl"):format(case.number)) or nil,
        number = case.number,
      }
    end,
    note = options.note,
    protected = wanted.protected,
    resource_types = wanted.resource_types,
    further = wanted.further,
    max_concurrency = options.max_concurrency,
    on_run = options.on_run,
    on_progress = options.on_progress,
  })
end

--- Make plans, and open their cases anew.
local function plan_anew(class, client, folders, parent, find, wanted, options)
  local list = {}
  local ok, err = make(class, client, folders, parent, list, find, wanted, options)
  for _, case in ipairs(ok and list or {}) do
    if ok then
      ok, err = case:finish(case.number)
    end
  end
  close_all(list)
  if not ok then
    err.message = client.engine.mask(err.message) -- may quote what the user gave
    return nil, err
  end
  local planned = {}
  for i, folder in ipairs(folders) do
    planned[i], err = cases.open(class, folder, false, client.engine)
    if not planned[i] then
      close_all(planned)
      return nil, err
    end
  end
  return planned
end

--- Open the cases that need no new plan.
---@return table<string, elevenlabs.workspace.offboard.Folder>|nil by folder
---@return elevenlabs.workspace.Error|nil
local function resume(class, client, key, leavers, wanted)
  local resumed, open = {}, resumption.opener(class, client, key, wanted)
  for _, leaver in ipairs(leavers) do
    local case, err = open(leaver.folder, leaver.value)
    resumed[leaver.folder] = case
    if err then
      close_all(resumed)
      return nil, err
    end
  end
  return resumed
end

--- The cases of all leavers, in their order: those that go on, and those that get a new plan.
---@param key string how the options name a leaver
---@param leavers {folder: string, value: string}[]
---@param parent string|nil the folder of the folders, if it is to be made
---@return elevenlabs.workspace.offboard.Folder[]|nil
---@return elevenlabs.workspace.Error|nil
local function plan_all(class, client, key, leavers, parent, options)
  if options.resume and options.again then
    return nil, errors.invalid("again", "again and resume do not go together")
  end
  local wanted, err = read_wanted(client, options)
  local resumed = {}
  if wanted and options.resume then
    resumed, err = resume(class, client, key, leavers, wanted)
  end
  if not wanted or not resumed then
    return nil, err
  end
  local folders, values, others = {}, {}, {}
  for _, leaver in ipairs(leavers) do
    local case = resumed[leaver.folder]
    if case then
      others[#others + 1] = case.plan.header.subject
    else
      folders[#folders + 1], values[#values + 1] = leaver.folder, leaver.value
    end
  end
  local planned = {}
  if folders[1] then
    local find = finder(key, values, options.replace_by, others)
    planned, err = plan_anew(class, client, folders, parent, find, wanted, options)
  end
  if not planned then
    close_all(resumed)
    return nil, err
  end
  local list = {}
  for i, leaver in ipairs(leavers) do
    list[i] = resumed[leaver.folder] or table.remove(planned, 1)
  end
  return list
end

---@param class table of cases
---@param client elevenlabs.workspace.Client
---@param folder string
---@param options elevenlabs.workspace.offboard.PlanOptions
---@return elevenlabs.workspace.offboard.Folder[]|nil one case
---@return elevenlabs.workspace.Error|nil
function M.plan(class, client, folder, options)
  local opts, err = names.copy("option", options, OPTIONS)
  local key
  if opts then
    key, err = subjects.key_of(opts)
  end
  if not key then
    return nil, err
  end
  return plan_all(class, client, key, { { folder = folder, value = opts[key] } }, nil, opts)
end

--- The folder of a member's case. An address may hold characters that lead elsewhere.
local function folder_of(folder, address)
  local name = address:lower():gsub("[^%w@._+-]", "_"):gsub("^%.", "_")
  return folder .. "/" .. name
end

---@param class table of cases
---@param client elevenlabs.workspace.Client
---@param folder string
---@param options elevenlabs.workspace.offboard.PlanOptions
---@return elevenlabs.workspace.offboard.Folder[]|nil
---@return elevenlabs.workspace.Error|nil
function M.plan_many(class, client, folder, options)
  local opts, err = names.copy("option", options, OPTIONS)
  local emails = opts and opts.user_emails
  if not opts then
    return nil, err
  elseif type(emails) ~= "table" or type(emails[1]) ~= "string" then
    return nil, errors.invalid("user_emails", "user_emails must be an array of addresses")
  end
  local leavers, seen = {}, {}
  for i, email in ipairs(emails) do
    local place = folder_of(folder, email)
    if seen[place] then
      local quoted = client.engine.mask(email)
      return nil, errors.invalid("user_emails", ("%s is named twice"):format(quoted))
    end
    leavers[i], seen[place] = { folder = place, value = email }, true
  end
  return plan_all(class, client, "user_email", leavers, folder, opts)
end

return M
