--- The coroutines that wait for one client by yielding, in the order in which they came: for drivers
--- that watch the client's descriptor and resume each coroutine by itself.

local M = {}

---@class elevenlabs.workspace.Waiters
local Waiters = {}
Waiters.__index = Waiters

--- The waiters of a client.
---@param client elevenlabs.workspace.Client
---@return elevenlabs.workspace.Waiters
function M.of(client)
  client.waiters = client.waiters or setmetatable({ row = {} }, Waiters)
  return client.waiters
end

-- Lua 5.1 and 5.2 have no such function. To yield through a pcall (5.1) or a sort raises there.
local is_yieldable = rawget(coroutine, "isyieldable")

--- True if the caller may yield, as far as can be known.
---@return boolean
function M.can_yield()
  if is_yieldable then
    return is_yieldable()
  end
  local thread, is_main = coroutine.running()
  return thread ~= nil and not is_main
end

--- Add a waiter. Its field `woken` becomes true when it is removed.
---@param done fun(): boolean
---@param wake fun()
---@return table waiter
function Waiters:add(done, wake)
  local waiter = { done = done, wake = wake, woken = false }
  self.row[#self.row + 1] = waiter
  return waiter
end

---@return boolean
function Waiters:is_empty()
  return #self.row == 0
end

--- Add a waiter that yields until it is woken. If other code resumes the coroutine, it yields
--- again.
---@param done fun(): boolean
function Waiters:yield(done)
  local thread = coroutine.running()
  local waiter = self:add(done, function()
    -- The coroutine is elsewhere if it was killed, or if Lua 5.1 could not yield.
    local frame = coroutine.status(thread) == "suspended" and debug.getinfo(thread, 1, "f")
    local ok, why = true, nil
    if frame and frame.func == Waiters.yield then
      ok, why = coroutine.resume(thread)
    end
    if not ok then
      error(debug.traceback(thread, tostring(why)), 0)
    end
  end)
  repeat
    coroutine.yield()
  until waiter.woken
end

--- True if the waiter is done. If `done` raises, the waiter is woken and sees the error itself.
local function is_due(waiter)
  local ok, is_done = pcall(waiter.done)
  return is_done or not ok
end

--- Remove and wake the waiters that are done. An error of one wake stops no other.
---@param everyone boolean|nil wake all: they look again
---@param raised string|nil an earlier error, to be joined to the errors here
---@return string|nil raised
function Waiters:sweep(everyone, raised)
  local due, others = {}, {}
  for _, waiter in ipairs(self.row) do
    local list = (everyone or is_due(waiter)) and due or others
    list[#list + 1] = waiter
  end
  self.row = others
  for _, waiter in ipairs(due) do
    waiter.woken = true
    local ok, why = pcall(waiter.wake)
    if not ok then
      raised = (raised and raised .. "\n" or "") .. tostring(why)
    end
  end
  return raised
end

return M
