--- A workspace drawn from a seed: people, groups, service accounts, resources, and who has which
--- roles. A principal may have several roles on a resource.

local lists = require "spec.proof.offboard.lists"

local M = {}

M.PRESET = { viewer = 1, commenter = 2, editor = 3, admin = 4 }
local ROLES = { "viewer", "commenter", "editor", "admin" }
local CUSTOM = { "role_narrator", "role_night_shift" }
local MAX_PRINCIPALS = 100

---@class spec.proof.offboard.Resource
---@field id string
---@field type string
---@field name string
---@field creator string
---@field order number its place in lists
---@field agent string|nil whose branch or deployment it is
---@field archived boolean
---@field anonymous string|nil the role of everybody in the world
---@field roles table<string, string[]> by the principal's id
---@field is_hidden boolean|nil no list names it
---@field is_deleted boolean|nil lists still name it, reads find nothing
---@field since table<string, integer> by principal: the tick at which its roles last changed
---@field created integer a tick

---@class spec.proof.offboard.Workspace
---@field caller string the user of the API key
---@field users table[] { id, email, seat_type, is_locked }
---@field groups table[] { id, name, members }
---@field accounts table[] { id, name, key_ids }
---@field resources spec.proof.offboard.Resource[]
---@field by_key table<string, spec.proof.offboard.Resource> by "type id"
---@field tick integer grows with each request and each change
local Workspace = {}
Workspace.__index = Workspace

-- ---- people

local function draw_people(self, random)
  self.users = {
    { id = self.caller, email = "ada@example.com", seat_type = "workspace_admin" },
    { id = "user_mia", email = "Mia@Example.com", seat_type = "workspace_member" },
    { id = "user_tom", email = "tom@example.com", seat_type = "workspace_member" },
  }
  for i = 1, random:int(0, 3) do
    local id = "user_" .. i
    table.insert(self.users, { id = id, email = ("person%d@example.com"):format(i) })
  end
  for _, user in ipairs(self.users) do
    user.is_locked = user.id ~= self.caller and random:chance(0.1)
  end
  if random:chance(0.1) then
    self.users[2].seat_type = "workspace_admin"
  end
end

local function draw_groups(self, random)
  for i = 1, random:pick { 0, 1, 1, 2 } do
    local group = { id = "group_" .. i, name = "Team " .. i, members = {} }
    for _, user in ipairs(self.users) do
      if random:chance(0.4) then
        table.insert(group.members, random:chance(0.5) and user.id or user.email:upper())
      end
    end
    self.groups[i] = group
  end
  for i = 1, random:pick { 0, 1, 2 } do
    local account = { id = "service_" .. i, name = "Robot " .. i, key_ids = {} }
    for k = 1, random:pick { 0, 1, 2 } do
      account.key_ids[k] = ("key_%d_%d"):format(i, k)
    end
    self.accounts[i] = account
  end
end

-- ---- roles

function M.draw_role(random)
  return random:chance(0.12) and random:pick(CUSTOM) or random:pick(ROLES)
end

--- One role, seldom several.
function M.draw_roles(random)
  local roles = { M.draw_role(random) }
  if random:chance(0.1) then
    local other = M.draw_role(random)
    roles[2] = other ~= roles[1] and other or nil
  end
  return roles
end

local function fill_up(resource)
  local count = 0
  for _ in pairs(resource.roles) do
    count = count + 1
  end
  for i = count + 1, MAX_PRINCIPALS do
    resource.roles["user_far_" .. i] = { "viewer" }
  end
end

