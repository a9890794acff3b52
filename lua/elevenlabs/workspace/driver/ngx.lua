--- The driver for nginx with OpenResty's Lua module: each waiter has a semaphore, and the client's
--- reader steps. If nginx gives no timer for the reader, waiters poll.

local blocking = require "elevenlabs.workspace.driver.blocking"
local core = require "elevenlabs.workspace.core"
local ngx = require "ngx"
local readers = require "elevenlabs.workspace.driver.ngx_reader"
local semaphores = require "ngx.semaphore"

---@type elevenlabs.workspace.Driver
local M = { io = "thread" }

local NO_PLACES = "nginx cannot ask for places of a limit in its phase init: use ngx.timer.at"

local CAN_WAIT = " server_rewrite rewrite access content preread timer"
  .. " ssl_cert ssl_client_hello ssl_session_fetch "

local POLL_S = 0.001
local START_S = 0.1 -- a reader that has not begun by then will never begin
local MAX_WAIT_S = 60 -- a limit, not a delay

--- Wait until woken. -> nil, or why one cannot wait
local function pause(client, semaphore)
  local reader = readers.ensure(client)
  if not reader then
    ngx.sleep(POLL_S)
    client:step(0)
    return nil
  end
  local ok, why = semaphore:wait(reader.has_begun and MAX_WAIT_S or START_S)
  if not ok and why ~= "timeout" then
    return why
  elseif not ok and not reader.has_begun then
    readers.forget(client, reader, true)
  end
end

local function why_not(phase)
  if not CAN_WAIT:find(" " .. phase .. " ", 1, true) then
    return ("nginx cannot wait in its phase %s: use ngx.timer.at"):format(phase)
  elseif core.is_yieldable() == false then -- a wait that fails would break nginx's state
    return "nginx cannot wait in a function that C calls, as gsub, sort and require do"
  end
end

function M.wait(client, done, waiter)
  local phase = ngx.get_phase()
  if phase == "init" and client.engine.throttle.shared then
    return NO_PLACES
  elseif phase == "init" then -- here the thread starts in the master; each worker starts its own
    return blocking.wait(client, done)
  end
  local why = why_not(phase)
  if why then
    return why
  end
  local semaphore = assert(semaphores.new())
  function waiter.wake()
    semaphore:post()
  end
  client:step(0)
  while not why and not done() do
    why = not client:pollfd() and "the client is closed" or pause(client, semaphore)
  end
  return why
end

--- In a timer: cosockets belong to a request and are missing in some phases, and no request is to
--- wait for a limit's store. If there are too many timers, where one can wait.
function M.spawn(f)
  local may_have_timers, has_begun = pcall(ngx.timer.at, 0, f)
  if not (may_have_timers and has_begun) and not why_not(ngx.get_phase()) then
    f()
  end
end

function M.close(client)
  readers.forget(client, readers.of(client))
end

return M
