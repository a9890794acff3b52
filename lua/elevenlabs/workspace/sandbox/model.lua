--- The sandbox's model of a workspace: who has which role on which resource, and who may change
--- it, by the documented rules. Lua 5.1, no I/O, no HTTP. Codes marked `ours` are this sandbox's
--- own: ElevenLabs publishes no code for these refusals, so no program should depend on them.

local places = require "elevenlabs.workspace.sandbox.places"

local M = {}

local find = places.find

local MAX_PRINCIPALS = 100

local Model = {}
Model.__index = Model

--- The state of a sandbox's workspace.
---@class elevenlabs.workspace.sandbox.State
---@field users elevenlabs.workspace.sandbox.User[] The members.
---@field groups elevenlabs.workspace.sandbox.Group[] The groups.
--- The service accounts.
---@field service_accounts {id: string, name: string, email: string, key_ids: string[]}[]
--- From the secret of a key to the id of its user or service account.
---@field api_keys table<string, string>
---@field resources elevenlabs.workspace.sandbox.Resource[] The resources.

--- A member of the model.
---@class elevenlabs.workspace.sandbox.User
---@field id string The id of the user.
---@field email string The address.
---@field seat_type string|nil The kind of seat, such as "workspace_admin".
---@field is_owner boolean|nil True if the user owns the workspace.
---@field is_locked boolean|nil True if the user is locked.

--- A group of the model.
---@class elevenlabs.workspace.sandbox.Group
---@field id string The id of the group.
---@field name string The name of the group.
---@field members string[] The ids of its users.
--- True if its list has the members' addresses in place of the ids.
---@field shows_addresses boolean|nil

--- A resource of the model.
---@class elevenlabs.workspace.sandbox.Resource
---@field id string The id of the resource.
---@field type string The type of the resource.
---@field name string The name of the resource.
---@field creator string The id of the user who made the resource.
---@field parent string|nil The id of the agent of which the resource is a branch or a deployment.
---@field archived boolean|nil True if the agent is archived.
---@field anonymous string|nil The role of everybody who has the link.
--- From the id of a user, group or service account to a role, or to a list of several: a preset one
--- and custom ones, "role_...". "default" is every member.
---@field roles table<string, string|string[]>

local function new_resource(id, kind, name, creator, roles)
  roles[creator] = "admin"
  return { id = id, type = kind, name = name, creator = creator, roles = roles }
end

local ADA, MIA, TOM = "user_ada", "user_mia", "user_tom"

local function workspace_of(resources)
  return {
    users = {
      { id = ADA, email = "ada@example.com" },
      { id = MIA, email = "mia@example.com" },
      { id = TOM, email = "tom@example.com" },
      { id = "user_eve", email = "eve@example.com" },
    },
    groups = { { id = "group_studio", name = "Studio", members = { MIA, TOM } } },
    service_accounts = {
      {
        id = "service_deploy",
        name = "Deploy",
        email = "deploy@service.example.com",
        key_ids = { "key_deploy" },
      },
    },
    api_keys = { sk_sandbox_ada = ADA, sk_sandbox_tom = TOM },
    resources = resources,
  }
end

--- A workspace of four people and ten resources. Mia, who leaves, has a role on most of them.
---@return elevenlabs.workspace.sandbox.State
function M.example()
  return workspace_of {
    new_resource("voice_narrator", "voice", "Narrator", ADA, {
      [MIA] = "editor",
      [TOM] = "viewer",
    }),
    new_resource("voice_trailer", "voice", "Trailer", ADA, { [MIA] = "viewer" }),
    new_resource("voices_2026", "voice_collection", "Voices 2026", ADA, { [MIA] = "commenter" }),
    new_resource("agent_support", "convai_agents", "Support", ADA, {
      [MIA] = "admin",
      service_deploy = "editor",
    }),
    new_resource("agent_sales", "convai_agents", "Sales", ADA, { [MIA] = "editor" }),
    new_resource("doc_faq", "convai_knowledge_base_documents", "FAQ", ADA, { [MIA] = "editor" }),
    new_resource("dict_names", "pronunciation_dictionary", "Names", ADA, {
      [MIA] = "viewer",
      default = "viewer",
    }),
    new_resource("project_launch", "project", "Launch film", ADA, {
      [MIA] = "editor",
      group_studio = "editor",
    }),
    new_resource("dub_teaser", "dubbing", "Teaser", MIA, { [ADA] = "admin" }),
    new_resource("voice_draft", "voice", "Draft", TOM, { [ADA] = "viewer", [MIA] = "viewer" }),
  }
