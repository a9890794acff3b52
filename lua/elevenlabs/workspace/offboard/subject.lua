--- The subject of a case: the one whose access is to end. A member of the workspace, a group or a
--- service account.

local errors = require "elevenlabs.workspace.error"
local principals = require "elevenlabs.workspace.offboard.principals"

local M = {}

--- Who leaves: a member, a group or a service account.
---@class elevenlabs.workspace.offboard.Subject
---@field kind "user"|"group"|"service_account" What the subject is.
---@field id string The id, as the roles of resources name the subject.
---@field label string What people type to agree: an address, a group's name or an account's id.
--- How `unshare` names the subject. Nil if `unshare` cannot name it.
---@field target {field: string, value: string}|nil
---@field is_admin boolean|nil True if the subject has a seat that reaches every resource.
---@field groups {id: string, name: string}[]|nil The groups of a member.

local KEYS = { "user_email", "user_id", "group_id", "service_account_id" }

--- The one option that names a subject.
---@param options table
---@return string|nil key
---@return elevenlabs.workspace.Error|nil
function M.key_of(options)
  local found
  for _, key in ipairs(KEYS) do
    if options[key] ~= nil then
      if found then
        local message = ("%s and %s do not go together"):format(found, key)
        return nil, errors.invalid(key, message)
      end
      found = key
    end
  end
  if not found then
    return nil, errors.invalid("user_email", "name one of " .. table.concat(KEYS, ", "))
  elseif type(options[found]) ~= "string" or options[found] == "" then
    return nil, errors.invalid(found, found .. " must be a text")
  elseif options.group_id == principals.EVERYBODY and not options.everyone then
    local message = "the group default is every member: everyone must be true"
    return nil, errors.invalid("group_id", message)
  end
  return found
end

local FIND = {}

local function groups_of(found, member)
  local groups = {}
  for _, group in ipairs(found.groups or {}) do
    if principals.is_in(group, member) then
      groups[#groups + 1] = { id = group.id, name = group.name }
    end
  end
  return groups
end

local function subject_of_member(found, member)
  return {
    kind = "user",
    id = member.user_id,
    label = member.email,
    email = member.email,
    is_admin = member.is_owner or member.seat_type == "workspace_admin",
    groups = groups_of(found, member),
  }
end

function FIND.user_email(found, email)
  local member, why = principals.by_address(found.members, email)
  if not member then
    return nil, why
  end
  local subject = subject_of_member(found, member)
  subject.target = { field = "user_email", value = member.email }
  return subject
end

local function member_of(found, id)
  for _, member in ipairs(found.members) do
    if member.user_id == id then
      return member
    end
  end
end

--- By an id a subject can be looked for after it has left. It cannot be removed: the API removes by
--- address.
function FIND.user_id(found, id)
  local member = member_of(found, id)
  if member then
    return subject_of_member(found, member)
  end
  local groups = groups_of(found, { user_id = id, email = "" })
  return { kind = "user", id = id, label = id, groups = groups }
end

function FIND.group_id(found, id)
  if id == principals.EVERYBODY then
    return { kind = "group", id = id, label = id, target = { field = "group_id", value = id } }
  end
  for _, group in ipairs(found.groups) do
    if group.id == id then
      return {
        kind = "group",
        id = id,
        label = group.name,
        target = { field = "group_id", value = id },
      }
    end
  end
  for _, group in ipairs(found.groups) do
    if group.name:lower() == id:lower() then
      local message = "no group has the id %s; the group %s has the id %s"
      return nil, message:format(id, group.name, group.id)
    end
  end
  return nil, ("no group has the id %s"):format(id)
end

function FIND.service_account_id(found, id)
  for _, account in ipairs(found.service_accounts) do
    if account.user_id == id then
      local key_id = account.key_ids[1]
      return {
        kind = "service_account",
        id = id,
        label = id,
        target = key_id and { field = "workspace_api_key_id", value = key_id },
        keys = #account.key_ids,
      }
    end
  end
  return nil, ("no service account has the id %s"):format(id)
end

local NEEDED = {
  user_email = "members",
  user_id = "members",
  group_id = "groups",
  service_account_id = "service_accounts",
}

--- The error for a list of principals that could not be read.
---@param found elevenlabs.workspace.offboard.Discovery
---@param name "owner"|"members"|"groups"|"service_accounts"
---@return elevenlabs.workspace.Error
function M.unread(found, name)
  local what = name == "owner" and "the owner of the API key"
    or "the list of " .. name:gsub("_", " ")
  local cause = found.unread_errors[name]
  return errors.new {
    kind = cause and cause.kind or "untrusted_response",
    outcome = "not_sent",
    message = ("%s could not be read: %s"):format(what, found.unread[name] or "it is missing"),
    retryable = cause and cause.retryable,
  }
end

--- Find the subject among the principals.
---@param found elevenlabs.workspace.offboard.Discovery
---@param key string "user_email", "user_id", "group_id" or "service_account_id"
---@param value string
---@return elevenlabs.workspace.offboard.Subject|nil
---@return elevenlabs.workspace.Error|nil
function M.find(found, key, value)
  if not found.owner then
    return nil, M.unread(found, "owner")
  elseif not found[NEEDED[key]] and value ~= principals.EVERYBODY then
    return nil, M.unread(found, NEEDED[key])
  end
  local subject, why = FIND[key](found, value)
  if not subject then
    return nil, errors.invalid(key, why)
  elseif subject.id == found.owner.user_id then
    local message = "%s is the owner of this API key: use the key of another administrator"
    return nil, errors.invalid(key, message:format(subject.label))
  end
  subject.key, subject.value = key, value
  return subject
end

-- ---- later commands of a case

--- Find the subject of a plan again. The key must be of the same owner, and the subject must be who
--- it was.
---@param found elevenlabs.workspace.offboard.Discovery
---@param header table of the plan
---@param may_have_left boolean nothing is to be changed, so that the id of one who left is enough
---@return elevenlabs.workspace.offboard.Subject|nil
---@return elevenlabs.workspace.Error|nil
function M.find_again(found, header, may_have_left)
  local planned = header.subject
  if found.owner and found.owner.user_id ~= header.owner.user_id then
    local message = "the plan was made with an API key of %s, and this key belongs to %s:"
      .. " use a key of the first, in the same workspace"
    message = message:format(header.owner.user_id, found.owner.user_id)
    return nil, errors.invalid("api_key", message)
  end
  local subject, err = M.find(found, planned.key, planned.value)
  if subject and subject.id == planned.id then
    return subject
  elseif subject then
    local message = "the address %s belongs to %s now, and the plan is for %s"
    message = message:format(planned.label, subject.id, planned.id)
    return nil, errors.invalid(planned.key, message)
  elseif may_have_left and planned.key == "user_email" and found.owner and found.members then
    if not member_of(found, planned.id) then
      subject = FIND.user_id(found, planned.id)
      subject.label, subject.has_left = planned.label, true
      return subject
    end
  end
  return nil, err
end

return M
