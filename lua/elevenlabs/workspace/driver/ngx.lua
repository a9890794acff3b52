--- The driver for nginx with OpenResty's Lua module: each waiter has a semaphore, which the
--- client's reader posts. If nginx gives no timer for the reader, waiters poll.

local blocking = require "elevenlabs.workspace.driver.blocking"
local core = require "elevenlabs.workspace.core"
local ngx = require "ngx"
local readers = require "elevenlabs.workspace.driver.ngx_reader"
local semaphores = require "ngx.semaphore"
local waiters = require "elevenlabs.workspace.driver.waiters"

---@type elevenlabs.workspace.Driver
local M = { io = "thread", sweeps = true }

local CAN_WAIT = " server_rewrite rewrite access content preread timer"
  .. " ssl_cert ssl_client_hello ssl_session_fetch "

local POLL_S = 0.001
local START_S = 0.1 -- a reader that has not begun by then will never begin
local MAX_WAIT_S = 60 -- a limit, not a delay

--- Wait until woken. -> nil, or why one cannot wait
local function pause(client, waiting, done)
  local reader = readers.ensure(client, waiting)
  if not reader then
    return ngx.sleep(POLL_S)
  end
  local semaphore = assert(semaphores.new())
  local waiter = waiting:add(done, function()
    semaphore:post()
  end)
  repeat
    local ok, why = semaphore:wait(reader.has_begun and MAX_WAIT_S or START_S)
    if not ok and why ~= "timeout" then
      return why
    elseif not ok and not reader.has_begun and waiting.reader == reader then
      readers.forget(client, waiting, true)
    end
  until waiter.woken
end

local function why_not(phase)
  if not CAN_WAIT:find(" " .. phase .. " ", 1, true) then
    return ("nginx cannot wait in its phase %s: use ngx.timer.at"):format(phase)
  elseif core.is_yieldable() == false then -- a wait that fails would break nginx's state
    return "nginx cannot wait in a function that C calls, as gsub, sort and require do"
  end
end

--- A step by a waiter may complete what another waits for.
local function step(client, waiting)
  local engine = client.engine
  local before = engine:news()
  engine:step(0)
  if engine:news() > before then
    waiting:sweep()
  end
end

function M.wait(client, done)
  local phase = ngx.get_phase()
  if phase == "init" then -- here the thread starts in the master; each worker starts its own
    return blocking.wait(client, done)
  end
  local waiting, why = waiters.of(client), why_not(phase)
  while not why do
    step(client, waiting)
    if done() then
      return nil
    end
    why = not client:pollfd() and "the client is closed" or pause(client, waiting, done)
  end
  return why
end

function M.close(client)
  readers.forget(client, waiters.of(client))
end

return M
