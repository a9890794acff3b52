--- The driver for cqueues: it waits in a controller. While anybody waits there, a coroutine of ours
--- watches the client's descriptor.

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local waiters = require "elevenlabs.workspace.driver.waiters"

---@type elevenlabs.workspace.Driver
local M = { io = "inline", sweeps = true }

local function watch(client, waiting, controller)
  local ok, why, fd = true, nil, client:pollfd()
  while ok and fd and not waiting:is_empty() do
    cqueues.poll { pollfd = fd, events = "r" }
    ok, why = pcall(client.engine.step, client.engine, 0)
    waiting:sweep()
    fd = client:pollfd()
  end
  waiting.watched[controller] = nil
  waiting:sweep(true) -- who still waits needs a new watch, or the client is closed
  if not ok then
    error(why, 0)
  end
end

--- Several controllers may share a client, and a program may drop one; so each has its own watch.
local function ensure_watch(client, waiting, controller)
  waiting.watched = waiting.watched or setmetatable({}, { __mode = "k" })
  if not waiting.watched[controller] then
    waiting.watched[controller] = true
    controller:wrap(watch, client, waiting, controller)
  end
end

local function pause(waiting, done)
  local woken = condition.new()
  local waiter = waiting:add(done, function()
    woken:signal()
  end)
  repeat
    cqueues.poll(woken)
  until waiter.woken
end

function M.wait(client, done)
  local controller = cqueues.running()
  if not controller then
    return "the cqueues driver waits inside a controller: call from a function that it wraps"
  end
  client:step(0)
  local waiting = waiters.of(client)
  while not done() do
    if not client:pollfd() then
      return "the client is closed"
    end
    ensure_watch(client, waiting, controller)
    pause(waiting, done)
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
