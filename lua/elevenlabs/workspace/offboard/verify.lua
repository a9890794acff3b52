--- A reading of everything after a round: is a role of the subject's own still there?

local discovery = require "elevenlabs.workspace.offboard.discovery"
local ledgers = require "elevenlabs.workspace.offboard.ledger"
local observer = require "elevenlabs.workspace.offboard.observer"
local reading = require "elevenlabs.workspace.offboard.reading"
local roles = require "elevenlabs.workspace.offboard.roles"
local rounds = require "elevenlabs.workspace.offboard.rounds"
local unfinished = require "elevenlabs.workspace.offboard.unfinished"

local M = {}

--- The name of the coverage of a reading of planned resources alone.
local PLANNED = "planned"

local NOT_ALL = "Not everything was read: verify again"

--- What the roles on a resource mean for its row.
---@param row elevenlabs.workspace.offboard.Row|nil
---@param seen elevenlabs.workspace.offboard.Seen|nil nil: the subject has no role of its own
---@return elevenlabs.workspace.offboard.RowSeen
local function judge(row, seen)
  if not (seen and seen.roles[1]) then
    return seen and seen.is_creator and "kept" or "gone"
  elseif seen.is_creator or (row and row.action == "keep" and row.reason == "protected") then
    return "kept"
  elseif row and ledgers.is_to_stay(row) then
    return "kept"
  elseif not (row and (row.action or row.removed)) then
    return "new"
  elseif row.outcome == "confirmed" and row.read_back == "gone" then
    return "came_back"
  end
  return roles.are_same(seen.roles, row.roles) and "still_there" or "changed"
end

local function write(case, number, item, seen, fields)
  case:write {
    verify = number,
    resource_id = item.resource_id,
    resource_type = item.resource_type,
    name = seen and seen.name,
    creator = seen and seen.creator,
    roles = seen and seen.roles,
    seen = fields,
  }
end

-- A case that is being verified: { case, client, number, watch }.
local Verify = {}
Verify.__index = Verify

--- Find the subject, and begin the command.
---@return elevenlabs.workspace.Error|nil refusal
function Verify:begin(found, by)
  local subject, refusal = rounds.find_subject(self.case, found, true)
  if not subject then
    return refusal
  end
  self.watch = observer.new(found, subject)
  local unwritten
  self.number, unwritten = self.case:begin(self.client, "verify", by)
  return unwritten
end

function Verify:take(item, resource)
  local seen, row = self.watch:look(item, resource), self.case.ledger:find(item)
  if row or seen then
    write(self.case, self.number, item, seen, judge(row, seen))
  end
end

function Verify:take_unread(item, err)
  if self.case.ledger:find(item) then
    local is_gone = discovery.became(err) == "not_found"
    local what = is_gone and "resource_gone" or "unreadable"
    write(self.case, self.number, item, nil, what)
  end
end

--- Write what the reading saw beside the resources.
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function Verify:finish(found)
  local records = reading.records(found, self.watch:residuals(), self.watch:unknown())
  for _, record in ipairs(records) do
    record.verify = self.number
    self.case:write(record)
  end
  return self.case:finish(self.number)
end

-- ---- readings

--- Read the resources of one case alone.
---@return elevenlabs.workspace.offboard.Discovery|nil
---@return elevenlabs.workspace.Error|nil
local function read_planned(client, verify, options)
  local found = discovery.read_principals(client, options.cancellation)
  if not found then
    return nil, unfinished.with(unfinished.cancelled(), NOT_ALL)
  end
  local refusal = verify:begin(found, options.by)
  if refusal then
    return nil, refusal
  end
  local rows, covered = verify.case.ledger.rows, discovery.new_counts()
  covered.name, covered.listed, covered.complete = PLANNED, #rows, true
  local err = rounds.read(client, rows, options, function(row, resource, problem)
    local became = discovery.became(problem)
    covered[became] = covered[became] + 1
    if resource then
      verify:take(row, resource)
    else
      verify:take_unread(row, problem)
    end
  end)
  found.coverage, found.without_list, found.report = { covered }, {}, {}
  return not err and found or nil, err and unfinished.with(err, NOT_ALL)
end

--- The resources of all cases. The reading finds a resource once.
local function all_items(verifies)
  local items = {}
  for _, verify in ipairs(verifies) do
    for _, item in ipairs(verify.case.ledger:items()) do
      items[#items + 1] = item
    end
  end
  return items
end

--- The kinds of resources of all cases; nil: every kind.
local function all_types(verifies)
  local types, seen = {}, {}
  for _, verify in ipairs(verifies) do
    local own = verify.case.plan.header.resource_types
    if not own then
      return nil
    end
    for _, name in ipairs(own) do
      types[#types + 1] = not seen[name] and name or nil
      seen[name] = true
    end
  end
  return types
end

--- List and read everything, once for all cases.
---@return elevenlabs.workspace.offboard.Discovery|nil
---@return elevenlabs.workspace.Error|nil
local function read_all(client, verifies, options)
  local function each(name)
    return function(...)
      for _, verify in ipairs(verifies) do
        verify[name](verify, ...)
      end
    end
  end
  local found, err = discovery.read(client, {
    resource_types = all_types(verifies),
    further = all_items(verifies),
    on_principals = function(principals)
      local refusal
      for _, verify in ipairs(verifies) do
        refusal = refusal or verify:begin(principals, options.by)
      end
      return refusal
    end,
    cancellation = options.cancellation,
    on_run = options.on_run,
    on_progress = options.on_progress,
    on_resource = each "take",
    on_unread = each "take_unread",
  })
  err = unfinished.of_reading(found, err, NOT_ALL)
  return not err and found or nil, err
end

--- Read, and write what was seen.
---@param cases elevenlabs.workspace.offboard.Folder[]
---@param client elevenlabs.workspace.Client
---@param options table { by, cancellation, on_run, on_progress }
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function M.all(cases, client, options)
  local verifies = {}
  for i, case in ipairs(cases) do
    verifies[i] = setmetatable({ case = case, client = client }, Verify)
  end
  local found, err = read_all(client, verifies, options)
  local ok = found ~= nil
  for _, verify in ipairs(found and verifies or {}) do
    if ok then
      ok, err = verify:finish(found)
    end
  end
  return ok, err
end

--- Read the resources of one case alone, and write what was seen.
---@param case elevenlabs.workspace.offboard.Folder
---@param client elevenlabs.workspace.Client
---@param options table { by, cancellation, on_run, on_progress }
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function M.planned(case, client, options)
  local by = { planned_only = true }
  for name, value in pairs(options.by or {}) do
    by[name] = value
  end
  local verify = setmetatable({ case = case, client = client }, Verify)
  local found, err = read_planned(client, verify, {
    by = by,
    cancellation = options.cancellation,
    on_run = options.on_run,
    on_progress = options.on_progress,
  })
  if not found then
    return nil, err
  end
  return verify:finish(found)
end

return M
