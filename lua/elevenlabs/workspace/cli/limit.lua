--- The limit that a command shares with other clients, in a Redis that its options name.

local limits = require "elevenlabs.workspace.limits"

local M = {}

local TAKES = "redis://HOST, redis://HOST:PORT/DATABASE or unix:PATH of a Redis"
local NO_LOGIN = "no user and no password, because other users of the machine see arguments: set"
  .. " ELEVENLABS_LIMIT_USER and ELEVENLABS_LIMIT_PASSWORD"
local NO_TLS = "no rediss://: let a tunnel such as stunnel make the TLS, and name its socket"

local function read_authority(authority)
  local host, port = authority:match "^%[([%x:.]+)%]:?(%d*)$"
  if not host then
    host, port = authority:match "^([%w._-]+):?(%d*)$"
  end
  port = port ~= "" and tonumber(port) or 6379
  return host, port
end

--- Where the Redis is.
---@param text string
---@return table|nil { host, port, database = nil } or { path }
---@return string|nil what the option takes
function M.read_url(text)
  local path = text:match "^unix:(/.+)$"
  if path then
    return { path = path }
  elseif text:find("@", 1, true) then
    return nil, NO_LOGIN
  elseif text:find "^rediss:" then
    return nil, NO_TLS
  end
  local authority, database = text:match "^redis://([^/?#]+)/?(%d*)$"
  local host, port = read_authority(authority or "")
  if not host or port < 1 or port > 65535 then
    return nil, TAKES
  end
  return { host = host, port = port, database = database ~= "" and database or nil }
end

local function read_name(text)
  if #text > 100 or not text:find "^[%w._-]+$" then
    return nil, "1 to 100 letters, digits, dots, hyphens and underscores"
  end
  return text
end

M.OPTIONS = {
  {
    name = "--limit",
    value = "URL",
    text = "share one limit of requests at once with all clients that name the same Redis:"
      .. " redis://HOST:PORT/DATABASE or unix:PATH. User and password come from"
      .. " ELEVENLABS_LIMIT_USER and ELEVENLABS_LIMIT_PASSWORD",
    read = M.read_url,
  },
  {
    name = "--limit-name",
    value = "NAME",
    text = "the limit's name in that Redis (default `default`)",
    read = read_name,
  },
}

--- Load redis-lua. Debian has it for Lua 5.1 to 5.3, and it runs on later ones.
---@return boolean
local function load_library()
  local is_here = pcall(require, "redis")
  for _, version in ipairs(is_here and {} or { "5.3", "5.2", "5.1" }) do
    local chunk = loadfile(("/usr/share/lua/%s/redis.lua"):format(version))
    local ok, library = pcall(chunk or error)
    if ok then
      package.loaded.redis = library
      return true
    end
  end
  return is_here
end

local function from_environment(name)
  local value = os.getenv(name) or ""
  return value ~= "" and value or nil
end

--- The limit that the options name; false if they name none.
---@param values table the options
---@return elevenlabs.workspace.Limit|false|nil
---@return string|nil why not
function M.open(values)
  if not values.limit and values.limit_name then
    return nil, "--limit-name needs --limit"
  elseif not values.limit then
    return false
  elseif not (load_library() and pcall(require, "socket")) then
    return nil,
      "--limit needs redis-lua and LuaSocket: install the Debian packages lua-redis and lua-socket,"
        .. " or the rocks redis-lua and luasocket"
  end
  local server = {
    user = from_environment "ELEVENLABS_LIMIT_USER",
    password = from_environment "ELEVENLABS_LIMIT_PASSWORD",
  }
  for name, value in pairs(values.limit) do
    server[name] = value
  end
  return limits.redis {
    connect = limits.redis_lua(server),
    name = values.limit_name or "default",
  }
end

return M