end

local LISTS = { "users", "groups", "service_accounts", "api_keys", "resources" }

--- Check a state, which someone may have written by hand.
---@return true|nil, string|nil why
function M.check(state)
  for _, name in ipairs(LISTS) do
    if type(state) ~= "table" or type(state[name]) ~= "table" then
      return nil, name .. " is missing"
    end
  end
  return true
end

---@param state elevenlabs.workspace.sandbox.State kept and changed
---@return elevenlabs.workspace.sandbox.Model
function M.new(state)
  return setmetatable({ state = state }, Model)
end

local function refuse(status, type_, code, message, param)
  return nil, { status = status, type = type_, code = code, message = message, param = param }
end

local function contains(list, value)
  for _, entry in ipairs(list) do
    if entry == value then
      return true
    end
  end
  return false
end

--- The user or service account behind a secret key.
---@return string|nil principal_id, table|nil refusal
function Model:authenticate(key)
  if key == nil or key == "" then
    local message = "Neither authorization header nor xi-api-key received."
    return refuse(401, "authentication_error", "missing_api_key", message) -- ours
  end
  local principal = self.state.api_keys[key]
  if not principal then
    return refuse(401, "authentication_error", "invalid_api_key", "Invalid API key")
  end
  return principal
end

local function find_resource(self, id, type_)
  local resource = find(self.state.resources, "id", id)
  if not resource or resource.type ~= type_ then
    local message = "There is no resource of this type and id."
    return refuse(404, "not_found", "resource_not_found", message) -- ours
  end
  return resource
end

--- True if the principal has the role: by itself, by one of its groups, or as everybody has it.
local function has_role(self, principal, resource, wanted)
  local function matches(role)
    if type(role) == "table" then
      return wanted == nil or contains(role, wanted)
    end
    return role ~= nil and (wanted == nil or role == wanted)
  end
  if matches(resource.roles[principal]) or matches(resource.roles.default) then
    return true
  end
  for _, group in ipairs(self.state.groups) do
    if matches(resource.roles[group.id]) and contains(group.members, principal) then
      return true
    end
  end
  return false
end

