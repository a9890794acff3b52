--- The machine on which a case runs: its clock, its files, and its end by a kill. The library's
--- modules are loaded over it, with planted bugs if there are some.

local core = require "elevenlabs.workspace.core"
local loader = require "spec.support.loader"

local M = {}

-- What a killed process sees, wherever it looks.
M.KILLED = "the process was killed"

local EPOCH_S = 1800000000
local DAY_MS = 24 * 3600 * 1000

---@class spec.proof.offboard.Machine
---@field now number ms, monotonic
---@field random table
local Machine = {}
Machine.__index = Machine

-- ---- kills

--- Whatever the process does that others can see, it does here.
function Machine:touch(what)
  if self.dead then
    error(M.KILLED, 0)
  end
  self.touches = self.touches + 1
  if self.touches == self.dies_at then
    self.dead = true
    self:note("killed: %s", what)
    error(M.KILLED, 0)
  end
end

--- Let the process die at its so many-th touch from now on. False: it lives.
function Machine:schedule_death(touches)
  self.dead, self.touches, self.dies_at = false, 0, touches
end

--- The process has ended, and the system closes its files. What was not synced is lost.
function Machine:reap()
  for _, file in ipairs(self.open_files) do
    file:close()
  end
  self.open_files = {}
  self:schedule_death(false)
end

-- ---- time

function Machine:advance(to)
  self.now = math.max(self.now, to)
end

function Machine:pass_days(days)
  self.now = self.now + days * DAY_MS
end

function Machine:note(format, ...)
  if self.log then
    self.log[#self.log + 1] = ("%12.0f  "):format(self.now) .. format:format(...)
  end
end

-- ---- what the modules see

-- A journal of the core whose writes can be the last that the process does.
local File = {}

function File:append(...)
  self.machine:touch "append"
  return self.file:append(...)
end

function File:sync()
  self.machine:touch "sync"
  local ok, failure = self.file:sync()
  self.machine:touch "synced"
  return ok, failure
end

File.__index = function(_, name)
  return File[name] or function(proxy, ...)
    return proxy.file[name](proxy.file, ...)
  end
end

local function open_journal(machine, ...)
  machine:touch "open"
  local file, failure = core.open_journal(...)
  if not file then
    return file, failure
  end
  machine.open_files[#machine.open_files + 1] = file
  return setmetatable({ machine = machine, file = file }, File)
end

local function make_core(stage)
  local own = {}
  function own.now()
    return stage.machine.now
  end
  function own.random()
    return stage.machine.random:next()
  end
  function own.open_journal(...)
    return open_journal(stage.machine, ...)
  end
  function own.rename(...)
    stage.machine:touch "rename"
    return core.rename(...)
  end
  return setmetatable(own, { __index = core })
end

local function make_clock(stage)
  local clock = {}
  function clock.time(at)
    return at and os.time(at) or EPOCH_S + math.floor(stage.machine.now / 1000)
  end
  function clock.date(format, at)
    return os.date(format, at or clock.time())
  end
  function clock.rename(...)
    stage.machine:touch "rename"
    return os.rename(...)
  end
  return setmetatable(clock, { __index = os })
end

-- Each load makes the functions of the modules anew. LuaJIT compiles them again and again: 60 worlds
-- take 9 s of a processor with its compiler, and 2 s without.
local jit = rawget(_G, "jit")
if jit then
  jit.off()
end

--- Load the library. `stage.machine` is the machine on which it runs at the moment.
---@param patches spec.Patch[]|nil
---@return table product { stage, offboard, fakes, evidences }
function M.load(patches)
  local stage = {}
  local load_module = loader.new(make_core(stage), make_clock(stage), patches)
  return {
    stage = stage,
    offboard = load_module "offboard",
    fakes = load_module "sandbox.fake",
    evidences = load_module "answer.evidence",
  }
end

---@param random table
---@param logs boolean|nil keep a log
---@return spec.proof.offboard.Machine
function M.new(random, logs)
  return setmetatable({
    now = 0,
    random = random,
    touches = 0,
    dies_at = false,
    dead = false,
    open_files = {},
    log = logs and {} or false,
  }, Machine)
end

return M
