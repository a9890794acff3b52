--- Connections by lua-resty-redis, in nginx: from a pool of cosockets.

local stores = require "elevenlabs.workspace.limits.redis"

local M = {}

local TIMEOUT_MS = 1000 -- of each step: nothing waits for the store
local IDLE_MS = 60000

local Connection = {}
Connection.__index = Connection

--- lua-resty-redis gives false and a text for an error reply, nil and a text for no reply.
function Connection:call(command, ...)
  local reply, why = self.redis[command:lower()](self.redis, ...)
  self.is_broken = self.is_broken or reply == nil
  return reply or nil, why
end

function Connection:release()
  if self.is_broken then
    self.redis:close()
  else
    self.redis:set_keepalive(IDLE_MS)
  end
end

--- Each has a pool of its own: connections of a shared one may have another user or database.
---@param library table resty.redis, or Debian's nginx.redis
---@param options table { host, port, path = of a socket, user, password, database }
---@return fun(): elevenlabs.workspace.limits.Connection|nil, string|nil
function M.new(library, options)
  local pool = { pool = tostring(options) }
  return function()
    local self = setmetatable({ redis = assert(library:new()), is_broken = false }, Connection)
    self.redis:set_timeout(TIMEOUT_MS)
    local ok, why
    if options.path then
      ok, why = self.redis:connect("unix:" .. options.path, pool)
    else
      ok, why = self.redis:connect(options.host or "127.0.0.1", options.port or 6379, pool)
    end
    if ok and self.redis:get_reused_times() == 0 then
      ok, why = stores.log_in(self, options)
    end
    return ok and self or nil, why
  end
end

return M
