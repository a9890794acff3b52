--- Connections by redis-lua, which blocks: a new one for each use, with 250 ms in all.

local stores = require "elevenlabs.workspace.limits.redis"

local M = {}

local TIMEOUT_S = 0.25

local Connection = {}
Connection.__index = Connection

--- redis-lua raises its errors.
function Connection:call(command, ...)
  local ok, reply = pcall(self.library.command(command), self.client, ...)
  if not ok then
    return nil, (tostring(reply):gsub("^[^:]+:%d+: ", ""))
  end
  return reply
end

function Connection:release()
  self.socket:close()
end

---@param library table redis
---@param options table { host, port, path = of a socket, user, password, database }
---@return fun(): elevenlabs.workspace.limits.Connection|nil, string|nil
function M.new(library, options)
  local sockets, unix = require "socket", options.path and require "socket.unix"
  local address, port = options.path or options.host or "127.0.0.1", options.port or 6379
  return function()
    local socket, deadline = unix and unix() or sockets.tcp(), sockets.gettime() + TIMEOUT_S
    local function set_timeout()
      socket:settimeout(math.max(0.001, deadline - sockets.gettime()), "t")
    end
    set_timeout()
    local ok, why = socket:connect(address, port)
    local client = ok and library.connect { socket = socket }
    local self = setmetatable({ library = library, client = client, socket = socket }, Connection)
    if ok then
      for _, name in ipairs { "read", "write" } do
        local operation = client.network[name]
        client.network[name] = function(...)
          set_timeout() -- LuaSocket's is for one operation
          return operation(...)
        end
      end
      ok, why = stores.log_in(self, options)
    end
    if not ok then
      socket:close()
    end
    return ok and self or nil, why
  end
end

return M
