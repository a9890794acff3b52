--- One world: a workspace, its server, the machine of the case, and the commands that were given.

local clients = require "spec.proof.offboard.clients"
local machines = require "spec.proof.offboard.machine"
local others = require "spec.proof.offboard.others"
local randoms = require "spec.proof.sim.random"
local servers = require "spec.proof.offboard.server"
local weathers = require "spec.proof.offboard.weather"
local workspaces = require "spec.proof.offboard.workspace"

local M = {}

---@class spec.proof.offboard.World
---@field workspace spec.proof.offboard.Workspace
---@field server spec.proof.offboard.Server
---@field machine spec.proof.offboard.Machine
---@field failures {kind: string, text: string}[]
local World = {}
World.__index = World

---@param product table of machine.load
---@param seed integer
---@param folder string that exists, for the cases
---@param logs boolean|nil
function M.new(product, seed, folder, logs)
  local random = randoms.new(seed)
  local self = setmetatable({
    product = product,
    random = random,
    folder = folder,
    machine = machines.new(randoms.new(seed + 1000003), logs),
    failures = {},
    weather = {},
    subject = false, -- the id of whoever the others think of
  }, World)
  product.stage.machine = self.machine
  self.workspace = workspaces.draw(random, function(workspace)
    self.subject = M.draw_subject(random, workspace)
    return self.subject.id
  end)
  self.server = servers.new(self.workspace, random)
  return self
end

--- Who the case is about.
---@return table { kind, id, options = those of `plan`, email = nil }
function M.draw_subject(random, workspace)
  local kind = random:pick { "user", "user", "user", "user", "user", "user", "user", "id",
    "group", "group", "default", "account", "account" }
  local mia = workspace.users[2]
  if kind == "group" and workspace.groups[1] then
    local group = random:pick(workspace.groups)
    return { kind = "group", id = group.id, options = { group_id = group.id } }
  elseif kind == "account" and workspace.accounts[1] then
    local account = random:pick(workspace.accounts)
    return {
      kind = "service_account",
      id = account.id,
      options = { service_account_id = account.id },
    }
  elseif kind == "default" then
    return { kind = "group", id = "default", options = { group_id = "default", everyone = true } }
  elseif kind == "id" then
    return { kind = "user", id = mia.id, has_no_address = true, options = { user_id = mia.id } }
  end
  local email = random:pick { mia.email, mia.email:lower() }
  return { kind = "user", id = mia.id, options = { user_email = email } }
end

function World:fail(kind, format, ...)
  local text = format:format(...)
  self.failures[#self.failures + 1] = { kind = kind, text = text }
  self:note("FAILS (%s): %s", kind, text)
end

--- Add a line to the log. The folder has another name each time.
function World:note(format, ...)
  if self.machine.log then
    local text = format:format(...)
    local at = text:find(self.folder, 1, true)
    if at then
      text = text:sub(1, at - 1) .. "FOLDER" .. text:sub(at + #self.folder)
    end
    self.machine:note("%s", text)
  end
end

-- ---- for the client

local function note_answer(world, record, answer)
  if not world.machine.log then
    return
  end
  world:note(
    "%s %s %s -> %s%s",
    record.op,
    record.key or record.page or record.path,
    record.target and record.target .. (record.role and " " .. record.role or "") or "",
    answer.lost and "lost" or answer.too_large and "too large" or answer.status,
    record.applied and " applied" or record.bad and " " .. record.bad or ""
  )
end

--- Answer a request. Before the process learns of the answer, it may be killed.
function World:answer(request)
  self.machine:touch "request"
  if self.weather.others and self.random:chance(self.weather.others) then
    local act = others.act(self.workspace, self.random, self.subject.id)
    self:note("another administrator: %s", act)
  end
  self.requests = self.requests + 1
  if self.requests == self.cancels_at then
    self:note "cancelled"
    self.cancel()
  end
  local answer, record = self.server:answer(request)
  note_answer(self, record, answer)
  self.machine:touch "answer"
  return answer
end

-- ---- commands

--- What a command did.
---@class spec.proof.offboard.Command
---@field name string
---@field first integer of its records
---@field last integer
---@field tick integer when it began
---@field killed boolean
---@field summary table|nil
---@field err table|nil
---@field raised string|nil

--- Run a command as a process of its own would.
---@param name string
---@param options table { weather = nil: drawn, dies_at = nil, cancels_at = nil: request, client = nil:
--- options }
---@param run fun(client): any, any
---@return spec.proof.offboard.Command
---@return any result
function World:command(name, options, run)
  self.weather = options.weather or weathers.draw(self.random, self.workspace)
  self.server:set_weather(self.weather)
  self.requests, self.cancels_at = 0, options.cancels_at or false
  local command = {
    name = name,
    first = #self.server.records + 1,
    tick = self.workspace.tick,
    weather = self.weather,
  }
  self:note("== %s%s", name, options.dies_at and " that will be killed" or "")
  local client = clients.new(self, options.client or {})
  self.machine:schedule_death(options.dies_at or false)
  local ok, result, err = pcall(run, client)
  command.killed = self.machine.dead
  command.last = #self.server.records
  if command.killed then
    self.machine:reap()
  elseif not ok then
    command.raised = tostring(result)
    self:fail("broken", "%s raised %s", name, command.raised)
    self.machine:reap()
  else
    self.machine:schedule_death(false)
    client:close()
    command.err = err
  end
  command.ended_ms = self.machine.now
  local said = type(result) == "table" and not result.headline and "done" or tostring(result or err)
  self:note("-- %s: %s", name, command.killed and "killed" or said)
  return command, ok and not command.killed and result or nil
end

return M
