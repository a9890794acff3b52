--- Waits by yielding to the caller's coroutine: for hosts that resume it once a
--- frame, or whenever the client's pollfd is readable.

---@type elevenlabs.workspace.Driver
local M = {}

local function in_coroutine()
  local thread, is_main = coroutine.running()
  return thread ~= nil and not is_main
end

--- It may end what another coroutine waits for, whose turn was before: the host is to
--- resume them all once more.
local function step(client)
  if client:step(0) > 0 then
    client.engine:wake()
  end
end

function M.wait(client, done)
  if not in_coroutine() then
    return "the manual driver waits by yielding: call from a coroutine, or use client:start"
  end
  step(client)
  while not done() do
    coroutine.yield()
    step(client)
  end
end

return M
