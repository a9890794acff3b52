--- Who waits: for each coroutine that waits for something of a client, its condition.
---
--- A step of one coroutine may bring what another waits for. The engine then wakes the waiter, if its
--- driver said how. Otherwise the client's descriptor stays readable until the waiter has looked.

local lists = require "elevenlabs.workspace.engine.list"

local M = {}

-- A bound for waiters that nobody will resume: they must not keep their host busy for ever. Between
-- two looks of one waiter each other waiter makes one step, or two if it begins to wait anew, and
-- some more steps may come from functions that the waiters call.
local STEPS_A_WAITER = 64

-- By coroutine: { wait = function(engine, done) -> nil|why not }, of code that resumes the coroutine
-- itself. A waiter there waits by that code and not by its client's driver.
local resumed_by = setmetatable({}, { __mode = "k" })
M.resumed_by = resumed_by

---@class elevenlabs.workspace.Waiter
---@field done fun(): boolean
---@field satisfied boolean `done` was true after a step, and the waiter has not looked since
--- Set by a driver that can wake the waiter. Called once the waiter is satisfied, outside a step. It
--- runs no code of the user's. After that the waiter is in the list no more, unless `wake` returned
--- false: then the driver needs a readable descriptor first.
---@field wake nil|fun(): boolean|nil

---@class elevenlabs.workspace.Waiters
---@field owed boolean a satisfied waiter must be resumed by the host: the host must not sleep
local Waiters = {}
Waiters.__index = Waiters

---@return elevenlabs.workspace.Waiters
function M.new()
  return setmetatable({
    list = lists.new(),
    count = 0,
    satisfied = 0, -- how many are
    steps_left = 0, -- until the satisfied waiters count as abandoned
    owed = false,
    sweeps = 0, -- so far
  }, Waiters)
end

--- The coroutine that runs. 5.1 has none for the main one. In nginx's set_by_lua and log_by_lua the
--- functions of `coroutine` raise.
local function this_thread()
  local ok, thread = pcall(coroutine.running)
  return ok and thread or M
end

--- Who resumes the caller's coroutine, if other code than the host does.
---@return table|nil
function M.resumer()
  return resumed_by[this_thread()]
end

local function enlist(self, waiter)
  lists.append(self.list, waiter)
  waiter.is_listed, waiter.satisfied = true, false
  self.count = self.count + 1
end

---@param done fun(): boolean
---@return elevenlabs.workspace.Waiter
function Waiters:add(done)
  local waiter = {
    done = done,
    thread = this_thread(),
    satisfied = false,
    wake = nil,
    is_listed = false,
    next = false,
    previous = false,
  }
  enlist(self, waiter)
  return waiter
end

--- True if nobody waits.
---@return boolean
function Waiters:is_empty()
  return self.count == 0
end

local function set_satisfied(self, waiter, satisfied)
  if waiter.satisfied ~= satisfied then
    waiter.satisfied = satisfied
    self.satisfied = self.satisfied + (satisfied and 1 or -1)
  end
  self.owed = self.owed and self.satisfied > 0
end

--- The waiter waits no more, or was woken.
---@param waiter elevenlabs.workspace.Waiter
function Waiters:remove(waiter)
  if waiter.is_listed then
    set_satisfied(self, waiter, false)
    lists.remove(self.list, waiter)
    waiter.is_listed = false
    self.count = self.count - 1
  end
end

--- The waiter looks whether it is done. If not, it waits on, though it was woken or abandoned. If
--- `done` raises, it waits no more.
---@param waiter elevenlabs.workspace.Waiter
---@return boolean
function Waiters:look(waiter)
  local ok, is_done = pcall(waiter.done)
  if not ok then
    self:remove(waiter)
    error(is_done, 0)
  elseif waiter.is_listed then
    set_satisfied(self, waiter, false)
  elseif not is_done then
    enlist(self, waiter)
  end
  return is_done
end

--- False if the coroutine is dead. In some of nginx's phases nobody can tell.
local function is_alive(waiter)
  local thread = waiter.thread
  if thread == M then
    return true
  end
  local ok, status = pcall(coroutine.status, thread)
  return not ok or status ~= "dead"
end

--- True if the waiter is done. If `done` raises, the waiter must look, and sees the error itself.
local function is_due(waiter)
  local ok, is_done = pcall(waiter.done)
  return is_done or not ok
end

--- True if the waiter has made the step itself: it looks next. A loop may make the step in the thread
--- of a waiter, but such a waiter has a `wake`.
local function is_stepper(waiter, here)
  return waiter.thread == here and not waiter.wake
end

--- Wake a waiter, if its driver said how. If that raises, the next sweep tries again.
---@return string|nil raised
local function wake(self, waiter)
  set_satisfied(self, waiter, true)
  self.steps_left = STEPS_A_WAITER * self.count
  if not waiter.wake then
    return nil
  end
  local ok, is_woken = pcall(waiter.wake)
  if not ok then
    set_satisfied(self, waiter, false)
    return is_woken
  elseif is_woken ~= false then
    self:remove(waiter)
  end
end

--- Find the waiters that are satisfied now, and wake them. No step is under way. An error of one
--- stops no other, and is raised at the end. A finalizer may step meanwhile. The sweep of that step
--- looks at all, so the rest of this one does nothing.
---@return boolean is_last no other sweep came meanwhile
function Waiters:sweep()
  local waiter, here, is_owed, raised = self.list.first, this_thread(), false, nil
  local sweep = self.sweeps + 1
  self.sweeps = sweep
  if self.count == 1 and is_stepper(waiter, here) then
    set_satisfied(self, waiter, true)
    self.steps_left = STEPS_A_WAITER
    return true
  end
  while waiter and self.sweeps == sweep do
    local following = waiter.next
    if not is_alive(waiter) then
      self:remove(waiter)
    elseif not waiter.satisfied and is_due(waiter) and waiter.is_listed then
      raised = wake(self, waiter) or raised
    end
    is_owed = is_owed or (waiter.satisfied and not is_stepper(waiter, here))
    waiter = following
  end
  if self.sweeps == sweep then
    self.owed = is_owed
  end
  if raised then
    error(raised, 0)
  end
  return self.sweeps == sweep
end

--- Wake all waiters that can be woken. Each looks again. Those that are not done stay in the list.
function Waiters:wake_all()
  local waiter = self.list.first
  while waiter do
    local following = waiter.next
    if waiter.wake then
      waiter.wake()
    end
    waiter = following
  end
end

--- A step begins. Waiters that were satisfied long ago, and did not look, are abandoned.
function Waiters:step_begins()
  if self.satisfied == 0 then
    return
  end
  self.steps_left = self.steps_left - 1
  local waiter = self.steps_left < 0 and self.list.first
  while waiter do
    local following = waiter.next
    if waiter.satisfied then
      self:remove(waiter)
    end
    waiter = following
  end
end

return M
