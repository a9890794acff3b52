--- Watches a reading for one subject: the roles of its own on each resource, and what access remains
--- beside them.

local json = require "elevenlabs.workspace.json"
local principals = require "elevenlabs.workspace.offboard.principals"
local residuals = require "elevenlabs.workspace.offboard.residuals"
local roles = require "elevenlabs.workspace.offboard.roles"

local M = {}

local MAX_UNKNOWN = 1000 -- ids that are listed

--- A resource on which the subject has a role of its own, or which it created.
---@class elevenlabs.workspace.offboard.Seen
---@field resource_id string
---@field resource_type string
---@field name string|nil
---@field creator string|nil
---@field is_creator boolean the subject created the resource
---@field roles string[] the subject's own, sorted
---@field map table<string, string[]> the roles of all

---@class elevenlabs.workspace.offboard.Observer
local Observer = {}
Observer.__index = Observer

--- What tells a resource from all others. An id may hold no NUL.
---@param item table { resource_id, resource_type }
---@return string
function M.key_of(item)
  return item.resource_type .. "\0" .. item.resource_id
end

--- The keys of these resources.
---@param items table[]
---@return table<string, boolean>
function M.keys_of(items)
  local set = {}
  for _, item in ipairs(items) do
    set[M.key_of(item)] = true
  end
  return set
end

--- Every principal that a list names; nil if such a list could not be read.
local function known_ids(found)
  if not (found.owner and found.members and found.groups and found.service_accounts) then
    return nil
  end
  local known = { [principals.EVERYBODY] = true, [found.owner.user_id] = true }
  for _, member in ipairs(found.members) do
    known[member.user_id] = true
  end
  for _, group in ipairs(found.groups) do
    known[group.id] = true
  end
  for _, account in ipairs(found.service_accounts) do
    known[account.user_id] = true
  end
  return known
end

---@param found elevenlabs.workspace.offboard.Discovery with its principals
---@param subject elevenlabs.workspace.offboard.Subject
---@return elevenlabs.workspace.offboard.Observer
function M.new(found, subject)
  return setmetatable({
    subject = subject,
    counts = residuals.new(subject),
    known = known_ids(found),
    unknown_counts = {},
    unknown_ids = 0,
  }, Observer)
end

local function text(value)
  return type(value) == "string" and value or nil
end

local function count_unknown(self, holders)
  for id in pairs(self.known and holders or {}) do
    local count = self.unknown_counts[id]
    if not self.known[id] and (count or self.unknown_ids < MAX_UNKNOWN) then
      self.unknown_ids = self.unknown_ids + (count and 0 or 1)
      self.unknown_counts[id] = (count or 0) + 1
    end
  end
end

--- What a resource means for the subject.
---@param item table { resource_id, resource_type }
---@param resource elevenlabs.workspace.Resource
---@return elevenlabs.workspace.offboard.Seen
function M.see(item, resource, subject_id)
  local map = roles.map(resource)
  return {
    resource_id = item.resource_id,
    resource_type = item.resource_type,
    name = text(resource.resource_name),
    creator = text(resource.creator_user_id),
    is_creator = resource.creator_user_id == subject_id,
    roles = roles.of(map, subject_id),
    map = map,
  }
end

--- Look at one resource of the reading.
---@param item table { resource_id, resource_type }
---@param resource elevenlabs.workspace.Resource
---@return elevenlabs.workspace.offboard.Seen|nil nil: the subject has no role of its own on it
function Observer:look(item, resource)
  local seen = M.see(item, resource, self.subject.id)
  local holders = roles.principals(seen.map)
  self.counts:add(resource, holders)
  count_unknown(self, holders)
  return (seen.roles[1] or seen.is_creator) and seen or nil
end

---@return elevenlabs.workspace.offboard.Residual[]
function Observer:residuals()
  return self.counts:list()
end

--- Ids with a role that no list of principals names.
---@return {id: string, count: integer}[]
function Observer:unknown()
  local list = {}
  for i, id in ipairs(json.sorted_keys(self.unknown_counts)) do
    list[i] = { id = id, count = self.unknown_counts[id] }
  end
  return list
end

return M
