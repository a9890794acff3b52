--- The journal of a bulk run: records of what became of each item, in lines of JSON. A run that
--- was killed is resumed from its journal.

local cjson = require("elevenlabs.workspace.cjson").new()
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local json = require "elevenlabs.workspace.json"
local known_items = require "elevenlabs.workspace.bulk.known"
local operations = require "elevenlabs.workspace.operations"
local records = require "elevenlabs.workspace.bulk.records"

local error_of, part_of, shown = known_items.error_of, records.part_of, records.shown

local M = {}

local OLD_S = 24 * 60 * 60

---@class elevenlabs.workspace.Journal
---@field path string
---@field known elevenlabs.workspace.KnownItems
---@field resumed boolean an earlier run wrote to it
---@field warning string|nil why its items may not be up to date
local Journal = {}
Journal.__index = Journal

local function iso(time)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", time)
end

-- ---- reading what earlier runs wrote

--- The header must be of this operation, this server and this part.
local function check_header(header, wanted)
  if header.operation ~= wanted.operation then
    local message = "is a journal of %s, not of %s"
    return nil, message:format(shown(header.operation), wanted.operation)
  elseif header.base_url ~= wanted.base_url then
    local message = "is a journal of a run against %s, not %s"
    return nil, message:format(shown(header.base_url), wanted.base_url)
  elseif header.part ~= wanted.part then
    local message = "is a journal of %s, not of %s"
    return nil, message:format(part_of(header.part), part_of(wanted.part))
  end
  return true
end

local function warn_if_old(self, header)
  if type(header.created) == "string" and header.created < iso(os.time() - OLD_S) then
    local message = "the journal %s was begun at %s. Somebody may have changed roles since:"
      .. " check that its items are still to be changed"
    self.warning = message:format(errors.one_line(self.path), shown(header.created))
  end
end

--- Take what earlier runs wrote.
local function read_records(self, may_go_on)
  local is_open = true
  local ok, err = records.read(self.file, self.path, function(kind, record, line)
    local ok, err = true, nil
    if may_go_on then
      ok, err = may_go_on(line)
    end
    if not ok then
      return nil, err
    elseif kind == "item" then
      return self.known:remember(record)
    end
    self.known.was_killed = self.known.was_killed or kind == "resume" and is_open
    is_open = kind == "resume"
    return true
  end)
  self.known.was_killed = self.known.was_killed or is_open
  return ok, err
end

local function read(self, wanted)
  local header, err = records.read_header(self.file, self.path)
  if not header then
    return nil, err
  end
  local ok, why = check_header(header, wanted)
  if not ok then
    return nil, records.unfit(self.path, why)
  end
  self.resumed = true
  warn_if_old(self, header)
  return read_records(self, wanted.may_go_on)
end

-- ---- opening

local function write(self, text)
  local ok, failure = self.file:append(text)
  return ok, failure and error_of(failure)
end

--- Write and sync the first record of a run. Nothing is sent before.
local function begin(self, text)
  local ok, err = write(self, text)
  if not ok then
    return nil, err
  end
  return self:sync()
end

local function header_of(wanted)
  local part = wanted.part and ',"part":' .. json.encode(wanted.part) or ""
  return ('{"format":%s,"operation":%s,"base_url":%s%s,"created":%s}'):format(
    json.encode(records.FORMAT),
    json.encode(wanted.operation),
    json.encode(wanted.base_url),
    part,
    json.encode(iso())
  )
end

local function open(self, wanted)
  local file = self.file
  if not file then
    return true -- a dry run, and there is no such file
  elseif file:is_new() then
    file:next() -- there may be a torn header
    if wanted.dry_run then
      return true
    end
    return begin(self, header_of(wanted))
  end
  local ok, err = read(self, wanted)
  if not ok or wanted.dry_run then
    return ok, err
  end
  return begin(self, ('{"resume":true,"at":%s}'):format(cjson.encode(iso())))
end

--- Open a journal, or begin one. A file of another operation, server or program is left as it is.
---@param path string
---@param wanted table { operation, base_url, part = nil: "3/16", dry_run = nil: write nothing, may_go_on = nil:
--- function(line) that is asked while the file is read; nil and an error end the reading }
---@return elevenlabs.workspace.Journal|nil
---@return elevenlabs.workspace.Error|nil
function M.open(path, wanted)
  local file, failure = core.open_journal(path, not wanted.dry_run)
  if failure then
    return nil, error_of(failure)
  end
  local self = setmetatable({
    path = path,
    file = file,
    known = known_items.new(not operations[wanted.operation].is_repeatable),
    resumed = false,
  }, Journal)
  local ok, err = open(self, wanted)
  if not ok then
    self:close()
    return nil, err
  end
  return self
end

-- ---- writing

local ITEM = {
  "resource_id",
  "resource_type",
  "user_email",
  "group_id",
  "workspace_api_key_id",
  "role",
}
local RESULT =
  { "outcome", "kind", "status", "code", "request_id", "attempts", "ambiguous", "message" }

local OF_CONFIRMED, OF_CALL = { "outcome", "status" }, { "request_id", "attempts" }
local INTENT, AN_INTENT = { "intent" }, { intent = true }
local STAMP = { "at" }

--- Write that a share is about to be sent. The share may be sent after the next sync.
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:intend(item)
  local ok, failure = self.file:record(ITEM, item, INTENT, AN_INTENT)
  return ok, failure and error_of(failure)
end

--- Write what became of an item.
---@param call elevenlabs.workspace.Call|nil if `result` is the ending CONFIRMED of its group
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:record(item, result, call)
  local ok, failure
  local stamp = self.stamp or { at = iso() } -- the same for all records until the next sync
  self.stamp = stamp
  if call then
    ok, failure = self.file:record(ITEM, item, OF_CONFIRMED, result, OF_CALL, call, STAMP, stamp)
  else
    ok, failure = self.file:record(ITEM, item, RESULT, result, STAMP, stamp)
  end
  return ok, failure and error_of(failure)
end

--- All records are on the disk if this returns true. If it fails once, it fails for good, and
--- nobody knows which records are on the disk.
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:sync()
  self.stamp = nil
  local ok, failure = self.file:sync()
  return ok, failure and error_of(failure)
end

--- Begin to sync in a thread. `has_synced` tells when the sync has ended.
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:begin_sync()
  self.stamp = nil
  local ok, failure = self.file:begin_sync()
  return ok, failure and error_of(failure)
end

--- False while a sync is under way.
---@return boolean|nil, elevenlabs.workspace.Error|nil
function Journal:has_synced()
  local synced, failure = self.file:has_synced()
  return synced, failure and error_of(failure)
end

--- Write that the run has ended and has recorded every item that it took, but for invalid ones. The
--- next run then knows that no item was sent without a record.
---@param exhausted boolean the run took all items of its source
---@param invalid integer items that can never be sent
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:append_end(exhausted, invalid)
  local all = exhausted and ',"exhausted":true' or ""
  local without = invalid > 0 and (',"invalid":%d'):format(invalid) or ""
  return write(self, ('{"end":true%s%s,"at":%s}'):format(all, without, cjson.encode(iso())))
end

function Journal:close()
  if self.file then
    self.file:close()
  end
end

return M
