--- nginx's reader of a client: a coroutine in a timer. The client's thread sends the reader a byte
--- if there are completions, and the reader steps. The reader ends soon after the last waiter.

local ngx = require "ngx"

local M = {}

local BEAT_MS = 1000 -- how often the reader looks whether it is still wanted
-- A limit, not a delay: nginx logs a read that takes longer.
local MAX_READ_MS = 10000

-- By client: { reader = the one at work, polls_until = no other is begun before }.
local states = setmetatable({}, { __mode = "k" })

local function state_of(client)
  local state = states[client] or { reader = nil, polls_until = 0 }
  states[client] = state
  return state
end

local function connect(client)
  local path, failure = client.core:listen()
  local socket = ngx.socket.tcp()
  socket:settimeout(MAX_READ_MS)
  assert(socket:connect("unix:" .. (path or error(failure.message, 0))))
  assert(client.core:accept(), "the client's thread cannot be heard")
  return socket
end

--- Read until nobody has waited from one beat to the next, also if the worker is to exit.
local function read(client, reader)
  local socket, engine, beat_at, was_wanted = connect(client), client.engine, 0, true
  repeat
    if engine.now() >= beat_at then
      beat_at, was_wanted = engine.now() + BEAT_MS, false
      engine:set_timer(reader, beat_at)
    end
    local bytes, why = socket:receiveany(4096)
    engine:step(0)
    was_wanted = was_wanted or not engine.waiters:is_empty()
  until not (bytes or why == "timeout") or (engine.now() >= beat_at and not was_wanted)
end

--- The reader ended, or never began. All who wait look again.
---@param reader table
---@param has_failed boolean|nil begin no other for a while
function M.forget(client, reader, has_failed)
  local state = state_of(client)
  if state.reader == reader then
    state.reader = nil
    state.polls_until = has_failed and client.engine.now() + BEAT_MS or 0
    client.engine.waiters:wake_all()
  end
end

--- The client's reader; nil: no reader is at work.
---@return table|nil
function M.of(client)
  return state_of(client).reader
end

local function run(_, client, reader)
  if M.of(client) == reader then -- otherwise it begins too late: another has its place
    reader.has_begun = true
    local ok, why = pcall(read, client, reader)
    M.forget(client, reader, not ok)
    assert(ok, why) -- nginx logs it
  end
end

--- The reader of a client. If too many timers run, it never begins: see `has_begun`.
---@return table|nil reader nil if none can be made now
function M.ensure(client)
  local state = state_of(client)
  if not state.reader and client.engine.now() >= state.polls_until then
    state.reader = { has_begun = false }
    if not ngx.timer.at(0, run, client, state.reader) then
      M.forget(client, state.reader, true)
    end
  end
  return state.reader
end

return M
