--- A workspace that Mia leaves: as many resources as are asked for, of every kind. Lua 5.1, no I/O.

local sources = require "elevenlabs.workspace.offboard.sources"

local M = {}

local ADA, MIA, TOM, EVE, LEA = "user_ada", "user_mia", "user_tom", "user_eve", "user_lea"

-- These have kinds that no list names. Their ids must come from elsewhere.
local WITHOUT_LIST = { [30] = "songs", [60] = "avatars", [90] = "content_templates" }

local LEAVERS_ROLES = { "viewer", "editor", "commenter" }
local SUCCESSORS_ROLES = { "viewer", "commenter", "editor", "admin" }
local CUSTOM = "role_narrator" -- the workspace's own: share cannot give it

local function kind_of(i)
  return (i - 1) % #sources + 1
end

--- Resources of one kind differ by the round in which they are made.
local function round_of(i)
  return math.floor((i - 1) / #sources)
end

local function type_of(i)
  local types = sources[kind_of(i)].types
  return WITHOUT_LIST[i] or types[round_of(i) % #types + 1]
end

local function id_of(i)
  return ("%s_%04d"):format(type_of(i), i)
end

--- The agent of a branch or a deployment is the one before it.
local function parent_of(i)
  local source = sources[kind_of(i)]
  local before = i
  while source.of and not WITHOUT_LIST[i] and before > 0 do
    before = before - 1
    if sources[kind_of(before)].name == source.of then
      return id_of(before)
    end
  end
end

--- Mia created every 25th, so her role on these stays. Tom created two in five of the others.
local function creator_of(i)
  if i % 25 == 0 then
    return MIA
  end
  return i % 5 > 2 and TOM or ADA
end

--- Mia has no role of her own on every tenth, a custom role on every tenth, and on half of these a
--- preset role too.
local function leavers_roles(i)
  local preset = LEAVERS_ROLES[(i + round_of(i)) % #LEAVERS_ROLES + 1]
  if i % 10 == 9 then
    return nil
  elseif i % 20 == 6 then
    return CUSTOM
  end
  return i % 20 == 16 and { preset, CUSTOM } or preset
end

local function roles_of(i)
  local roles = {
    [MIA] = leavers_roles(i),
    [TOM] = (i + round_of(i)) % 6 == 1 and SUCCESSORS_ROLES[i % #SUCCESSORS_ROLES + 1] or nil,
    group_studio = i % 8 == 3 and "editor" or nil,
    group_night = i % 50 == 31 and "viewer" or nil,
    default = i % 40 == 13 and "viewer" or nil,
    service_deploy = i % 30 == 11 and "editor" or nil,
    service_batch = i % 60 == 12 and "viewer" or nil,
  }
  roles[creator_of(i)] = "admin"
  roles[ADA] = "admin"
  return roles
end

local function resource_of(i)
  local type_ = type_of(i)
  return {
    id = id_of(i),
    type = type_,
    name = "Number " .. i,
    creator = creator_of(i),
    parent = parent_of(i),
    archived = type_ == "convai_agents" and i % 10 == 0 or nil,
    anonymous = i % 50 == 17 and "viewer" or nil,
    roles = roles_of(i),
  }
end

--- Ada may remove each role of Mia's, unless Mia is the creator. Tom may succeed her.
---@param count integer of resources; the first of them are always the same
---@return elevenlabs.workspace.sandbox.State
function M.state(count)
  local resources = {}
  for i = 1, count do
    resources[i] = resource_of(i)
  end
  return {
    users = {
      { id = ADA, email = "ada@example.com", seat_type = "workspace_admin", is_owner = true },
      { id = MIA, email = "mia@example.com", seat_type = "workspace_member" },
      { id = TOM, email = "tom@example.com", seat_type = "workspace_member" },
      { id = EVE, email = "eve@example.com", seat_type = "workspace_lite_member" },
      { id = LEA, email = "lea@example.com", seat_type = "workspace_member", is_locked = true },
    },
    groups = {
      { id = "group_studio", name = "Studio", members = { MIA, TOM } },
      { id = "group_night", name = "Night shift", members = { MIA, EVE }, shows_addresses = true },
    },
    service_accounts = {
      {
        id = "service_deploy",
        name = "Deploy",
        email = "deploy@service.example.com",
        key_ids = { "key_deploy", "key_deploy_spare" },
      },
      {
        id = "service_batch",
        name = "Batch",
        email = "batch@service.example.com",
        key_ids = {},
      },
    },
    api_keys = { sk_sandbox_ada = ADA, sk_sandbox_tom = TOM },
    resources = resources,
  }
end

return M
