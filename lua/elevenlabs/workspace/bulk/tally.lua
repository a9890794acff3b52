--- Adds up the journals of one list: what became of its items, which are missing, and which ended
--- in two journals. One record is in memory at a time, and a set of all items.

local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local known_items = require "elevenlabs.workspace.bulk.known"
local operations = require "elevenlabs.workspace.operations"
local parts = require "elevenlabs.workspace.bulk.part"
local records = require "elevenlabs.workspace.bulk.records"
local sources = require "elevenlabs.workspace.items.source"

local error_of, part_of, shown = known_items.error_of, records.part_of, records.shown

local M = {}

-- In the set of all items: a journal has the item; the list has the item.
local IN_JOURNAL, IN_LIST = 1, 2

-- In the set of one journal: what the item's last record says, and RECORD times the number of the
-- run that wrote the record. TOLD: the failure was told.
local CONFIRMED, INTENT, TOLD, RECORD, MAX_RUNS = 1, 5, 6, 8, 32
local CODES = { confirmed = CONFIRMED, refused = 2, unconfirmed = 3, not_sent = 4 }
local OUTCOMES = { "confirmed", "refused", "unconfirmed", "not_sent", "unconfirmed" }

--- One journal of a tally. `total` is the sum of the four outcomes.
---@class elevenlabs.workspace.TallyEntry
---@field path string
---@field part string|nil
---@field state "ended"|"stopped"|"killed"|"running" "stopped": its run ended before its list did
---@field invalid integer items that its last run found invalid: they have no record
---@field total integer

---@class elevenlabs.workspace.Tally
---@field operation "unshare"|"share"
---@field base_url string
---@field journals elevenlabs.workspace.TallyEntry[]
---@field total integer the sum of the journals' totals
---@field doubles integer how often an item ended in another journal too
---@field list {total: integer, missing: integer, unlisted: integer}|nil after `compare`: the list's
--- items, those in no journal, and the journals' items that are not in the list
local Tally = {}
Tally.__index = Tally

local function counts(fields)
  for _, name in ipairs { "total", "confirmed", "refused", "unconfirmed", "not_sent" } do
    fields[name] = 0
  end
  return fields
end

---@return elevenlabs.workspace.Tally
function M.new()
  return setmetatable(
    counts {
      journals = {},
      doubles = 0,
      items = core.new_set(),
      distinct = 0, -- items of all journals
      paths_of_part = {},
    },
    Tally
  )
end

--- An item's name in a set. A journal may have two roles for one target: for a share these are two
--- items.
local function key_of(self, item)
  local key = known_items.key_of(item)
  if self.operation ~= "share" then
    return key
  end
  return key .. "\0" .. tostring(item.role)
end

-- ---- headers

local function misfit(self, header, part)
  local first = self.journals[1]
  if not first then
    return nil
  elseif header.operation ~= self.operation then
    local what = "is a journal of %s, and %s is one of %s"
    return what:format(header.operation, first.path, self.operation)
  elseif header.base_url ~= self.base_url then
    local what = "is a journal of a run against %s, and %s is of one against %s"
    return what:format(shown(header.base_url), first.path, shown(self.base_url))
  elseif (part and part.count) ~= self.part_count then
    local what = "is a journal of %s, and %s is one of %s"
    return what:format(part_of(header.part), first.path, part_of(first.part))
  end
end

