--- The options of a client: their names, types, defaults and checks. The C core checks the text of
--- base_url and the file of ca_file.

local call_options = require "elevenlabs.workspace.options.call"
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local names = require "elevenlabs.workspace.names"
local secrets = require "elevenlabs.workspace.secrets"
local version = require "elevenlabs.workspace.version"

local M = {}

-- Source: the API's documentation of its regional hosts.
local REGIONS = {
  global = "https://api.elevenlabs.io",
  us = "https://api.us.elevenlabs.io",
  eu = "https://api.eu.residency.elevenlabs.io",
  ["in"] = "https://api.in.residency.elevenlabs.io",
  sg = "https://api.sg.residency.elevenlabs.io",
}
local REGION_NAMES = { "global", "us", "eu", "in", "sg" }

-- In nginx, its Lua module is loaded before all other modules.
local nginx = package.loaded.ngx
local DRIVERS = {
  auto = type(nginx) == "table" and nginx.get_phase and "ngx" or "blocking",
  blocking = "blocking",
  manual = "manual",
  luv = "luv",
  cqueues = "cqueues",
  ngx = "ngx",
}
local DRIVER_NAMES = { "auto", "blocking", "manual", "luv", "cqueues", "ngx" }

--- The options of a client. Each may be left out. An unknown name is an error that names the
--- nearest known one.
---@class elevenlabs.workspace.Options
--- The API key, or a function that returns the key. False sends no key, for a gateway that adds
--- one. The function is asked once for all requests that are sent at a time, and again after 10 s
--- if it has not returned. Default: ELEVENLABS_API_KEY from the environment.
---@field api_key string|false|nil|fun(): string|false
--- Which of the service's hosts to call. Default "global". Not together with `base_url`.
---@field region "global"|"us"|"eu"|"in"|"sg"|nil
--- The URL of a gateway or a sandbox, in place of `region`: https, or http to a loopback address.
--- The library never reads it from the environment.
---@field base_url string|nil
--- How calls wait. "auto", the default, is "ngx" in nginx and OpenResty and "blocking" elsewhere.
--- "manual" yields. "luv" (in Neovim too), "cqueues" and "ngx" wait in the loop of that name.
---@field driver "auto"|"blocking"|"manual"|"luv"|"cqueues"|"ngx"|elevenlabs.workspace.Driver|nil
--- Who makes the transfers: "inline", the caller's step; or "thread", a thread in the background,
--- so that no handshake and no burst of answers holds the caller up. Default: the driver's choice.
---@field io "inline"|"thread"|nil
--- The longest time to connect. From 1 to 86400000; default 10000.
---@field connect_timeout_ms integer|nil
--- The longest time of one attempt, connecting included. Default 30000.
---@field attempt_timeout_ms integer|nil
--- The longest time of a single call, with all its attempts and waits. Default: none. A bulk run
--- has a deadline of its own.
---@field deadline_ms number|nil
--- How often a call is sent at most. From 1 to 100; default 4 for a single call, 8 in a bulk run.
---@field max_attempts integer|nil
--- How many requests may be in flight. From 1 to 1024; default 32. Further calls wait.
---@field max_concurrency integer|nil
---@field ca_file string|nil A PEM file of the authorities to trust. Default: the system's.
--- The URL of a proxy, or false for none. Default: https_proxy and no_proxy from the environment,
--- read once when the client is made.
---@field proxy string|false|nil
--- The User-Agent of all requests. Default "elevenlabs-workspace-lua/VERSION".
---@field user_agent string|nil
--- A function that is told of each event, after the step that made the event. The function may call
--- the client. If it raises, that is counted in `client:stats().event_errors`.
---@field on_event nil|fun(event: elevenlabs.workspace.Event)
--- Accept a `resource_type` that this library does not know, in all calls. Default false.
---@field allow_unknown_resource_type boolean|nil
--- One of elevenlabs.workspace.limits. All clients that have the limit never have more requests in
--- flight together than its window.
---@field limit elevenlabs.workspace.Limit|nil

local OPTION_NAMES = {
  "api_key",
  "region",
  "base_url",
  "driver",
  "io",
  "connect_timeout_ms",
  "attempt_timeout_ms",
  "deadline_ms",
  "max_attempts",
  "max_concurrency",
  "ca_file",
  "proxy",
  "user_agent",
  "on_event",
  "allow_unknown_resource_type",
  "limit",
}

-- ---- each reader returns a value, or nil and an error

local function invalid_choice(name, value, choices)
  local shown = type(value) == "string" and names.quotable(value) or type(value)
  return errors.invalid(
    name,
    ("%s must be one of %s, got %s"):format(name, table.concat(choices, ", "), shown)
  )
end

local function read_base_url(options)
  if options.base_url ~= nil and options.region ~= nil then
    return nil, errors.invalid("region", "pass region or base_url, not both")
  elseif options.base_url ~= nil then
    return options.base_url
  end
  local url = REGIONS[options.region == nil and "global" or options.region]
  if not url then
    return nil, invalid_choice("region", options.region, REGION_NAMES)
  end
  return url
end

