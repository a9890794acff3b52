--- Waits inside the call: for scripts.

--- How a client waits: the option `driver` takes one of yours.
---@class elevenlabs.workspace.Driver
--- Return when done() is true, having called client:step meanwhile as often as it has work.
--- Where this place cannot wait, return at once, and why not: the call's error says so.
---@field wait fun(client: elevenlabs.workspace.Client, done: fun(): boolean): string|nil
--- Called before a client is closed: watch its descriptor no longer, and let whoever waits look
--- again in the host's next turn, when all calls have ended.
---@field close nil|fun(client: elevenlabs.workspace.Client)
--- Does it ask after each step which of those who wait are done, in whatever coroutine? Else
--- the engine makes sure that each gets its turn.
---@field sweeps boolean|nil
---@field io "inline"|"thread"|nil where requests are run: in the steps (default), or in a thread

---@type elevenlabs.workspace.Driver
local M = { io = "inline", sweeps = true } -- nobody else runs while one waits

-- A bound, not a delay: a step returns with its first completion.
local LONGEST_STEP_MS = 60000

function M.wait(client, done)
  while not done() do
    client:step(LONGEST_STEP_MS)
  end
end

return M
