--- The journal of a bulk run: records of what became of each item, in lines of JSON. A run that
--- was killed is resumed from its journal.

local cjson = require("elevenlabs.workspace.cjson").new()
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local json = require "elevenlabs.workspace.json"
local known_items = require "elevenlabs.workspace.bulk.known"
local operations = require "elevenlabs.workspace.operations"

local error_of = known_items.error_of

local M = {}

local FORMAT = "elevenlabs-workspace journal 1"
local OLD_S = 24 * 60 * 60
local MAX_SHOWN = 200 -- bytes

---@class elevenlabs.workspace.Journal
---@field path string
---@field known elevenlabs.workspace.KnownItems
---@field resumed boolean an earlier run wrote to it
---@field warning string|nil why its items may not be up to date
local Journal = {}
Journal.__index = Journal

local function unfit(path, why)
  return error_of { kind = "journal", message = ("journal %s %s"):format(path, why) }
end

local function iso(time)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", time)
end

-- ---- reading what earlier runs wrote

local function is_record(record)
  return type(record) == "table"
    and type(record.resource_id) == "string"
    and type(record.resource_type) == "string"
    and known_items.has_target(record)
end

--- A value of the file, fit for a message.
local function shown(value)
  return errors.one_line(tostring(value):sub(1, MAX_SHOWN))
end

--- The first record must be of this program, this operation and this server.
local function check_header(header, wanted)
  if type(header) ~= "table" or header.format ~= FORMAT then
    return nil, "is not a journal of this program"
  elseif header.operation ~= wanted.operation then
    local message = "is a journal of %s, not of %s"
    return nil, message:format(shown(header.operation), wanted.operation)
  elseif header.base_url ~= wanted.base_url then
    local message = "is a journal of a run against %s, not %s"
    return nil, message:format(shown(header.base_url), wanted.base_url)
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

--- A run begins with the header or with "resume". It finishes with "end", unless it was killed:
--- then an item may have been sent that has no record.
local function read_record(self, record, line)
  if type(record) == "table" and record["end"] == true then
    self.is_open = false
  elseif type(record) == "table" and record.resume == true then
    self.known.was_killed = self.known.was_killed or self.is_open
    self.is_open = true
  elseif is_record(record) then
    return self.known:remember(record)
  else
    return nil, unfit(self.path, ("has a line %d that this program did not write"):format(line))
  end
  return true
end

local function read_records(self, may_go_on)
  local line = 1
  self.is_open = true
  local text, failure = self.file:next()
  while text do
    line = line + 1
    if may_go_on and not may_go_on(line) then
      return nil, errors.not_begun()
    end
    local ok, err = read_record(self, cjson.decode(text), line)
    if not ok then
      return nil, err
    end
    text, failure = self.file:next()
  end
  self.known.was_killed = self.known.was_killed or self.is_open
  return not failure, failure and error_of(failure)
end

local function read(self, wanted)
  local text, failure = self.file:next()
  if not text then
    return nil, failure and error_of(failure) or unfit(self.path, "has no header")
  end
  local header = cjson.decode(text)
  local ok, why = check_header(header, wanted)
  if not ok then
    return nil, unfit(self.path, why)
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
  return ('{"format":%s,"operation":%s,"base_url":%s,"created":%s}'):format(
    json.encode(FORMAT),
    json.encode(wanted.operation),
    json.encode(wanted.base_url),
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
---@param wanted table { operation, base_url, dry_run = nil: write nothing, may_go_on = nil:
--- function(lines) that is asked while the file is read; false ends the reading }
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

local INTENT, AN_INTENT = { "intent" }, { intent = true }
local STAMP = { "at" }

--- Write that a share is about to be sent. The share may be sent after the next sync.
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:intend(item)
  return write(self, core.json_object(ITEM, item, INTENT, AN_INTENT))
end

--- Write what became of an item.
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:record(item, result)
  self.stamp = self.stamp or { at = iso() } -- the same for all records until the next sync
  return write(self, core.json_object(ITEM, item, RESULT, result, STAMP, self.stamp))
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

--- Write that the run has ended and has recorded every item that it took. The next run then knows
--- that no item was sent without a record.
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:append_end()
  return write(self, ('{"end":true,"at":%s}'):format(cjson.encode(iso())))
end

function Journal:close()
  if self.file then
    self.file:close()
  end
end

return M
