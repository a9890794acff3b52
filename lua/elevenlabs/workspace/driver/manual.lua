--- Waits by yielding to the caller's coroutine: for hosts that resume it once a
--- frame, or whenever the client's pollfd is readable.

local waiters = require "elevenlabs.workspace.driver.waiters"

---@type elevenlabs.workspace.Driver
local M = { io = "thread" }

--- It may end what another coroutine waits for, whose turn was before: the host is to
--- resume them all once more.
local function step(client)
  if client:step(0) > 0 then
    client.engine:wake()
  end
end

function M.wait(client, done)
  if not waiters.can_yield() then
    return "the manual driver waits by yielding: call from a coroutine, or use client:start"
  end
  step(client)
  while not done() do
    coroutine.yield()
    step(client)
  end
end

return M
