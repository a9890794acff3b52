--- nginx's reader of a client: a coroutine in a timer. The client's thread sends the reader a byte
--- if there are completions. The reader steps, and wakes waiters that are done. The reader ends
--- soon after the last waiter.

local ngx = require "ngx"

local M = {}

local BEAT_MS = 1000 -- how often the reader looks whether it is still wanted
-- A limit, not a delay: nginx logs a read that takes longer.
local MAX_READ_MS = 10000

local function connect(client)
  local path, failure = client.core:listen()
  local socket = ngx.socket.tcp()
  socket:settimeout(MAX_READ_MS)
  assert(socket:connect("unix:" .. (path or error(failure.message, 0))))
  assert(client.core:accept(), "the client's thread cannot be heard")
  return socket
end

--- Read until nobody has waited from one beat to the next, also if the worker is to exit.
local function read(client, waiting)
  local socket, engine, beat_at, was_wanted = connect(client), client.engine, 0, true
  repeat
    if engine.now() >= beat_at then
      beat_at, was_wanted = engine.now() + BEAT_MS, false
      engine:set_timer(waiting, beat_at)
    end
    local bytes, why = socket:receiveany(4096)
    engine:step(0)
    was_wanted = was_wanted or not waiting:is_empty()
    waiting:sweep()
  until not (bytes or why == "timeout") or (engine.now() >= beat_at and not was_wanted)
end

--- The reader ended, or never began. All who wait look again.
---@param has_failed boolean|nil begin no other for a while
function M.forget(client, waiting, has_failed)
  waiting.reader = nil
  waiting.polls_until = has_failed and client.engine.now() + BEAT_MS or 0
  waiting:sweep(true)
end

local function run(_, client, waiting, reader)
  if waiting.reader == reader then -- otherwise it begins too late: another may have taken its place
    reader.has_begun = true
    local ok, why = pcall(read, client, waiting)
    M.forget(client, waiting, not ok)
    assert(ok, why) -- nginx logs it
  end
end

--- The reader of a client. If too many timers run, it never begins: see `has_begun`.
---@return table|nil reader nil if none can be made now
function M.ensure(client, waiting)
  if not waiting.reader and client.engine.now() >= (waiting.polls_until or 0) then
    waiting.reader = { has_begun = false }
    if not ngx.timer.at(0, run, client, waiting, waiting.reader) then
      M.forget(client, waiting, true)
    end
  end
  return waiting.reader
end

return M