--- Everybody who may have roles, the subject first.
local function principals_of(self)
  local all = { "default", "user_gone" }
  for _, of in ipairs { self.users, self.groups, self.accounts } do
    for _, entry in ipairs(of) do
      all[#all + 1] = entry.id
    end
  end
  return all
end

local function draw_roles_of(self, random, resource, subject)
  for _, principal in ipairs(principals_of(self)) do
    local how_often = principal == subject and 0.7 or principal == "default" and 0.07 or 0.25
    if random:chance(how_often) then
      resource.roles[principal] = M.draw_roles(random)
    end
  end
  resource.roles[resource.creator] = { "admin" }
  resource.roles[self.caller] = { random:chance(0.95) and "admin" or "viewer" }
  if random:chance(0.03) then
    fill_up(resource)
  end
end

-- ---- resources

local function draw_creator(self, random, subject)
  if random:chance(0.08) and self:user("id", subject) then
    return subject
  end
  return random:pick(self.users).id
end

--- Add a resource.
---@param at number its place in lists
function M.add(self, random, type_, id, subject, at)
  local resource = {
    id = id,
    type = type_,
    name = random:chance(0.1) and "<script>" or "Number " .. id,
    creator = draw_creator(self, random, subject),
    order = at,
    archived = random:chance(0.2),
    anonymous = random:chance(0.04) and "viewer" or nil,
    roles = {},
    since = {},
    created = self.tick,
  }
  if lists.by_type[type_] and lists.by_type[type_].of_agent then
    local agents = self:agents()
    resource.agent = random:pick(agents).id
  end
  draw_roles_of(self, random, resource, subject)
  table.insert(self.resources, resource)
  self.by_key[type_ .. " " .. id] = resource
  return resource
end

function Workspace:agents()
  local agents = {}
  for _, resource in ipairs(self.resources) do
    agents[#agents + 1] = resource.type == "convai_agents" and resource or nil
  end
  return agents
end

--- The kinds of a world: some, so that a list has several rows.
local function draw_types(random)
  local all, types = {}, {}
  for type_ in pairs(lists.by_type) do
    all[#all + 1] = type_
  end
  table.sort(all)
  random:shuffle(all)
  for i = 1, random:pick { 1, 2, 4, 6, #all } do
    types[i] = all[i]
  end
  return types
end

--- A kind that the world has room for: a branch needs an agent.
function Workspace:draw_type(random)
  local type_ = random:pick(self.types)
  local needs_agent = lists.by_type[type_].of_agent
  return needs_agent and not self:agents()[1] and "convai_agents" or type_
end

--- Ids that are valid under two types.
local function add_twins(self, random, subject)
  local twins = random:pick { { "project", "studio_projects" }, { "voice", "assets" } }
  for _, type_ in ipairs(twins) do
    local twin = M.add(self, random, type_, "twin", subject, 0)
    twin.creator = self.caller
    twin.roles[subject] = { "editor" }
  end
end

local function add_hidden(self, random, subject)
  for i = 1, random:pick { 0, 0, 1, 2 } do
    local type_ = random:pick(lists.WITHOUT_LIST)
    M.add(self, random, type_, "hidden_" .. i, subject, i).is_hidden = true
  end
end

--- Give a principal these roles in place of others; nil: none.
---@param roles string[]|nil
function Workspace:set_roles(resource, principal, roles)
  resource.roles[principal] = roles
  resource.since[principal] = self.tick
end

function Workspace:user(field, value)
  for _, user in ipairs(self.users) do
    if user[field] == value then
      return user
    end
  end
end

function Workspace:group(id)
  for _, group in ipairs(self.groups) do
    if group.id == id then
      return group
    end
  end
end

local function is_member(group, user)
  for _, member in ipairs(group.members) do
    if member == user.id or member:lower() == user.email:lower() then
      return true
    end
  end
  return false
end

--- The groups that a user is in.
function Workspace:groups_of(user_id)
  local found, user = {}, self:user("id", user_id)
  for _, group in ipairs(self.groups) do
    found[#found + 1] = user and is_member(group, user) and group or nil
  end
  return found
end

--- True if the caller may see the resource.
function Workspace:may_see(resource)
  return resource.roles[self.caller] ~= nil
end

function Workspace:may_change(resource)
  for _, role in ipairs(resource.roles[self.caller] or {}) do
    if role == "admin" then
      return true
    end
  end
  return false
end

--- Draw one. `subject` is the id of whoever the case is about: the principal with most roles.
---@param draw_subject fun(workspace): string
---@return spec.proof.offboard.Workspace
function M.draw(random, draw_subject)
  local self = setmetatable({
    caller = "user_ada",
    users = {},
    groups = {},
    accounts = {},
    resources = {},
    by_key = {},
    types = draw_types(random),
    tick = 0,
  }, Workspace)
  draw_people(self, random)
  draw_groups(self, random)
  local subject = draw_subject(self)
  for i = 1, random:pick { 3, 8, 15, 25, 40 } do
    M.add(self, random, self:draw_type(random), ("r%02d"):format(i), subject, i)
  end
  if random:chance(0.3) then
    add_twins(self, random, subject)
  end
  add_hidden(self, random, subject)
  return self
end

return M
