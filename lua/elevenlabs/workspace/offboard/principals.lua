--- Who may have a role: the key's owner, members, groups and service accounts, from the answers of
--- the lists that name them. Only the named fields leave an answer: a list of service accounts holds
--- hashed keys.

local cjson = require "elevenlabs.workspace.cjson"
local core = require "elevenlabs.workspace.core"
local paging = require "elevenlabs.workspace.offboard.paging"

local M = {}

--- The group of everybody. Source: the API's documentation of unshare.
M.EVERYBODY = "default"

local function text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function flag(value)
  return value == true
end

local function is_null(value)
  return value == nil or value == cjson.null
end

--- True if a seat's kind is a text, or is not said.
local function is_seat(value)
  return is_null(value) or type(value) == "string"
end

local function is_flag(value)
  return is_null(value) or type(value) == "boolean"
end

local function is_array(value)
  return type(value) == "table" and (next(value) == nil or value[1] ~= nil)
end

--- Read the rows of an array. `read` returns nil for a row that cannot be read, and may say why.
local function each(array, read, what)
  if not is_array(array) then
    return nil, ("its answer has no array of %s"):format(what)
  end
  local list = {}
  for i, row in ipairs(array) do
    local why
    if type(row) == "table" then
      list[i], why = read(row)
    end
    if not list[i] then
      return nil, why or ("one of its %s has no id"):format(what)
    end
  end
  return list
end

--- The owner of an API key.
---@class elevenlabs.workspace.offboard.Owner
---@field user_id string The id of the owner.
---@field seat_type string|nil The kind of seat, such as "workspace_admin".

---@param body any of GET /v1/user
---@return elevenlabs.workspace.offboard.Owner|nil
---@return string|nil why not
function M.owner(body)
  local user_id = type(body) == "table" and text(body.user_id)
  if not user_id then
    return nil, "its answer has no user_id"
  end
  if not is_seat(body.seat_type) then
    return nil, "its seat_type is no text"
  end
  return { user_id = user_id, seat_type = text(body.seat_type) }
end

--- A member of the workspace.
---@class elevenlabs.workspace.offboard.Member
---@field user_id string The id of the user.
---@field email string The address.
---@field name string|nil The name.
---@field seat_type string|nil The kind of seat, such as "workspace_admin".
---@field is_owner boolean True if the member owns the workspace.
---@field is_locked boolean True if the member is locked.

local function read_member(row)
  local user_id, email = text(row.user_id), text(row.email)
  if not user_id or not email then
    return nil
  elseif not (is_seat(row.seat_type) and is_flag(row.is_owner) and is_flag(row.is_locked)) then
    return nil, "one of its members has a seat_type, is_owner or is_locked of another type"
  end
  return {
    user_id = user_id,
    email = email,
    name = text(row.first_name),
    seat_type = text(row.seat_type),
    is_owner = flag(row.is_owner),
    is_locked = flag(row.is_locked),
  }
end

---@param body any of GET /v1/workspace/members
---@return elevenlabs.workspace.offboard.Member[]|nil
---@return string|nil why not
function M.members(body)
  return each(body, read_member, "members")
end

--- Why a list of members cannot be whole, or nil: the owner of the API key is a member too, or a
--- service account.
---@param members elevenlabs.workspace.offboard.Member[]
---@param owner elevenlabs.workspace.offboard.Owner
---@param accounts elevenlabs.workspace.offboard.ServiceAccount[]|nil nil: they could not be read
---@return string|nil
function M.doubt_members(members, owner, accounts)
  for _, list in ipairs { members, accounts or {} } do
    for _, row in ipairs(list) do
      if row.user_id == owner.user_id then
        return nil
      end
    end
  end
  return "it does not name the owner of the API key, " .. owner.user_id
end

--- A group of members.
---@class elevenlabs.workspace.offboard.Group
---@field id string The id of the group.
---@field name string The name of the group.
--- The ids or the addresses of its members, as keys. Addresses are in lower case.
---@field members table<string, boolean>

local function read_group(row)
  local id = text(row.id)
  if not id or not is_array(row.members) then
    return nil
  end
  local members = {}
  for _, member in ipairs(row.members) do
    if not text(member) then
      return nil, "one of its groups has a member that is no id"
    end
    members[member:lower()] = true
    members[member] = true
  end
  return { id = id, name = text(row.name) or id, members = members }
end

--- The keys of the answer's map are not read: they may differ from the groups' ids.
---@param body any of GET /v1/workspace/groups
---@return elevenlabs.workspace.offboard.Group[]|nil by id
---@return string|nil why not
function M.groups(body)
  if type(body) ~= "table" or (body[1] ~= nil) then
    return nil, "its answer has no map of groups"
  end
  local list = {}
  for _, row in pairs(body) do
    local group, why
    if type(row) == "table" then
      group, why = read_group(row)
    end
    if not group then
      return nil, why or "one of its groups has no id or no members"
    end
    list[#list + 1] = group
  end
  table.sort(list, function(a, b)
    return a.id < b.id
  end)
  return list
end

--- A service account of the workspace.
---@class elevenlabs.workspace.offboard.ServiceAccount
---@field user_id string The id of the account.
---@field name string The name of the account.
---@field key_ids string[] The ids of its API keys. `unshare` names the account by one of them.

---@param body any of GET /v1/service-accounts
---@return elevenlabs.workspace.offboard.ServiceAccount[]|nil
---@return string|nil why not
function M.service_accounts(body)
  body = type(body) == "table" and body or {}
  local list, why = each(body["service-accounts"], function(row)
    local user_id = text(row.service_account_user_id)
    local keys = user_id and each(row["api-keys"], function(key)
      return text(key.key_id)
    end, "keys")
    return keys and { user_id = user_id, name = text(row.name) or user_id, key_ids = keys }
  end, "service accounts")
  local said, said_why = paging.read(body)
  why = why or said_why or said and paging.doubt(said, #list)
  return not why and list or nil, why
end

--- True if a group has this member, by id or by address.
---@param group elevenlabs.workspace.offboard.Group
---@param member elevenlabs.workspace.offboard.Member
---@return boolean
function M.is_in(group, member)
  return group.members[member.user_id] == true or group.members[member.email:lower()] == true
end

--- A hint at the address in the same domain that was probably meant; "" if there is none. Somebody
--- whose name begins with another letter is another person.
local function near_address(members, email)
  local name, domain = email:match "^(.*)(@.*)$"
  local names = {}
  for _, member in ipairs(members) do
    local other = name and member.email:match("^(.*)" .. domain:gsub("%p", "%%%0") .. "$")
    local is_like = other and other:sub(1, 1):lower() == name:sub(1, 1):lower()
    names[#names + 1] = is_like and other or nil
  end
  local near = name and core.nearest(name, names)
  return near and (": did you mean %s%s?"):format(near, domain) or ""
end

--- The member with this address, whatever its case.
---@param members elevenlabs.workspace.offboard.Member[]
---@param email string
---@return elevenlabs.workspace.offboard.Member|nil
---@return string|nil why none, or which ones
function M.by_address(members, email)
  local found = {}
  for _, member in ipairs(members) do
    found[#found + 1] = member.email:lower() == email:lower() and member or nil
  end
  if #found == 1 then
    return found[1]
  elseif #found == 0 then
    return nil, ("no member has the address %s%s"):format(email, near_address(members, email))
  end
  local names = {}
  for i, member in ipairs(found) do
    names[i] = ("%s (%s)"):format(member.email, member.user_id)
  end
  return nil, ("several members have the address %s: %s"):format(email, table.concat(names, ", "))
end

return M
