--- The driver for scripts: it waits inside the call. The contract of every driver stands here.

-- luacheck: push no max comment line length (an annotation cannot be broken)

--- How a client waits. The option `driver` takes one of your own.
---@class elevenlabs.workspace.Driver
--- Call client:step whenever it has work, and return when done() is true. If this place cannot
--- wait, return at once, with the reason: it becomes the call's error. A driver that can wake its
--- waiter may set the field `wake` of `waiter`.
---@field wait fun(client: elevenlabs.workspace.Client, done: fun(): boolean, waiter: table): string|nil
--- Called before a client is closed. Stop watching its descriptor. In the host's next turn, let all
--- waiters check `done`: all calls have ended then.
---@field close nil|fun(client: elevenlabs.workspace.Client)
--- Who makes the transfers: "inline", the steps (default); or "thread", a thread.
---@field io "inline"|"thread"|nil
--- Run `f`, now or later, in a coroutine of its own, in which the connections of a limit may wait. If
--- that is not possible here, do nothing: it is called again. Default: a step runs `f` itself.
---@field spawn nil|fun(f: function)
--- True if the host has nothing else to do while a call waits. Connections of a limit may then hold the
--- host up for 250 ms at most. Long work of the library then gives the host no turn.
---@field may_block boolean|nil

-- luacheck: pop

---@type elevenlabs.workspace.Driver
local M = { io = "inline", may_block = true } -- nothing else runs while a call waits

-- A limit, not a delay: a step returns with its first completion.
local MAX_STEP_MS = 60000

function M.wait(client, done)
  while not done() do
    client:step(MAX_STEP_MS)
  end
end

return M
