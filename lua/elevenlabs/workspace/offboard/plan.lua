--- Plans: the file that says which roles of a subject are to be removed, and what was read to find
--- them. A plan is whole or absent.

local core = require "elevenlabs.workspace.core"
local discovery = require "elevenlabs.workspace.offboard.discovery"
local errors = require "elevenlabs.workspace.error"
local json = require "elevenlabs.workspace.json"
local observer = require "elevenlabs.workspace.offboard.observer"
local reading = require "elevenlabs.workspace.offboard.reading"
local record_file = require "elevenlabs.workspace.offboard.record_file"
local replacement = require "elevenlabs.workspace.offboard.replacement"
local roles = require "elevenlabs.workspace.offboard.roles"
local times = require "elevenlabs.workspace.offboard.times"
local unfinished = require "elevenlabs.workspace.offboard.unfinished"
local version = require "elevenlabs.workspace.version"

local M = {}

---@class elevenlabs.workspace.offboard.Plan
--- { made_at, made_s, number = of the command, tool, server, owner, subject, successor, note }
---@field header table
---@field rows elevenlabs.workspace.offboard.PlannedRow[]
---@field given elevenlabs.workspace.Item[] resources that the caller named
---@field reading elevenlabs.workspace.offboard.Reading

--- One resource on which the subject has a role of its own, or which it created.
---@class elevenlabs.workspace.offboard.PlannedRow
---@field resource_id string
---@field resource_type string
---@field name string|nil
---@field creator string|nil a user's id
---@field roles string[] the subject's
---@field is_creators_alone boolean nobody but the subject and the creator has a role
---@field action "remove"|"keep"
---@field reason "creator"|"protected"|nil why it is kept
---@field grant string|nil the role that the successor gets first
---@field problem string|nil why the successor cannot get what the subject has

-- ---- writing

--- A plan that is being made.
---@class elevenlabs.workspace.offboard.Draft
local Draft = {}
Draft.__index = Draft

local function temporary(path)
  return path .. ".new"
end

--- Begin a plan.
---@param place table { path, put_away = nil: where a plan that is in that place goes }
---@param header table { number, server, owner, subject, successor = nil, note = nil }
---@return elevenlabs.workspace.offboard.Draft|nil
---@return elevenlabs.workspace.Error|nil
function M.draft(place, header)
  os.remove(temporary(place.path)) -- of a command that was killed
  local file, err = record_file.open(temporary(place.path), "plan", true)
  if not file then
    return nil, err
  end
  local self = setmetatable({ place = place, file = file, header = header, lines = 0 }, Draft)
  header.made_s = os.time()
  header.made_at, header.tool = times.iso(header.made_s), "elevenlabs-workspace " .. version
  local ok
  ok, err = file:begin(header)
  if not ok then
    file:close()
    return nil, err
  end
  return self
end

--- Add lines behind the header.
---@return true|nil
---@return elevenlabs.workspace.Error|nil
local function append(self, records)
  local ok, err = true, nil
  for _, record in ipairs(records) do
    if ok then
      ok, err = self.file:append(record)
      self.lines = self.lines + 1
    end
  end
  return ok, err
end

--- Add the resources that the caller named. Every reading of the case reads them.
---@param items elevenlabs.workspace.Item[]
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function Draft:give(items)
  local records = {}
  for i, item in ipairs(items) do
    records[i] = { given = item }
  end
  return append(self, records)
end

--- Add what a resource means for the plan.
---@param seen elevenlabs.workspace.offboard.Seen
---@param is_protected boolean
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function Draft:add(seen, is_protected)
  local row = {
    resource_id = seen.resource_id,
    resource_type = seen.resource_type,
    name = seen.name,
    creator = seen.creator,
    roles = json.list(seen.roles),
    role_map = seen.map,
    action = "remove",
  }
  if seen.is_creator then
    row.action, row.reason = "keep", "creator"
  elseif is_protected then
    row.action, row.reason = "keep", "protected"
  elseif self.header.successor then
    row.grant, row.problem = replacement.needed(seen.map, seen.roles, self.header.successor.id)
  end
  return append(self, { row })
end

--- Write the rest, and put the plan in its place.
---@param found elevenlabs.workspace.offboard.Discovery
---@param watch elevenlabs.workspace.offboard.Observer
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function Draft:finish(found, watch)
  local records = reading.records(found, watch:residuals(), watch:unknown())
  local ok, err = append(self, records)
  if ok then
    ok, err = self.file:append { ["end"] = true, lines = self.lines }
  end
  if ok then
    ok, err = self.file:sync()
  end
  self.file:close()
  if not ok then
    return nil, err
  end
  local place, failure = self.place, nil
  if place.put_away then
    ok, failure = core.rename(place.path, place.put_away)
  end
  if ok then
    ok, failure = core.rename(temporary(place.path), place.path)
  end
  if ok then
    return true
  end
  return nil, errors.not_sent { kind = "journal", field = "folder", message = failure.message }
