--- What the children of memory.lua share: clients, and the peak of the own process.

local clients = require "elevenlabs.workspace.client"
local core = require "elevenlabs.workspace.core"
local evidences = require "elevenlabs.workspace.answer.evidence"
local workspace = require "elevenlabs.workspace"

local M = {}

local BASE_URL = "https://server.example"

-- A core that answers in the next step.
local Core = {}
Core.__index = Core

function Core:validate(op, args, key)
  return self.checker:validate(op, args, key)
end

function Core:prepare(op, args, key)
  local ok, why = self.checker:prepare(op, args, key)
  return ok and { op = op, args = args }, why
end

function Core:send(request, key, slot)
  local op = request.op
  local fields = { slot = slot, body = self.body_of(op, request.args) }
  self.due[#self.due + 1] = evidences.new(op, fields, key)
  self.count = self.count + 1
  return true
end

function Core:step()
  local due = self.due
  self.due = {}
  return self.divide(due)
end

Core.close = Core.step

function Core:counts()
  return self.count, 0, 0
end

function Core.wake_at() end

-- A core that confirms in the next step, as plainly as the service does. It makes no evidence, nor
-- does the core in C for such answers.
local Confirming = setmetatable({}, { __index = Core })
Confirming.__index = Confirming

local NONE, OK_CODE = {}, 2 -- the code of the body {"status":"ok"}

function Confirming:send(_, _, slot)
  self.count, self.pending = self.count + 1, self.pending + 1
  self.due[self.pending] = slot
  return true
end

function Confirming:step()
  local plain, count = self.plain, self.pending
  for i = 1, count do
    local at = 4 * i
    plain[at - 3], plain[at - 2], plain[at - 1], plain[at] = self.due[i], false, OK_CODE, 1
  end
  self.pending = 0
  return plain, count, NONE
end

Confirming.close = Confirming.step

--- A client of a core that answers at once.
---@param body_of nil|fun(op: string, args: table): string nil: every change is confirmed
function M.of_fake(body_of)
  local checker = assert(core.new { base_url = BASE_URL })
  return clients.over {
    core = setmetatable({
      checker = checker,
      due = {},
      pending = 0,
      plain = {},
      count = 0,
      body_of = body_of,
      divide = evidences.divider(),
    }, body_of and Core or Confirming),
    base_url = BASE_URL,
    api_key = "key",
    driver = require "elevenlabs.workspace.driver.blocking",
  }
end

--- A client of the sandbox that the environment names.
function M.of_sandbox()
  return assert(workspace.new {
    base_url = os.getenv "ELEVENLABS_BASE_URL",
    ca_file = os.getenv "ELEVENLABS_CA_FILE",
  })
end

--- The most memory that this process had.
function M.peak_kib()
  local file = assert(io.open "/proc/self/status")
  local text = file:read "*a"
  file:close()
  return tonumber(text:match "VmHWM:%s*(%d+)")
end

return M
