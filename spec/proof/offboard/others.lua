--- Other administrators, who are at work while a case is.

local workspaces = require "spec.proof.offboard.workspace"

local M = {}

--- What they do. Each gets the workspace, random numbers and the subject's id.
local ACTS = {}

local function pick(workspace, random)
  return workspace.resources[1] and random:pick(workspace.resources)
end

--- Give the subject a role, perhaps a newer one.
function ACTS.share(workspace, random, subject)
  local resource = pick(workspace, random)
  if resource and resource.creator ~= subject then
    workspace:set_roles(resource, subject, workspaces.draw_roles(random))
  end
end

function ACTS.unshare(workspace, random, subject)
  local resource = pick(workspace, random)
  if resource and resource.creator ~= subject then
    workspace:set_roles(resource, subject, nil)
  end
end

--- A new resource, behind or before the others.
function ACTS.create(workspace, random, subject)
  workspace.born = (workspace.born or 0) + 1
  local at = random:chance(0.5) and 1000 + workspace.born or -workspace.born
  local type_ = workspace:draw_type(random)
  workspaces.add(workspace, random, type_, "new_" .. workspace.born, subject, at)
end

--- Lists still name it for a while.
function ACTS.delete(workspace, random)
  local resource = pick(workspace, random)
  if resource and resource.type ~= "convai_agents" then
    resource.is_deleted = true
  end
end

function ACTS.give_others(workspace, random)
  local resource = pick(workspace, random)
  local whom = {}
  for _, user in ipairs(workspace.users) do
    whom[#whom + 1] = user.id ~= workspace.caller and user.id or nil
  end
  for _, group in ipairs(workspace.groups) do
    whom[#whom + 1] = group.id
  end
  whom[#whom + 1] = "default"
  local principal = random:pick(whom)
  if resource and principal ~= resource.creator then
    workspace:set_roles(resource, principal, workspaces.draw_roles(random))
  end
end

function ACTS.seat(workspace, random, subject)
  local user = workspace:user("id", subject)
  if user then
    user.seat_type = random:chance(0.7) and "workspace_admin" or "workspace_member"
  end
end

function ACTS.join_group(workspace, random, subject)
  local group = workspace.groups[1] and random:pick(workspace.groups)
  if group and workspace:user("id", subject) then
    table.insert(group.members, subject)
  end
end

function ACTS.lock(workspace, _, subject)
  local user = workspace:user("id", subject)
  if user then
    user.is_locked = true
  end
end

function ACTS.open_to_all(workspace, random)
  local resource = pick(workspace, random)
  if resource then
    resource.anonymous = random:chance(0.7) and "viewer" or nil
  end
end

local NAMES = {}
for name in pairs(ACTS) do
  NAMES[#NAMES + 1] = name
end
table.sort(NAMES)

--- Let somebody do something.
---@param names string[]|nil what they may do; default: all
---@return string name of what was done
function M.act(workspace, random, subject, names)
  local name = random:pick(names or NAMES)
  workspace.tick = workspace.tick + 1
  ACTS[name](workspace, random, subject)
  return name
end

--- Let others do some things between two commands.
---@param world spec.proof.offboard.World
---@param chance number of each further thing
function M.interlude(world, chance)
  while world.random:chance(chance) do
    local act = M.act(world.workspace, world.random, world.subject.id)
    world:note("another administrator: %s", act)
  end
end

-- ---- what changes who the subject is. Between commands alone

--- The member leaves: the address means nobody any more. Groups may name the id still.
---@return table user
function M.leave(workspace, subject)
  for i, user in ipairs(workspace.users) do
    if user.id == subject then
      return table.remove(workspace.users, i)
    end
  end
end

--- Another person gets the address.
function M.replace(workspace, id)
  local user = workspace:user("id", id)
  table.insert(workspace.users, { id = id .. "_again", email = user.email })
  user.email = "former-" .. user.email
end

function M.replace_back(workspace, id)
  M.leave(workspace, id .. "_again")
  local user = workspace:user("id", id)
  user.email = user.email:gsub("^former%-", "")
end

return M
