--- The driver that yields: for hosts that resume the caller's coroutine once a frame, or whenever
--- the client's pollfd is readable.

local waiters = require "elevenlabs.workspace.driver.waiters"

---@type elevenlabs.workspace.Driver
local M = { io = "thread" }

function M.wait(client, done)
  if not waiters.can_yield() then
    return "the manual driver waits by yielding: call from a coroutine, or use client:start"
  end
  client:step(0)
  while not done() do
    coroutine.yield()
    client:step(0)
  end
end

return M
