--- The store of a limit in Redis or Valkey: one key for each limit, which one script reads and
--- writes.

local cjson = require "elevenlabs.workspace.cjson"
local script = require "elevenlabs.workspace.limits.script"

local M = {}

-- The run id changes if the server restarts, or if another takes its place. Either may hold an
-- older state.
local WRAPPED = [[
local protocol = (function()
]] .. script.SOURCE .. [[
end)()
local key, message = KEYS[1], cjson.decode(ARGV[1])

local function read(field)
  local text = redis.call("HGET", key, field)
  return text and cmsgpack.unpack(text) or nil
end

local known
local clients = {
  get = read,
  set = function(id, client)
    if client then
      redis.call("HSET", key, id, cmsgpack.pack(client))
    else
      redis.call("HDEL", key, id)
    end
  end,
  all = function()
    if not known then
      known = {}
      local flat = redis.call("HGETALL", key)
      for i = 1, #flat, 2 do
        known[flat[i] ] = cmsgpack.unpack(flat[i + 1])
      end
      known.state = nil
    end
    return known
  end,
}

local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local server = redis.call("INFO", "server"):match "run_id:(%w+)"
local state, reply = protocol.decide(read "state", clients, message, now, server)
if not reply then
  return false
end
redis.call("HSET", key, "state", cmsgpack.pack(state))
if message.joins then
  reply.policy = redis.call("INFO", "memory"):match "maxmemory_policy:(%S+)"
end
return cjson.encode(reply)
]]

--- A connection of the user's, or of an adapter. Both functions may yield, but not in Lua 5.1 itself.
---@class elevenlabs.workspace.limits.Connection
--- Send a command, and wait for its reply. Status and bulk replies are strings. nil and a text: an
--- error reply, or no reply in time.
---@field call fun(self, command: string, ...): any, string|nil
---@field release nil|fun(self) The connection is not needed any more.

---@class elevenlabs.workspace.limits.Redis: elevenlabs.workspace.limits.Store
local Redis = {}
Redis.__index = Redis

---@param connect fun(): elevenlabs.workspace.limits.Connection|nil, string|nil
---@param name string of the limit
function M.new(connect, name)
  return setmetatable({ connect = connect, key = "elevenlabs-workspace:limit:" .. name }, Redis)
end

--- The first commands on a new connection.
---@param options table { user = nil, password = nil, database = nil }
---@return any ok, string|nil why not
function M.log_in(connection, options)
  local ok, why = true, nil
  if options.user then
    ok, why = connection:call("AUTH", options.user, options.password)
  elseif options.password then
    ok, why = connection:call("AUTH", options.password)
  end
  if ok and options.database then
    ok, why = connection:call("SELECT", options.database)
  end
  return ok, why
end

local function run(self, connection, text)
  if not self.sha then
    local sha, why = connection:call("SCRIPT", "LOAD", WRAPPED)
    if not sha then
      return nil, why
    end
    self.sha = sha
  end
  local reply, why = connection:call("EVALSHA", self.sha, "1", self.key, text)
  if why and why:find("NOSCRIPT", 1, true) then
    return connection:call("EVAL", WRAPPED, "1", self.key, text)
  end
  return reply, why
end

--- One exchange on a connection of its own.
---@param message table
---@return table|nil reply
---@return string|nil why not
function Redis:send(message)
  local connection, why = self.connect()
  if not connection then
    return nil, why
  end
  local text
  text, why = run(self, connection, cjson.encode(message))
  if connection.release then
    connection:release()
  end
  if type(text) ~= "string" then
    return nil, why or "a later message came before this one"
  end
  return cjson.decode(text)
end

return M
