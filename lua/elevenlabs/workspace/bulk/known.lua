--- Decides what a run knows of an item, from earlier runs and from its own: a set of items with a
--- few bits each.

local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local target_fields = require("elevenlabs.workspace.items.item").TARGETS

local M = {}

local SEPARATORS = { "\0001\0", "\0002\0", "\0003\0" }
local ROLES = { admin = 1, editor = 2, commenter = 3, viewer = 4 }
local SEVERAL = 5 -- each of several roles may have been applied

-- The bits of an item are one number: the role times ROLE, and the sum of the flags. KNOWN is
-- always set, as 0 means that the set does not have the item. SEEN: this run took it. PERHAPS: it
-- may have been applied.
local KNOWN, SEEN, PERHAPS, CONFIRMED, ROLE = 1, 2, 4, 8, 16

---@class elevenlabs.workspace.KnownItems
---@field has_confirmed boolean an earlier run had a confirmation
local KnownItems = {}
KnownItems.__index = KnownItems

--- The error of a journal, from the C core's { kind, message, retryable }.
---@return elevenlabs.workspace.Error
function M.error_of(failure)
  return errors.new {
    kind = failure.kind,
    outcome = "not_sent",
    field = "journal",
    message = failure.message,
    retryable = failure.retryable,
  }
end

---@param is_share boolean
---@return elevenlabs.workspace.KnownItems
function M.new(is_share)
  return setmetatable({
    set = core.new_set(),
    has_confirmed = false,
    was_killed = false, -- an earlier run
    is_share = is_share,
  }, KnownItems)
end

-- ---- keys and bits

--- An item's key in the set; nil if it has no target. A journal has one operation and one server,
--- so type, id and target tell items apart. None of them can hold a NUL. The role is not in the
--- key: items with the same target and different roles must meet.
---@return string|nil
function M.key_of(item)
  for i = 1, #target_fields do
    local target = item[target_fields[i]]
    if type(target) == "string" then
      return item.resource_type .. "\0" .. item.resource_id .. SEPARATORS[i] .. target
    end
  end
end

local key_of = M.key_of

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

--- The bits, if they are of this role; otherwise 0.
local function bits_for(role, bits)
  local other = math.floor(bits / ROLE)
  return (other == role or other == SEVERAL) and bits or 0
end

--- Set an item's bits. If another role may have been applied, the role becomes SEVERAL.
---@param before integer the bits that the set has
local function put(self, key, before, role, seen, perhaps, confirmed)
  if has(before, PERHAPS) and math.floor(before / ROLE) ~= role then
    role, perhaps, confirmed = SEVERAL, true, false
  end
  local ok, failure = self.set:put(key, pack(role, seen, perhaps, confirmed))
  return ok, failure and M.error_of(failure)
end

-- ---- what earlier runs wrote

--- True if this result leaves open whether the change was applied.
local function is_doubtful(record)
  return record.outcome == "unconfirmed" or record.ambiguous == true
end

--- Add a record of the journal: an intent or a result.
---@param record table
---@return true|nil, elevenlabs.workspace.Error|nil
function KnownItems:remember(record)
  local confirmed = record.outcome == "confirmed"
  self.has_confirmed = self.has_confirmed or confirmed
  local perhaps = record.intent == true or is_doubtful(record)
  local key, role = key_of(record), role_of(record)
  local before = self.set:get(key)
  confirmed = confirmed or has(bits_for(role, before), CONFIRMED)
  return put(self, key, before, role, false, perhaps, confirmed)
end

-- ---- this run

--- Take an item into this run.
---@param item table that is valid
---@return "new"|"confirmed"|"duplicate"|"other_role"|"doubtful"|nil known "doubtful": a share that
--- may have been applied, and so must not be sent again
---@return boolean|elevenlabs.workspace.Error perhaps_applied, or an error if `known` is nil
function KnownItems:take(item)
  local key, role = key_of(item), role_of(item)
  -- The journal has no intents of unshares, so a killed run may have sent any of them.
  local perhaps, confirmed = self.was_killed and not self.is_share, false
  local all, failure = self.set:add(key, pack(role, true, perhaps, false))
  local ok, err = all ~= nil, failure and M.error_of(failure)
  if ok and all ~= 0 then -- most items are new
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