end

--- Drop what was written.
function Draft:discard()
  self.file:close()
  os.remove(temporary(self.place.path))
end

-- ---- reading

local function broken(path, why)
  local message = ("the plan %s %s: make it anew with plan --again"):format(path, why)
  return errors.invalid("folder", errors.one_line(message))
end

--- True if nobody but the subject and the creator has a role.
local function has_no_others(row, subject_id)
  local holders = roles.principals(row.role_map)
  holders[subject_id], holders[row.creator or subject_id] = nil, nil
  return row.creator ~= nil and next(holders) == nil
end

--- Take a record behind the header. The roles of others stay in the file: they would take most of
--- the memory.
local function take(plan, record)
  if record.given then
    table.insert(plan.given, record.given)
  elseif record.resource_id then
    record.is_creators_alone = has_no_others(record, plan.header.subject.id)
    record.role_map = nil
    table.insert(plan.rows, record)
  else
    plan.reading:take(record)
  end
end

--- Read a plan.
---@param path string
---@param engine elevenlabs.workspace.Engine|nil gives the host its turns
---@return elevenlabs.workspace.offboard.Plan|nil nil alone: there is none
---@return elevenlabs.workspace.Error|nil
function M.read(path, engine)
  local file, err = record_file.open(path, "plan", false)
  if not file then
    return nil, err and broken(path, "cannot be used (" .. err.message .. ")")
  end
  local plan, footer, lines = { rows = {}, given = {} }, nil, 0
  local ok
  ok, err = file:each(function(record)
    if not plan.header then
      plan.header = record
      plan.reading = reading.new { by = "plan", at = record.made_at, number = record.number }
    elseif record["end"] then
      footer = record
    else
      lines = lines + 1
      take(plan, record)
    end
  end, engine)
  file:close()
  if not ok then
    return nil, broken(path, "is damaged (" .. err.message .. ")")
  elseif not footer then
    return nil, broken(path, "has no end")
  elseif footer.lines ~= lines then
    local why = ("says that it has %d lines, and has %d"):format(footer.lines, lines)
    return nil, broken(path, why)
  end
  return plan
end

-- ---- making plans

-- The plans that one reading makes: { client, options, drafts, watches, failure }.
local Making = {}
Making.__index = Making

--- Begin a draft for each subject.
---@return elevenlabs.workspace.Error|nil refusal
function Making:begin(found)
  local options = self.options
  local subjects, err = options.find(found)
  for i, subject in ipairs(subjects or {}) do
    local place = options.place_of(i)
    self.watches[i] = observer.new(found, subject)
    self.drafts[i], err = M.draft(place, {
      number = place.number,
      server = self.client.base_url,
      owner = found.owner,
      subject = subject,
      successor = found.successor,
      note = options.note,
      resource_types = options.resource_types,
    })
    local ok = self.drafts[i]
    if ok then
      ok, err = self.drafts[i]:give(options.further)
    end
    if not ok then
      return err
    end
  end
  return err
end

--- Add what a resource means for each plan. Raises if a plan cannot be written: the run ends.
function Making:take(item, resource)
  for i, watch in ipairs(self.watches) do
    local seen = watch:look(item, resource)
    local ok, err = true, nil
    if seen then
      local is_protected = self.options.protected[observer.key_of(item)] == true
      ok, err = self.drafts[i]:add(seen, is_protected)
    end
    if not ok then
      self.failure = err
      error(err.message, 0)
    end
  end
end

--- Put the plans in their places, or drop all that are not yet there.
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function Making:finish(found, err)
  for i, draft in ipairs(self.drafts) do
    local ok
    if not err then
      ok, err = draft:finish(found, self.watches[i])
    end
    if not ok then
      draft:discard()
    end
  end
  return not err or nil, err
end

--- Make the plans of several subjects in one reading.
---@param client elevenlabs.workspace.Client
---@param options table { find = fun(found): subjects | nil, err;
--- place_of = fun(i): { path, put_away, number }, note = nil, protected = set, resource_types,
--- further, on_run, on_progress, max_concurrency, cancellation }
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function M.make(client, options)
  local self = { client = client, options = options, drafts = {}, watches = {}, failure = nil }
  setmetatable(self, Making)
  local found, err = discovery.read(client, {
    resource_types = options.resource_types,
    further = options.further,
    max_concurrency = options.max_concurrency,
    on_principals = function(principals)
      return self:begin(principals)
    end,
    cancellation = options.cancellation,
    on_run = options.on_run,
    on_progress = options.on_progress,
    on_resource = function(item, resource)
      self:take(item, resource)
    end,
  })
  err = self.failure or unfinished.of_reading(found, err, "No plan was made: plan again")
  return self:finish(found, err)
end

return M
