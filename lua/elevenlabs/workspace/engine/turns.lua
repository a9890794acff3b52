--- Coroutines that wait in turns: each steps the engine when the host resumes it, and what
--- one step brings may be what another waits for, whose turn was before. Until all have
--- looked again, the host must not sleep.

local M = {}

-- A bound where waiters were forgotten: their host is not kept busy for ever. Between two
-- looks of one waiter each of the others steps once, or twice where it begins to wait anew;
-- and functions of theirs may take some more steps before the others' turns.
local STEPS_A_WAITER = 64

---@class elevenlabs.workspace.Turns
---@field news integer times that one of them may have got what it waits for
---@field unheeded integer above 0: not all know of the last; so many steps are to end at once
local Turns = {}
Turns.__index = Turns

---@return elevenlabs.workspace.Turns
function M.new()
  return setmetatable({
    news = 0,
    unheeded = 0,
    count = 0,
    by_thread = setmetatable({}, { __mode = "k" }), -- how many of them
  }, Turns)
end

--- The coroutine that runs; 5.1 has none for the main one.
local function this_thread()
  return coroutine.running() or M
end

--- Somebody may have got what it waits for.
function Turns:announce()
  self.news = self.news + 1
  self.unheeded = STEPS_A_WAITER * self.count
end

function Turns:step_begins()
  self.unheeded = math.max(0, self.unheeded - 1)
end

--- Whoever steps looks by itself after that: where nobody else waits, all is known.
function Turns:step_ends()
  if self.unheeded > 0 and self.count == (self.by_thread[this_thread()] or 0) then
    self.unheeded = 0
  end
end

local function add(self, thread, change)
  self.count = self.count + change
  self.by_thread[thread] = (self.by_thread[thread] or 0) + change
end

--- Wait by the driver. A host resumes all who wait in turns: once one of them looks for the
--- second time since the last news, all have looked.
---@param ask_driver fun(done: fun(): boolean): string|nil
---@param done fun(): boolean
---@return string|nil why not
function Turns:wait(ask_driver, done)
  local looked, thread = false, this_thread()
  add(self, thread, 1)
  local why = ask_driver(function()
    if looked == self.news then
      self.unheeded = 0
    end
    looked = self.news
    return done()
  end)
  add(self, thread, -1)
  return why
end

return M
