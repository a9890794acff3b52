--- One limit for many clients: of all workers of one nginx, or of many machines. The clients of a
--- limit never have more requests in flight together than its window.
---
--- A wrong option raises: as `nil, err` inside of `workspace.new{ limit = … }` it would go unseen,
--- and the client would have no limit.

local names = require "elevenlabs.workspace.names"

local M = {}

--- What the option `limit` of a client takes. Several clients may have the same.
---@class elevenlabs.workspace.Limit
---@field may_block boolean True: an exchange with the store may hold the host up, for 250 ms.
local Limit = { __name = "elevenlabs.workspace.limit" }
Limit.__index = Limit

-- The functions that `redis_lua` gave.
local blocking = setmetatable({}, { __mode = "k" })

local function read(given, known, call)
  if type(given) ~= "table" then
    error(("%s takes a table of options, got %s"):format(call, type(given)), 3)
  end
  local options, err = names.copy("option", given, known)
  return options or error(("%s: %s"):format(call, err.message), 3)
end

local function check_name(name, call)
  if type(name) ~= "string" or not name:find "^[%w._-]+$" or #name > 100 then
    local rule = "%s: name must be 1 to 100 letters, digits, dots, hyphens and underscores"
    error(rule:format(call), 3)
  end
end

--- The options of `limits.redis`.
---@class elevenlabs.workspace.limits.RedisOptions
--- Gives a connection for each use: a function of `limits.resty_redis` or `limits.redis_lua`, or your own.
---@field connect fun(): elevenlabs.workspace.limits.Connection|nil, string|nil
---@field name string The limit's name: 1 to 100 letters, digits, dots, hyphens and underscores.

--- A limit in Redis 6.2 or newer, or in Valkey. A new limit, and one whose state was lost, grants
--- nothing for as long as requests of clients that it does not know may be in flight: 5 s plus
--- attempt_timeout_ms.
---@param given elevenlabs.workspace.limits.RedisOptions
---@return elevenlabs.workspace.Limit
function M.redis(given)
  local options = read(given, { "connect", "name" }, "limits.redis")
  check_name(options.name, "limits.redis")
  if type(options.connect) ~= "function" then
    error("limits.redis: connect must be a function, got " .. type(options.connect), 2)
  end
  local stores = require "elevenlabs.workspace.limits.redis"
  return setmetatable({
    store = stores.new(options.connect, options.name),
    may_block = blocking[options.connect] or false,
  }, Limit)
end

--- The options of `limits.shared_dict`.
---@class elevenlabs.workspace.limits.DictOptions
---@field dict table The dictionary: ngx.shared.NAME.
---@field name string The limit's name: 1 to 100 letters, digits, dots, hyphens and underscores.

--- A limit in a dictionary of nginx that holds nothing else: `lua_shared_dict NAME 1m`. Make the
--- limit in init_by_lua: then nothing is held back after a start.
---@param given elevenlabs.workspace.limits.DictOptions
---@return elevenlabs.workspace.Limit
function M.shared_dict(given)
  local options = read(given, { "dict", "name" }, "limits.shared_dict")
  check_name(options.name, "limits.shared_dict")
  if type(options.dict) ~= "table" or type(options.dict.safe_add) ~= "function" then
    error("limits.shared_dict: dict must be a shared dictionary: ngx.shared.NAME", 2)
  end
  local stores = require "elevenlabs.workspace.limits.shared_dict"
  local is_starting = require("ngx").get_phase() == "init"
  return setmetatable({
    store = stores.new(options.dict, options.name, is_starting),
    may_block = false,
  }, Limit)
end

--- Where a Redis listens. Each option may be left out.
---@class elevenlabs.workspace.limits.ServerOptions
---@field host string|nil A name or an address. Default 127.0.0.1.
---@field port integer|nil Default 6379.
---@field path string|nil The path of a Unix socket, in place of host and port.
---@field user string|nil The user of an access list. Needs a password.
---@field password string|nil The password.
---@field database integer|nil The number of the database. Default 0.

local SERVER_OPTIONS = { "host", "port", "path", "user", "password", "database" }

--- Connections of lua-resty-redis, in nginx.
---@param given elevenlabs.workspace.limits.ServerOptions
---@return fun(): elevenlabs.workspace.limits.Connection|nil, string|nil
function M.resty_redis(given)
  local options = read(given, SERVER_OPTIONS, "limits.resty_redis")
  local is_here, library = pcall(require, "resty.redis")
  if not is_here then
    is_here, library = pcall(require, "nginx.redis") -- Debian's name
  end
  if not is_here then
    local message = "limits.resty_redis needs lua-resty-redis: OpenResty has it, and Debian's"
      .. " package is lua-nginx-redis"
    error(message, 2)
  end
  return require("elevenlabs.workspace.limits.resty_redis").new(library, options)
end

--- Connections of redis-lua. They block, for 250 ms at most, and longer if a host's name has to be
--- looked up: for scripts. A client takes a limit of such connections only if its driver waits inside
--- the call.
---@param given elevenlabs.workspace.limits.ServerOptions
---@return fun(): elevenlabs.workspace.limits.Connection|nil, string|nil
function M.redis_lua(given)
  local options = read(given, SERVER_OPTIONS, "limits.redis_lua")
  local connect = require("elevenlabs.workspace.limits.redis_lua").new(require "redis", options)
  blocking[connect] = true
  return connect
end

-- For a client alone: its places in the limit. `parts` are those of limits/places.lua, without `store`.
function Limit:join(parts)
  local places = require "elevenlabs.workspace.limits.places"
  parts.store = self.store
  return places.new(parts)
end

return M
