--- What earlier runs, and this one, know of each item.

local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"

local M = {}

local TARGETS = { "user_email", "group_id", "workspace_api_key_id" }
local SEPARATORS = { "\0001\0", "\0002\0", "\0003\0" }
local ROLES = { admin = 1, editor = 2, commenter = 3, viewer = 4 }
local SEVERAL = 5 -- roles that may each have been given

-- What the set knows of an item, as one number: role * 16 + the sum of these.
local KNOWN, SEEN, PERHAPS, CONFIRMED, ROLE = 1, 2, 4, 8, 16

---@class elevenlabs.workspace.KnownItems
---@field has_confirmed boolean an earlier run had a confirmation
local KnownItems = {}
KnownItems.__index = KnownItems

--- An error of the journal, from the C core's { kind, message }.
---@return elevenlabs.workspace.Error
function M.failed(failure)
  return errors.new {
    kind = failure.kind,
    outcome = "not_sent",
    field = "journal",
    message = failure.message,
  }
end

---@param is_share boolean
---@return elevenlabs.workspace.KnownItems
function M.new(is_share)
  return setmetatable({
    set = core.new_set(),
    has_confirmed = false,
    interrupted = false,
    is_share = is_share,
  }, KnownItems)
end

--- Operation and base_url are the journal's, so type, id and target are left; none of
--- them can hold a NUL. A share's role is part of the bits, so that two roles for one
--- target meet.
local function identity(item)
  for i = 1, #TARGETS do
    local target = item[TARGETS[i]]
    if type(target) == "string" then
      return item.resource_type .. "\0" .. item.resource_id .. SEPARATORS[i] .. target
    end
  end
end

local function has(bits, flag)
  return math.floor(bits / flag) % 2 == 1
end

local function role_of(item)
  return ROLES[item.role] or 0
end

local function pack(role, seen, perhaps, confirmed)
  return role * ROLE
    + KNOWN
    + (seen and SEEN or 0)
    + (perhaps and PERHAPS or 0)
    + (confirmed and CONFIRMED or 0)
end

--- Bits for another role say nothing of this one.
local function bits_for(role, bits)
  local other = math.floor(bits / ROLE)
  return (other == role or other == SEVERAL) and bits or 0
end

--- A doubt of one role is not forgotten for another.
---@param before integer what the set has there
local function put(self, key, before, role, seen, perhaps, confirmed)
  if has(before, PERHAPS) and math.floor(before / ROLE) ~= role then
    role, perhaps, confirmed = SEVERAL, true, false
  end
  local ok, failure = self.set:put(key, pack(role, seen, perhaps, confirmed))
  return ok, failure and M.failed(failure)
end

---@param item table
---@return boolean
function M.has_target(item)
  return identity(item) ~= nil
end

--- May this have been applied, after what an attempt or a whole call came to?
local function is_doubtful(record)
  return record.outcome == "unconfirmed" or record.ambiguous == true
end

function KnownItems:remember(record)
  local confirmed = record.outcome == "confirmed"
  self.has_confirmed = self.has_confirmed or confirmed
  local perhaps = record.intent == true or is_doubtful(record)
  local key, role = identity(record), role_of(record)
  local before = self.set:get(key)
  confirmed = confirmed or has(bits_for(role, before), CONFIRMED)
  return put(self, key, before, role, false, perhaps, confirmed)
end

--- An earlier run was killed if its journal has no end.
function KnownItems:note_interruption(is_open)
  self.interrupted = self.interrupted or is_open
end

--- Take an item into this run.
---@param item table that is valid
---@return "new"|"confirmed"|"duplicate"|"other_role"|"doubtful"|nil what an earlier run, or
--- this one, knows of it; "doubtful": a share that may have been applied, which must not be
--- repeated
---@return boolean|elevenlabs.workspace.Error perhaps_applied, or why there is no answer
function KnownItems:take(item)
  local key, role = identity(item), role_of(item)
  -- An unshare has no intent in the journal: where a run was killed, any item may have been
  -- on its way.
  local perhaps, confirmed = self.interrupted and not self.is_share, false
  local all, failure = self.set:add(key, pack(role, true, perhaps, false))
  local ok, err = all ~= nil, failure and M.failed(failure)
  if ok and all ~= 0 then -- most are new
    local bits = bits_for(role, all)
    if has(all, SEEN) then
      return all == bits and "duplicate" or "other_role", false
    end
    perhaps, confirmed = perhaps or has(bits, PERHAPS), has(bits, CONFIRMED)
    ok, err = put(self, key, all, role, true, perhaps, confirmed)
  end
  if not ok then
    err.outcome = perhaps and "unconfirmed" or err.outcome
    return nil, err
  elseif confirmed then
    return "confirmed", false
  end
  return self.is_share and perhaps and "doubtful" or "new", perhaps
end

return M