--- The resources of these types, of which a list names those that the caller may see.
---@param types string[] one or two
---@param parent string|nil only those of this agent
---@return elevenlabs.workspace.sandbox.Resource[] not to be changed
function Model:listed(types, parent)
  local resources = self.state.resources
  local first = places.of_type(resources, types[1], parent)
  if not types[2] then
    return first
  end
  local both = {}
  for _, group in ipairs { first, places.of_type(resources, types[2], parent) } do
    for _, resource in ipairs(group) do
      both[#both + 1] = resource
    end
  end
  return both
end

--- Somebody may have changed the state: the next list looks at each resource anew.
function Model:notice_changes()
  places.forget(self.state.resources)
end

--- True if lists show the resource to this principal.
function Model:may_see(principal, resource)
  return has_role(self, principal, resource, nil)
end

--- The principal that a target field names.
local function find_target(self, target)
  local state = self.state
  if target.user_email then
    local email = target.user_email
    local found = find(state.users, "email", email) or find(state.service_accounts, "email", email)
    if found then
      return found.id
    end
    local message = "This user is not in the workspace."
    return refuse(400, "validation_error", "user_not_in_workspace", message, "user_email") -- ours
  elseif target.group_id then
    if target.group_id == "default" or find(state.groups, "id", target.group_id) then
      return target.group_id
    end
    return refuse(400, "validation_error", "group_not_found", "No such group.", "group_id") -- ours
  end
  for _, account in ipairs(state.service_accounts) do
    if contains(account.key_ids, target.workspace_api_key_id) then
      return account.id
    end
  end
  local message = "No such workspace API key."
  return refuse(400, "validation_error", "key_not_found", message, "workspace_api_key_id") -- ours
end

--- The resource and the principal of a change that the caller may make.
local function prepare(self, caller, resource_id, args)
  local resource, refusal = find_resource(self, resource_id, args.resource_type)
  if not resource then
    return nil, refusal
  elseif not has_role(self, caller, resource, "admin") then
    local message = "You need admin access to the resource."
    return refuse(403, "authorization_error", "no_admin_access", message) -- ours
  end
  local principal
  principal, refusal = find_target(self, args)
  if not principal then
    return nil, refusal
  elseif principal == resource.creator then
    local message = "The permissions of the resource's creator cannot be removed."
    return refuse(400, "invalid_request", "target_is_creator", message) -- ours
  end
  return resource, principal
end

--- Remove all roles. It is no error if there is none.
---@return true|nil, table|nil refusal
function Model:unshare(caller, resource_id, args)
  local resource, principal = prepare(self, caller, resource_id, args)
  if not resource then
    return nil, principal
  end
  resource.roles[principal] = nil
  return true
end

---@return true|nil, table|nil refusal
function Model:share(caller, resource_id, args)
  local resource, principal = prepare(self, caller, resource_id, args)
  if not resource then
    return nil, principal
  end
  local count = 0
  for _ in pairs(resource.roles) do
    count = count + 1
  end
  if not resource.roles[principal] and count >= MAX_PRINCIPALS then
    local message = "A resource can be shared with at most 100 principals."
    return refuse(400, "invalid_request", "too_many_principals", message) -- ours
  end
  resource.roles[principal] = args.role
  return true
end

--- Who has no role so far. Service accounts have the type "key".
local function share_options(state, resource)
  local options = {}
  local function add(list, type_, name)
    for _, entry in ipairs(list) do
      if not resource.roles[entry.id] then
        options[#options + 1] = { id = entry.id, name = entry[name], type = type_ }
      end
    end
  end
  add(state.users, "user", "email")
  add(state.groups, "group", "name")
  add(state.service_accounts, "key", "name")
  return options
end

local function principals_by_role(resource)
  local by_role = { admin = {}, editor = {}, commenter = {}, viewer = {} }
  for principal, roles in pairs(resource.roles) do
    for _, role in ipairs(type(roles) == "table" and roles or { roles }) do
      by_role[role] = by_role[role] or {} -- a custom role of the workspace, "role_..."
      table.insert(by_role[role], principal)
    end
  end
  for _, ids in pairs(by_role) do
    table.sort(ids)
  end
  return by_role
end

--- The resource that a get answers, as a plain table. `role_to_group_ids` is a map of sorted lists,
--- some of them empty.
---@return table|nil, table|nil refusal
function Model:get(caller, resource_id, args)
  local resource, refusal = find_resource(self, resource_id, args.resource_type)
  if not resource then
    return nil, refusal
  elseif not has_role(self, caller, resource, nil) then
    local message = "You have no access to the resource."
    return refuse(403, "authorization_error", "no_access", message) -- ours
  end
  return {
    resource_id = resource.id,
    resource_name = resource.name,
    resource_type = resource.type,
    creator_user_id = resource.creator,
    anonymous_access_level_override = resource.anonymous,
    role_to_group_ids = principals_by_role(resource),
    share_options = share_options(self.state, resource),
  }
end

return M