--- The key, or the user's function that gives it.
local function read_api_key(options)
  local key = options.api_key
  if key == nil then
    key = os.getenv "ELEVENLABS_API_KEY"
    if key == nil then
      return nil, errors.invalid("api_key", "api_key is missing: pass it or set ELEVENLABS_API_KEY")
    end
  end
  if type(key) == "function" then
    return key
  end
  local ok, failure = core.check_key(key)
  if not ok then
    return nil, errors.not_sent(failure)
  end
  return key
end

local function read_driver(options)
  local driver = options.driver == nil and "auto" or options.driver
  if type(driver) == "table" and type(driver.wait) == "function" then
    return driver
  end
  local name = type(driver) == "string" and DRIVERS[driver]
  if not name then
    return nil, invalid_choice("driver", driver, DRIVER_NAMES)
  end
  local loaded, module = pcall(require, "elevenlabs.workspace.driver." .. name)
  if not loaded then
    local why = errors.one_line(tostring(module))
    return nil, errors.invalid("driver", ("the driver %s cannot be loaded: %s"):format(name, why))
  end
  return module
end

local IO_MODES = { "inline", "thread" }

--- -> whether a thread makes the transfers, or nil and an error
local function read_io(options, driver)
  local io = options.io == nil and driver.io or options.io or "inline"
  if io ~= "inline" and io ~= "thread" then
    return nil, invalid_choice("io", io, IO_MODES)
  end
  return io == "thread"
end

local function read_deadline(options)
  local ok, err = call_options.check_deadline(options.deadline_ms)
  return ok and options.deadline_ms, err
end

local function read_max_attempts(options)
  local ok, err = call_options.check_max_attempts(options.max_attempts)
  return ok and options.max_attempts, err
end

local function read_on_event(options)
  local on_event = options.on_event
  if on_event == nil or type(on_event) == "function" then
    return on_event
  end
  return nil, errors.invalid("on_event", "on_event must be a function, got " .. type(on_event))
end

local function read_limit(options)
  local limit = options.limit
  if limit == nil or (type(limit) == "table" and type(limit.join) == "function") then
    return limit
  end
  local message = "limit must be one of elevenlabs.workspace.limits, got " .. type(limit)
  return nil, errors.invalid("limit", message)
end

--- What no error may show beside the key: the password in a proxy's URL.
local function list_secrets(options)
  local proxy = type(options.proxy) == "string" and options.proxy:match "^(.*)@"
  return { proxy and proxy:gsub("^.*://", "") or nil }
end

local ATTEMPT_TIMEOUT_MS = 30000

local function core_options(options, base_url, is_threaded)
  return {
    base_url = base_url,
    ca_file = options.ca_file,
    proxy = options.proxy,
    user_agent = options.user_agent or "elevenlabs-workspace-lua/" .. version,
    connect_timeout_ms = options.connect_timeout_ms,
    attempt_timeout_ms = options.attempt_timeout_ms or ATTEMPT_TIMEOUT_MS,
    max_concurrency = options.max_concurrency,
    threaded = is_threaded,
    allow_unknown_resource_type = options.allow_unknown_resource_type,
  }
end

-- What a client is made of, and the readers of these options.
local READERS = {
  { "base_url", read_base_url },
  { "api_key", read_api_key },
  { "driver", read_driver },
  { "deadline_ms", read_deadline },
  { "max_attempts", read_max_attempts },
  { "on_event", read_on_event },
  { "limit", read_limit },
}

local function read_all(options)
  local parts = {}
  for _, reader in ipairs(READERS) do
    local value, err = reader[2](options)
    if err then
      return nil, err
    end
    parts[reader[1]] = value
  end
  if parts.limit and parts.limit.may_block and not parts.driver.may_block then
    local message = "connections of limits.redis_lua block, and this driver's host must not be held"
      .. " up: give limits.redis connections that suit the host"
    return nil, errors.invalid("limit", message)
  end
  return parts
end

-- Files hold the one; a proxy is told the other.
local NOT_SECRET = { "base_url", "user_agent" }

--- Refuse an option that holds the key, if the key is known.
local function check_not_secret(options, key)
  for _, name in ipairs(type(key) == "string" and NOT_SECRET or {}) do
    if type(options[name]) == "string" and secrets.holds(options[name], key) then
      return errors.invalid(name, name .. " holds the secret API key")
    end
  end
end

--- Check options. Those of the core are not checked here: it does that when it is made.
---@param options elevenlabs.workspace.Options
---@return table|nil parts { base_url, api_key, driver, deadline_ms, max_attempts, on_event, limit,
--- secrets, max_concurrency, attempt_timeout_ms, for_core = the options of core.new }
---@return elevenlabs.workspace.Error|nil
function M.read(options)
  local copy, parts, is_threaded, err
  copy, err = names.copy("option", options, OPTION_NAMES)
  if not copy then
    return nil, err
  end
  parts, err = read_all(copy)
  if not parts then
    return nil, err
  end
  is_threaded, err = read_io(copy, parts.driver)
  err = err or check_not_secret(copy, parts.api_key)
  if err then
    return nil, err
  end
  parts.secrets = list_secrets(copy)
  parts.max_concurrency = copy.max_concurrency
  parts.for_core = core_options(copy, parts.base_url, is_threaded)
  parts.attempt_timeout_ms = parts.for_core.attempt_timeout_ms
  return parts
end

return M
