--- A reading of everything after a round: is a role of the subject's own still there?

local discovery = require "elevenlabs.workspace.offboard.discovery"
local ledgers = require "elevenlabs.workspace.offboard.ledger"
local observer = require "elevenlabs.workspace.offboard.observer"
local reading = require "elevenlabs.workspace.offboard.reading"
local roles = require "elevenlabs.workspace.offboard.roles"
local rounds = require "elevenlabs.workspace.offboard.rounds"

local M = {}

--- The name of the coverage of a reading of planned resources alone.
local PLANNED = "planned"

--- What the roles on a resource mean for its row.
---@param row elevenlabs.workspace.offboard.Row|nil
---@param seen elevenlabs.workspace.offboard.Seen|nil nil: the subject has no role of its own
---@return elevenlabs.workspace.offboard.RowSeen
local function judge(row, seen)
  if not (seen and seen.roles[1]) then
    return seen and seen.is_creator and "kept" or "gone"
  elseif seen.is_creator or (row and row.action == "keep" and row.reason == "protected") then
    return "kept"
  elseif row and ledgers.is_given_back(row) then
    return "kept"
  elseif not (row and (row.action or row.removed)) then
    return "new"
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

-- A verify that is at work: { case, number, watch }.
local Verify = {}
Verify.__index = Verify

--- Find the subject, and begin the command.
---@return elevenlabs.workspace.Error|nil refusal
function Verify:begin(found)
  local subject, refusal = rounds.find_subject(self.case, found, true)
  if not subject then
    return refusal
  end
  self.watch = observer.new(found, subject)
  local unwritten
  self.number, unwritten = self.case:begin("verify", self.by)
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
    local what = err.kind == "not_found" and "resource_gone" or "unreadable"
    write(self.case, self.number, item, nil, what)
  end
end

--- Read the resources of the case alone.
---@return elevenlabs.workspace.offboard.Discovery|nil
---@return elevenlabs.workspace.Error|nil
function Verify:read_planned(client, options)
  local found = discovery.read_principals(client)
  local refusal = self:begin(found)
  if refusal then
    return nil, refusal
  end
  local covered = discovery.new_counts()
  covered.name, covered.listed, covered.complete = PLANNED, #self.case.ledger.rows, true
  local err = rounds.read(client, self.case.ledger.rows, options, function(row, resource, problem)
    local became = discovery.became(problem)
    covered[became] = covered[became] + 1
    if resource then
      self:take(row, resource)
    else
      self:take_unread(row, problem)
    end
  end)
  found.coverage, found.without_list, found.report = { covered }, {}, {}
  return not err and found or nil, err
end

--- List and read everything.
---@return elevenlabs.workspace.offboard.Discovery|nil
---@return elevenlabs.workspace.Error|nil
function Verify:read_all(client, options)
  local found, err = discovery.read(client, {
    resource_types = self.case.plan.header.resource_types,
    further = self.case.ledger:items(),
    on_principals = function(principals)
      return self:begin(principals)
    end,
    on_run = options.on_run,
    on_progress = options.on_progress,
    on_resource = function(item, resource)
      self:take(item, resource)
    end,
    on_unread = function(item, problem)
      self:take_unread(item, problem)
    end,
  })
  if found and found.report.stopped then
    return nil, observer.stopped(found.report)
  end
  return found, err
end

--- Read, and write what was seen.
---@param case elevenlabs.workspace.offboard.Folder
---@param client elevenlabs.workspace.Client
---@param options table { planned_only, by, on_run, on_progress }
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function M.run(case, client, options)
  local by = { planned_only = options.planned_only }
  for name, value in pairs(options.by or {}) do
    by[name] = value
  end
  local self = setmetatable({ case = case, by = by }, Verify)
  local read = options.planned_only and self.read_planned or self.read_all
  local found, err = read(self, client, options)
  if not found then
    return nil, err
  end
  local records = reading.records(found, self.watch:residuals(), self.watch:unknown())
  for _, record in ipairs(records) do
    record.verify = self.number
    case:write(record)
  end
  return case:finish(self.number)
end

return M
