--- Waits inside the call: for scripts.

local M = {}

-- A bound, not a delay: a step returns with its first completion.
local LONGEST_STEP_MS = 60000

function M.wait(client, done)
  while not done() do
    client:step(LONGEST_STEP_MS)
  end
end

return M