--- Check that the header goes together with those of the other journals.
local function take_header(self, header, path)
  local part = type(header.part) == "string" and parts.read(header.part) or nil
  local operation = operations[header.operation]
  local is_whole = header.part == nil or part and part.name == header.part
  if not (operation and operation.is_change and is_whole) or type(header.base_url) ~= "string" then
    return nil, records.unfit(path, "has a header that this program did not write")
  end
  local why = misfit(self, header, part)
  if why then
    return nil, records.unfit(path, why)
  end
  self.operation, self.base_url = header.operation, header.base_url
  if part then
    self.part_count = part.count
    local paths = self.paths_of_part[part.number] or {}
    paths[#paths + 1] = path
    self.paths_of_part[part.number] = paths
  end
  return true
end

-- ---- records

local function code_of(record)
  return record.intent == true and INTENT or CODES[record.outcome]
end

--- A new item of a journal.
local function count_new(self, entry, key)
  local before, failure = self.items:add(key, IN_JOURNAL)
  if not before then
    return nil, error_of(failure)
  end
  entry.total = entry.total + 1
  self.distinct = self.distinct + (before == 0 and 1 or 0)
  self.doubles = self.doubles + (before == 0 and 0 or 1)
  return true
end

--- Count an item's record in place of the record before. What was confirmed once stays so.
local function count_record(self, entry, mine, record)
  local key, code = key_of(self, record), code_of(record)
  local before = mine:get(key)
  if before % RECORD == CONFIRMED then
    return true
  end
  local ok, failure = mine:put(key, code + entry.runs % MAX_RUNS * RECORD)
  if not ok then
    return nil, error_of(failure)
  elseif before == 0 then
    ok, failure = count_new(self, entry, key)
    if not ok then
      return nil, failure
    end
  else
    local outcome = OUTCOMES[before % RECORD]
    entry[outcome] = entry[outcome] - 1
  end
  entry[OUTCOMES[code]] = entry[OUTCOMES[code]] + 1
  return true
end

--- Open a journal and read its header.
local function open(path)
  local file, failure = core.read_journal(path)
  if not file then
    return nil, failure and error_of(failure) or records.unfit(path, "is not there")
  end
  local header, err = records.read_header(file, path)
  if not header then
    file:close()
  end
  return header and file, header or err
end

--- Read the records of a journal, and call `visit` for each intent and result.
---@param runs fun(kind: "end"|"resume", record: table) called for the others
local function each_record(file, path, runs, visit)
  return records.read(file, path, function(kind, record, line)
    if kind ~= "item" then
      runs(kind, record)
    elseif code_of(record) then
      return visit(record)
    else
      return nil, records.unfit(path, ("has a line %d without an outcome"):format(line))
    end
    return true
  end)
end

local function count(self, file, entry, mine)
  local function take_run(kind, record)
    entry.state = kind == "resume" and "killed" or record.exhausted and "ended" or "stopped"
    entry.runs = entry.runs + (kind == "resume" and 1 or 0)
    entry.invalid = type(record.invalid) == "number" and record.invalid or 0
  end
  return each_record(file, entry.path, take_run, function(record)
    return count_record(self, entry, mine, record)
  end)
end

local function may_have_been_sent()
  return errors.new {
    kind = "journal",
    outcome = "unconfirmed",
    message = "a run may have shared it, and wrote no result: read the resource",
  }
end

--- Tell of each item whose last record is a failure. The journal is read a second time: only its
--- end tells which record is the last.
local function tell_failed(self, entry, mine, on_failed)
  local file, err = open(entry.path)
  if not file then
    return nil, err
  end
  local run = 0
  local ok
  ok, err = each_record(file, entry.path, function(kind)
    run = run + (kind == "resume" and 1 or 0)
  end, function(record)
    local key, code = key_of(self, record), code_of(record)
    if code ~= CONFIRMED and mine:get(key) == code + run % MAX_RUNS * RECORD then
      mine:put(key, TOLD)
      on_failed(record, code == INTENT and may_have_been_sent() or record)
    end
    return true
  end)
  file:close()
  return ok, err
end

local function add_up(self, entry)
  for _, name in ipairs { "total", "confirmed", "refused", "unconfirmed", "not_sent" } do
    self[name] = self[name] + entry[name]
  end
  self.journals[#self.journals + 1] = entry
end

--- Add a journal.
---@param path string
---@param on_failed nil|fun(item: table, err: table) told of each item that is not confirmed
---@return true|nil
---@return elevenlabs.workspace.Error|nil the journal cannot be read, or is of another list
function Tally:add(path, on_failed)
  local file, header = open(path)
  if not file then
    return nil, header
  end
  local ok, err = take_header(self, header, path)
  local entry = counts { path = path, part = header.part, state = "killed", runs = 0, invalid = 0 }
  local mine = core.new_set()
  if ok then
    ok, err = count(self, file, entry, mine)
  end
  entry.state = file:is_in_use() and "running" or entry.state
  file:close()
  if ok and on_failed and entry.confirmed < entry.total then
    ok, err = tell_failed(self, entry, mine, on_failed)
  end
  if not ok then
    return nil, err
  end
  add_up(self, entry)
  return true
end

-- ---- the list

local function no_item(source, item)
  local field = type(item.resource_id) ~= "string" and "resource_id"
    or type(item.resource_type) ~= "string" and "resource_type"
  local err = field and errors.invalid(field, field .. " is missing")
    or errors.invalid("user_email", "the item has no target")
  return errors.invalid(err.field, sources.at_place(source, err))
end

--- Count an item of the list, unless the list had it before.
local function count_listed(self, item, on_missing)
  local key, list = key_of(self, item), self.list
  local before = self.items:get(key)
  if before >= IN_LIST then
    return true
  end
  local ok, failure = self.items:put(key, before + IN_LIST)
  if not ok then
    return nil, error_of(failure)
  end
  list.total = list.total + 1
  if before == IN_JOURNAL then
    list.unlisted = list.unlisted - 1
  else
    list.missing = list.missing + 1
    on_missing(item)
  end
  return true
end

--- Compare the journals with the list. All journals must have been added.
---@param source elevenlabs.workspace.Source
---@param on_missing fun(item: table) told of each item that is in no journal
---@return true|nil
---@return elevenlabs.workspace.Error|nil the list cannot be read
function Tally:compare(source, on_missing)
  self.list = { total = 0, missing = 0, unlisted = self.distinct }
  local item, problem = source:next()
  local ok, err = true, nil
  while ok and item do
    if records.is_item(item) then
      ok, err = count_listed(self, item, on_missing)
    else
      ok, err = nil, no_item(source, item)
    end
    item, problem = source:next()
  end
  source:close()
  if ok and problem then
    return nil, errors.invalid(problem.field, problem.message)
  end
  return ok, err
end

-- ---- what is wrong

--- The parts without a journal, and those with several.
---@return integer[] missing, integer[] twice
function Tally:parts()
  local missing, twice = {}, {}
  for number = 0, (self.part_count or 0) - 1 do
    local paths = self.paths_of_part[number]
    if not paths then
      missing[#missing + 1] = number
    elseif #paths > 1 then
      twice[#twice + 1] = number
    end
  end
  return missing, twice
end

--- True if the run of this journal has nothing left. The list tells better what a run left.
function Tally:has_ended(entry)
  local is_over = entry.state == "ended" or entry.state == "stopped" and self.list ~= nil
  return is_over and entry.invalid == 0
end

--- True if each item is confirmed, in one journal alone, and nothing is missing.
---@return boolean
function Tally:is_complete()
  local missing, twice = self:parts()
  for _, entry in ipairs(self.journals) do
    if not self:has_ended(entry) then
      return false
    end
  end
  return self.confirmed == self.total
    and self.doubles + #missing + #twice == 0
    and not (self.list and self.list.missing > 0)
end

return M
