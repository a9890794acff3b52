--- Waits in nginx with OpenResty's Lua module: everybody at a semaphore. Meanwhile a timer's
--- coroutine, the reader, reads the byte that the client's thread sends when there is news,
--- steps, and wakes whose calls have ended. Where no timer can be had, those who wait poll.

local blocking = require "elevenlabs.workspace.driver.blocking"
local core = require "elevenlabs.workspace.core"
local ngx = require "ngx"
local semaphores = require "ngx.semaphore"
local waiters = require "elevenlabs.workspace.driver.waiters"

---@type elevenlabs.workspace.Driver
local M = { io = "thread", sweeps = true }

local CAN_WAIT = " server_rewrite rewrite access content preread timer"
  .. " ssl_cert ssl_client_hello ssl_session_fetch "

local BEAT_MS = 1000 -- how often the reader looks whether it is still wanted
local POLL_S = 0.001
local START_S = 0.1 -- a timer that has not begun by then never will: too many run
-- Bounds, never delays; nginx logs a read that takes longer.
local LONGEST_READ_MS, LONGEST_WAIT_S = 10000, 60

local function connect(client)
  local path, failure = client.core:listen()
  local socket = ngx.socket.tcp()
  socket:settimeout(LONGEST_READ_MS)
  assert(socket:connect("unix:" .. (path or error(failure.message, 0))))
  assert(client.core:accept(), "the client's thread cannot be heard")
  return socket
end

--- Until nobody has waited from one beat to the next, also where the worker is to exit.
local function read(client, waiting)
  local socket, engine, beat_at, was_wanted = connect(client), client.engine, 0, true
  repeat
    if engine.now() >= beat_at then
      beat_at, was_wanted = engine.now() + BEAT_MS, false
      engine:set_alarm(waiting, beat_at)
    end
    local bytes, why = socket:receiveany(4096)
    engine:step(0)
    was_wanted = was_wanted or not waiting:is_empty()
    waiting:sweep()
  until not (bytes or why == "timeout") or (engine.now() >= beat_at and not was_wanted)
end

--- The reader ended, or never was. Whoever waits looks again.
local function forget_reader(client, waiting, has_failed)
  waiting.reader = nil
  waiting.polls_until = has_failed and client.engine.now() + BEAT_MS or 0
  waiting:sweep(true)
end

local function run(_, client, waiting, reader)
  if waiting.reader == reader then -- otherwise it begins so late that nobody counts on it
    reader.has_begun = true
    local ok, why = pcall(read, client, waiting)
    forget_reader(client, waiting, not ok)
    assert(ok, why) -- into nginx's log
  end
end

local function ensure_reader(client, waiting)
  if not waiting.reader and client.engine.now() >= (waiting.polls_until or 0) then
    waiting.reader = { has_begun = false }
    if not ngx.timer.at(0, run, client, waiting, waiting.reader) then
      forget_reader(client, waiting, true)
    end
  end
  return waiting.reader
end

--- -> nil, or why one cannot wait
local function pause(client, waiting, done)
  local reader = ensure_reader(client, waiting)
  if not reader then
    return ngx.sleep(POLL_S)
  end
  local semaphore = assert(semaphores.new())
  local waiter = waiting:add(done, function()
    semaphore:post()
  end)
  repeat
    local ok, why = semaphore:wait(reader.has_begun and LONGEST_WAIT_S or START_S)
    if not ok and why ~= "timeout" then
      return why
    elseif not ok and not reader.has_begun and waiting.reader == reader then
      forget_reader(client, waiting, true)
    end
  until waiter.woken
end

local function why_not(phase)
  if not CAN_WAIT:find(" " .. phase .. " ", 1, true) then
    return ("nginx cannot wait in its phase %s: use ngx.timer.at"):format(phase)
  elseif core.is_yieldable() == false then -- one that fails would leave nginx's state awry
    return "nginx cannot wait in a function that C calls, as gsub, sort and require do"
  end
end

--- A step by one who waits, which may bring what another waits for.
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
  if phase == "init" then -- this may start the client's thread in the master; workers have theirs
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
  forget_reader(client, waiters.of(client))
end

return M
