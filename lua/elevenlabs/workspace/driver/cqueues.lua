--- The driver for cqueues: it waits in a controller. While anybody waits there, a coroutine of ours
--- watches the client's descriptor.

local condition = require "cqueues.condition"
local cqueues = require "cqueues"

---@type elevenlabs.workspace.Driver
local M = { io = "inline" }

-- By client, then by controller: a watch runs there. Several controllers may share a client, and a
-- program may drop one.
local watches = setmetatable({}, { __mode = "k" })

local function watch(client, watched, controller)
  local waiters, ok, why, fd = client.engine.waiters, true, nil, client:pollfd()
  while ok and fd and not waiters:is_empty() do
    cqueues.poll { pollfd = fd, events = "r" }
    ok, why = pcall(client.step, client, 0)
    fd = client:pollfd()
  end
  watched[controller] = nil
  waiters:wake_all() -- who still waits needs a new watch, or the client is closed
  if not ok then
    error(why, 0)
  end
end

local function ensure_watch(client, controller)
  local watched = watches[client] or setmetatable({}, { __mode = "k" })
  watches[client] = watched
  if not watched[controller] then
    watched[controller] = true
    controller:wrap(watch, client, watched, controller)
  end
end

function M.wait(client, done, waiter)
  local controller = cqueues.running()
  if not controller then
    return "the cqueues driver waits inside a controller: call from a function that it wraps"
  end
  local woken = condition.new()
  function waiter.wake()
    woken:signal()
  end
  client:step(0)
  while not done() do
    if not client:pollfd() then
      return "the client is closed"
    end
    ensure_watch(client, controller)
    cqueues.poll(woken)
  end
end

--- Outside a controller nothing may wait.
function M.spawn(f)
  local controller = cqueues.running()
  if controller then
    controller:wrap(f)
  else
    f()
  end
end

--- The watch wakes, and finds no descriptor.
function M.close(client)
  local fd = client:pollfd()
  if fd then
    cqueues.cancel(fd)
  end
end

return M
