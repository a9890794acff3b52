--- How many threads the process has: for code that runs in a process of its own.

local core = require "elevenlabs.workspace.core"
local uv = require "luv"

local M = {}

local LIMIT_MS = 20000

---@return integer
function M.count()
  local scan, count = assert(uv.fs_scandir "/proc/self/task"), 0
  while uv.fs_scandir_next(scan) do
    count = count + 1
  end
  return count
end

--- True once there are so many. The kernel lists a thread for a moment after it has been joined.
---@param count integer
---@return boolean
function M.settles_at(count)
  local last = core.now() + LIMIT_MS
  while M.count() ~= count and core.now() < last do
  end
  return M.count() == count
end

return M
