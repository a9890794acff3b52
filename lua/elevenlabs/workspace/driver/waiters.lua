--- Who waits for calls of one client, for drivers that wake each waiter by itself. In the
--- order in which they came.

local M = {}

---@class elevenlabs.workspace.Waiters
local Waiters = {}
Waiters.__index = Waiters

--- Those of a client. It has them itself: a step that a driver knows nothing of, and that
--- ends a call, lets the descriptor be readable where there are any.
---@param client elevenlabs.workspace.Client
---@return elevenlabs.workspace.Waiters
function M.of(client)
  client.waiters = client.waiters or setmetatable({ row = {} }, Waiters)
  return client.waiters
end

-- Unknown to 5.1 and 5.2, which raise where a pcall or a sort stands in between.
local is_yieldable = rawget(coroutine, "isyieldable")

--- May the caller yield, as far as can be known?
---@return boolean
function M.can_yield()
  if is_yieldable then
    return is_yieldable()
  end
  local thread, is_main = coroutine.running()
  return thread ~= nil and not is_main
end

--- One more. `woken` of it is true from when it is no longer among them.
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

--- Wait by yielding, as one of them: whoever else resumes the coroutine finds that it yields
--- again.
---@param done fun(): boolean
function Waiters:yield(done)
  local thread = coroutine.running()
  local waiter = self:add(done, function()
    -- It is elsewhere where it was killed, or where 5.1 could not yield.
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

--- Where it raises, that is for the waiter to see: it asks again.
local function is_due(waiter)
  local ok, is_done = pcall(waiter.done)
  return is_done or not ok
end

--- Take out those whose time has come and wake each, also where waking another raised.
---@param everyone boolean|nil let all of them look again
---@param raised string|nil what was raised before, to be told together
---@return string|nil raised what waking them raised
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
