--- nginx's reader of a client: a timer's coroutine that reads the byte which the client's
--- thread sends when there is news, steps, and wakes whose calls have ended. It is there while
--- anybody waits, and a little longer.

local ngx = require "ngx"

local M = {}

local BEAT_MS = 1000 -- how often it looks whether it is still wanted
-- A bound, never a delay: nginx logs a read that takes longer.
local LONGEST_READ_MS = 10000

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
      engine:set_timer(waiting, beat_at)
    end
    local bytes, why = socket:receiveany(4096)
    engine:step(0)
    was_wanted = was_wanted or not waiting:is_empty()
    waiting:sweep()
  until not (bytes or why == "timeout") or (engine.now() >= beat_at and not was_wanted)
end

--- It ended, or never was. Whoever waits looks again.
---@param has_failed boolean|nil try no other for a while
function M.forget(client, waiting, has_failed)
  waiting.reader = nil
  waiting.polls_until = has_failed and client.engine.now() + BEAT_MS or 0
  waiting:sweep(true)
end

local function run(_, client, waiting, reader)
  if waiting.reader == reader then -- otherwise it begins so late that nobody counts on it
    reader.has_begun = true
    local ok, why = pcall(read, client, waiting)
    M.forget(client, waiting, not ok)
    assert(ok, why) -- into nginx's log
  end
end

--- The reader of a client. Where too many timers run, it never begins: `has_begun`.
---@return table|nil reader nil where none can be had now
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
