--- The journal of a run: records over the C file. What became of each item is written down
--- before it is reported, so that a run that was killed is resumed from it.

local cjson = require("elevenlabs.workspace.cjson").new()
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local json = require "elevenlabs.workspace.json"
local known_items = require "elevenlabs.workspace.bulk.known"

local M = {}

local FORMAT = "elevenlabs-workspace journal 1"
local OLD_S = 24 * 60 * 60
local LONGEST_SHOWN = 200
---@class elevenlabs.workspace.Journal
---@field path string
---@field known elevenlabs.workspace.KnownItems what earlier runs, and this one, know of items
---@field resumed boolean an earlier run wrote to it
---@field warning string|nil why resuming it may surprise
local Journal = {}
Journal.__index = Journal

local failed = known_items.failed

local function unfit(path, why)
  return failed { kind = "journal", message = ("journal %s %s"):format(path, why) }
end

-- ---- reading what earlier runs wrote

local function is_record(record)
  return type(record) == "table"
    and type(record.resource_id) == "string"
    and type(record.resource_type) == "string"
    and known_items.has_target(record)
end

--- What the file says, as a message quotes it.
local function shown(value)
  return errors.one_line(tostring(value):sub(1, LONGEST_SHOWN))
end

--- The first record must be ours, of this operation and this server.
local function check_header(header, wanted)
  if type(header) ~= "table" or header.format ~= FORMAT then
    return nil, "is no journal of this program"
  elseif header.operation ~= wanted.operation then
    local message = "is a journal of %s, not of %s"
    return nil, message:format(shown(header.operation), wanted.operation)
  elseif header.base_url ~= wanted.base_url then
    local message = "is a journal of a run against %s, not %s"
    return nil, message:format(shown(header.base_url), wanted.base_url)
  end
  return true
end

local function iso(time)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", time)
end

local function warn_if_old(self, header)
  if type(header.created) == "string" and header.created < iso(os.time() - OLD_S) then
    local message = "the journal %s was begun at %s: what it says is still to be done may "
      .. "have been decided otherwise since"
    self.warning = message:format(errors.one_line(self.path), shown(header.created))
  end
end

--- Every run begins with the header or a "resume" and, unless it was killed, finishes with
--- an "end".
local function read_record(self, record, line)
  if type(record) == "table" and record["end"] == true then
    self.is_open = false
  elseif type(record) == "table" and record.resume == true then
    self.known:note_interruption(self.is_open)
    self.is_open = true
  elseif is_record(record) then
    return self.known:remember(record)
  else
    return nil, unfit(self.path, ("has a line %d that is none of this program's"):format(line))
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
  self.known:note_interruption(self.is_open)
  return not failure, failure and failed(failure)
end

local function read(self, wanted)
  local text, failure = self.file:next()
  if not text then
    return nil, failure and failed(failure) or unfit(self.path, "has no header")
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

local function write(self, text)
  local ok, failure = self.file:append(text)
  return ok, failure and failed(failure)
end

--- The first record of a run, on the disk before anything is sent.
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
    return true -- a dry run's
  elseif file:is_new() then
    file:next() -- nothing, but perhaps a torn header
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

-- ---- writing

--- Open or begin a journal. A file of another operation, server or program is left as it is.
---@param path string
---@param wanted table { operation, base_url, dry_run = nil: begin none, write nothing; may_go_on =
--- nil: function(lines) that is asked while the file is read, and ends that by false }
---@return elevenlabs.workspace.Journal|nil
---@return elevenlabs.workspace.Error|nil
function M.open(path, wanted)
  local file, failure = core.open_journal(path, not wanted.dry_run)
  if failure then
    return nil, failed(failure)
  end
  local self = setmetatable({
    path = path,
    file = file,
    known = known_items.new(wanted.operation == "share"),
    resumed = false,
  }, Journal)
  local ok, err = open(self, wanted)
  if not ok then
    self:close()
    return nil, err
  end
  return self
end

local ITEM = {
  "resource_id",
  "resource_type",
  "user_email",
  "group_id",
  "workspace_api_key_id",
  "role",
}
local RESULT = { "outcome", "kind", "status", "code", "request_id", "ambiguous", "message" }

local INTENT, AN_INTENT = { "intent" }, { intent = true }
local STAMP = { "at" }

--- A share is about to be sent: to be synced before.
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:intend(item)
  return write(self, core.json_object(ITEM, item, INTENT, AN_INTENT))
end

--- What became of an item.
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:record(item, result)
  self.stamp = self.stamp or { at = iso() } -- of all until the next sync
  return write(self, core.json_object(ITEM, item, RESULT, result, STAMP, self.stamp))
end

--- What was recorded is on the disk when this returns true. Where it fails, it fails for
--- good, and nobody knows what is there.
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:sync()
  self.stamp = nil
  local ok, failure = self.file:sync()
  return ok, failure and failed(failure)
end

--- The run has ended and everything it took is recorded: the next one knows that nothing
--- was on its way.
---@return true|nil, elevenlabs.workspace.Error|nil
function Journal:finish()
  local ok, err = write(self, ('{"end":true,"at":%s}'):format(cjson.encode(iso())))
  if ok then
    ok, err = self:sync()
  end
  self:close()
  return ok, err
end

function Journal:close()
  if self.file then
    self.file:close()
  end
end

return M
