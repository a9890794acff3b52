--- Cases of mia, who leaves, over a model of a workspace. The clock moves while a program waits.

local fake = require "elevenlabs.workspace.sandbox.fake"
local models = require "elevenlabs.workspace.sandbox.model"
local offboard = require "elevenlabs.workspace.offboard"
local uv = require "luv"

local M = {}

-- A case syncs often. In memory that takes no time.
local TEMPORARY = uv.fs_stat "/dev/shm" and "/dev/shm" or "/tmp"

local root, cases

--- For `before_each`.
function M.begin()
  root, cases = assert(uv.fs_mkdtemp(TEMPORARY .. "/offboard_XXXXXX")), {}
end

--- For `after_each`.
function M.finish()
  for _, case in ipairs(cases) do
    case:close()
  end
  os.execute(("rm -rf '%s'"):format(root))
end

---@param name string
---@return string path in the spec's folder
function M.path(name)
  return root .. "/" .. name
end

--- Close a case when the spec ends.
function M.keep(case, err)
  cases[#cases + 1] = case or nil
  return case, err
end

--- Open the case of mia, or fail.
---@return elevenlabs.workspace.offboard.Case
function M.open(name)
  return assert(M.keep(offboard.open(M.path(name or "mia"))))
end

-- ---- a workspace

-- A workspace with a client. `before(request, number)` is called before each request is answered,
-- and `after(request, answer)` before the client sees the answer. They may raise an error.
local World = {}
World.__index = World

--- Make another client of the workspace.
---@param options table|nil of `fake.new`
function World:connect(options)
  options = options or {}
  options.state = self.state
  local now, client = 0, fake.new(options)
  function client.engine.now()
    now = now + 1
    return now
  end
  local app = client.core.app
  local handle = app.handle
  function app.handle(of, request)
    self.requests[#self.requests + 1] = request
    if self.before then
      self.before(request, #self.requests)
    end
    local answer = handle(of, request)
    return self.after and self.after(request, answer) or answer
  end
  self.client = client
  return self
end

--- The workspace of the sandbox's example: mia has a role of her own on ten resources, one of which
--- she created.
---@param change nil|fun(state: elevenlabs.workspace.sandbox.State)
---@param options table|nil of `fake.new`
function M.world(change, options)
  local state = models.example()
  if change then
    change(state)
  end
  return setmetatable({ state = state, requests = {} }, World):connect(options)
end

---@return elevenlabs.workspace.sandbox.Resource
function World:resource(id)
  for _, resource in ipairs(self.state.resources) do
    if resource.id == id then
      return resource
    end
  end
  error("there is no resource " .. id)
end

--- Mia's role on a resource.
---@return string|nil
function World:role(id)
  return self:resource(id).roles.user_mia
end

function World:remove_resource(id)
  for i, resource in ipairs(self.state.resources) do
    if resource.id == id then
      table.remove(self.state.resources, i)
      return
    end
  end
end

--- The changes that were asked for: "unshare voice_narrator" and such, sorted.
function World:changes()
  local list = {}
  for _, request in ipairs(self.requests) do
    local id, op = request.path:match "resources/([^/]+)/(%l+)$"
    list[#list + 1] = id and op .. " " .. id or nil
  end
  table.sort(list)
  return list
end

--- Answer some requests with a refusal: those whose path ends with `tail`.
function World:refuse(tail, status)
  function self.after(request)
    return request.path:sub(-#tail) == tail
        and { status = status or 403, headers = {}, body = '{"detail":"refused by the spec"}' }
      or nil
  end
end

--- Plan for mia, or fail.
---@param options table|nil of `offboard.plan`, in place of mia's address or beside it
---@return elevenlabs.workspace.offboard.Case
function World:plan(options)
  return assert(self:try_plan(options))
end

---@return elevenlabs.workspace.offboard.Case|nil
---@return elevenlabs.workspace.Error|nil
function World:try_plan(options)
  local all = { user_email = "mia@example.com" }
  for name, value in pairs(options or {}) do
    all[name] = value or nil
  end
  return M.keep(offboard.plan(self.client, M.path "mia", all))
end

--- End the program at a request: before the workspace sees the request, or when the change was made
--- and nobody has seen the answer.
---@param number integer of the request, from now on
---@param is_late boolean
function World:kill_at(number, is_late)
  self.requests = {}
  local function hook()
    if #self.requests == number then
      error("killed", 0)
    end
  end
  self.before, self.after = not is_late and hook or nil, is_late and hook or nil
end

--- What is left of a program that was killed is its files.
---@return elevenlabs.workspace.offboard.Case
function World:restart(case)
  if case then
    case:close()
  end
  self.before, self.after = nil, nil
  self:connect()
  collectgarbage() -- closes the journal of the run that was cut
  collectgarbage()
  return case and M.open()
end

--- Move the plan and the rounds of a case into the past.
function M.age(case, seconds)
  case.plan.header.made_s = case.plan.header.made_s - seconds
  for _, command in ipairs(case.ledger.commands) do
    command.began_s = command.began_s - seconds
  end
end

--- The row of a resource.
---@return elevenlabs.workspace.offboard.Row
function M.row(case, id)
  for _, row in ipairs(case.ledger.rows) do
    if row.resource_id == id then
      return row
    end
  end
end

-- ---- files

function M.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

---@return string path
function M.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

--- The mode of a file or folder, as "600".
function M.mode(path)
  return ("%o"):format(assert(uv.fs_stat(path)).mode % 512)
end

return M
