--- What no removal of the subject's own roles ends, and how each is ended. Source of the facts: the
--- API's documentation of unshare, and offboarding by hand.

local principals = require "elevenlabs.workspace.offboard.principals"

local M = {}

--- Access that remains, or that nobody can look for.
---@class elevenlabs.workspace.offboard.Residual
--- Which access; `text` says it in words.
---@field kind "creator"|"admin_seat"|"group"|"everyone"|"anonymous"|"keys"|"api_keys"|"invitations"|"unlisted"
---@field text string What remains, in a few words.
---@field next_step string How a person ends the access.
---@field count integer|nil How many resources it concerns.
--- True if the subject has access by it. False if nobody can look for it here.
---@field is_access boolean

--- Counts resources while they are read.
---@class elevenlabs.workspace.offboard.ResidualCounts
local Counts = {}
Counts.__index = Counts

---@param subject elevenlabs.workspace.offboard.Subject
---@return elevenlabs.workspace.offboard.ResidualCounts
function M.new(subject)
  return setmetatable({
    subject = subject,
    created = 0,
    everyone = 0,
    anonymous = 0,
    of_group = {}, -- by id
  }, Counts)
end

--- Count one resource.
---@param resource elevenlabs.workspace.Resource
---@param holders table<string, boolean> every principal that has a role on it
function Counts:add(resource, holders)
  local subject = self.subject
  if resource.creator_user_id == subject.id then
    self.created = self.created + 1
  end
  if holders[principals.EVERYBODY] and subject.id ~= principals.EVERYBODY then
    self.everyone = self.everyone + 1
  end
  if type(resource.anonymous_access_level_override) == "string" then
    self.anonymous = self.anonymous + 1
  end
  for _, group in ipairs(subject.groups or {}) do
    if holders[group.id] then
      self.of_group[group.id] = (self.of_group[group.id] or 0) + 1
    end
  end
end

---@param count integer
---@return string "1 resource", "12 resources"
function M.resources(count)
  return ("%d resource%s"):format(count, count == 1 and "" or "s")
end

local function residual(kind, is_access, text, next_step, count)
  return { kind = kind, is_access = is_access, text = text, next_step = next_step, count = count }
end

local ADD = {}

function ADD.creator(list, self)
  if self.created > 0 then
    list[#list + 1] = residual(
      "creator",
      true,
      "creator of " .. M.resources(self.created),
      "copy the resource for another member and delete it, or remove the member from the workspace:"
        .. " the API takes no role from a creator",
      self.created
    )
  end
end

function ADD.admin_seat(list, self)
  if self.subject.is_admin then
    list[#list + 1] = residual(
      "admin_seat",
      true,
      "workspace admin",
      "change the seat in the workspace's settings: an admin reaches every resource"
    )
  end
end

function ADD.group(list, self)
  for _, group in ipairs(self.subject.groups or {}) do
    local count = self.of_group[group.id] or 0
    list[#list + 1] = residual(
      "group",
      count > 0,
      ("group %s (%s)"):format(group.name, M.resources(count)),
      ("remove the member from the group %s in the workspace's settings"):format(group.name),
      count
    )
  end
end

function ADD.everyone(list, self)
  if self.everyone > 0 and self.subject.kind == "user" then
    list[#list + 1] = residual(
      "everyone",
      true,
      ("a role that every member has (%s)"):format(M.resources(self.everyone)),
      "remove the member from the workspace, or take the role from everybody: offboard plan FOLDER"
        .. " --group-id default --everyone",
      self.everyone
    )
  end
end

function ADD.anonymous(list, self)
  if self.anonymous > 0 then
    list[#list + 1] = residual(
      "anonymous",
      true,
      ("anonymous access for anybody (%s)"):format(M.resources(self.anonymous)),
      "end the anonymous access in each resource's own settings",
      self.anonymous
    )
  end
end

function ADD.keys(list, self)
  local count = self.subject.keys or 0
  if count > 0 then
    list[#list + 1] = residual(
      "keys",
      true,
      ("%d API key%s of the account"):format(count, count == 1 and "" or "s"),
      "delete the keys in the workspace's settings"
    )
  end
end

function ADD.unlisted(list, self)
  if self.subject.kind == "user" then
    list[#list + 1] = residual(
      "api_keys",
      false,
      "their own API keys cannot be listed",
      "look for them in the workspace's settings, and delete them"
    )
    list[#list + 1] = residual(
      "invitations",
      false,
      "pending invitations cannot be listed",
      "look for them in the workspace's settings, and withdraw them"
    )
  end
end

local ORDER = { "admin_seat", "creator", "group", "everyone", "anonymous", "keys", "unlisted" }

--- What remains, the widest access first.
---@return elevenlabs.workspace.offboard.Residual[]
function Counts:list()
  local list = {}
  for _, name in ipairs(ORDER) do
    ADD[name](list, self)
  end
  return list
end

return M
