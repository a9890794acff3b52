--- The cancellation of one command. The user may cancel at any moment: in a run, between two runs, and
--- before the first run.

local M = {}

---@class elevenlabs.workspace.offboard.Cancellation
---@field requests integer how often `cancel` was called
local Cancellation = { __mode = "v" } -- a command that raised must not keep its run's journal open
Cancellation.__index = Cancellation

---@return elevenlabs.workspace.offboard.Cancellation
function M.new()
  return setmetatable({ requests = 0, work = false }, Cancellation)
end

--- End the command as soon as possible. The second call ends what is in flight too.
function Cancellation:cancel()
  self.requests = self.requests + 1
  if self.work then
    self.work:cancel()
  end
end

---@return boolean
function Cancellation:is_asked()
  return self.requests > 0
end

--- From now on `cancel` ends this work. A cancellation that came before ends the work at once.
---@param work {cancel: fun(self: table)} a bulk run, or something that can be cancelled like one
function Cancellation:watch(work)
  self.work = work
  for _ = 1, math.min(self.requests, 2) do -- a run takes two: the second is for what is in flight
    work:cancel()
  end
end

return M
