--- The options of a client: their names, types, defaults and checks. The C core checks the text of
--- base_url and the file of ca_file.

local call_options = require "elevenlabs.workspace.options.call"
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local names = require "elevenlabs.workspace.names"
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

--- The options of a client. Each may be left out; an unknown name is an error.
---@class elevenlabs.workspace.Options
--- The key, or a function that returns it; false sends none, for a gateway that adds it. The function
--- is asked once for all requests that are sent at a time, and again after 10 s if it has not returned.
--- Default: ELEVENLABS_API_KEY from the environment.
---@field api_key string|false|nil|fun(): string|false
---@field region "global"|"us"|"eu"|"in"|"sg"|nil default "global"
--- Instead of `region`, a gateway or sandbox: https, or http to loopback. Never read from the
--- environment.
---@field base_url string|nil
--- How calls wait. "auto" (the default) is "ngx" in nginx and OpenResty, and else "blocking".
--- "manual" yields; "luv" (in Neovim too), "cqueues" and "ngx" wait in the loop of that name.
---@field driver "auto"|"blocking"|"manual"|"luv"|"cqueues"|"ngx"|elevenlabs.workspace.Driver|nil
--- Who makes the transfers: the caller's step ("inline"), or a thread in the background
--- ("thread"), so that no handshake or burst of answers holds the caller up. Default: the driver's
--- choice.
---@field io "inline"|"thread"|nil
---@field connect_timeout_ms integer|nil 1 to 86400000; default 10000
---@field attempt_timeout_ms integer|nil of one attempt, connecting included; default 30000
---@field deadline_ms number|nil of a whole single call with its retries; default none
--- 1 to 100; default 4 for a single call, 8 in a bulk run.
---@field max_attempts integer|nil
---@field max_concurrency integer|nil requests in flight at once, 1 to 1024; default 32
---@field ca_file string|nil PEM file of the authorities to trust; default the system's
---@field proxy string|false|nil a URL, or false for none; default https_proxy and no_proxy
---@field user_agent string|nil default "elevenlabs-workspace-lua/VERSION"
--- A function that is told of each event, after the step that made the event. The function may call
--- the client.
---@field on_event nil|fun(event: elevenlabs.workspace.Event)
---@field allow_unknown_resource_type boolean|nil for every call; default false

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

--- What no error may show beside the key: the password in a proxy's URL.
local function list_secrets(options)
  local proxy = type(options.proxy) == "string" and options.proxy:match "^(.*)@"
  return { proxy and proxy:gsub("^.*://", "") or nil }
end

local function core_options(options, base_url, is_threaded)
  return {
    base_url = base_url,
    ca_file = options.ca_file,
    proxy = options.proxy,
    user_agent = options.user_agent or "elevenlabs-workspace-lua/" .. version,
    connect_timeout_ms = options.connect_timeout_ms,
    attempt_timeout_ms = options.attempt_timeout_ms,
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
  return parts
end

--- Check options. Those of the core are not checked here: it does that when it is made.
---@param options elevenlabs.workspace.Options
---@return table|nil parts { base_url, api_key, driver, deadline_ms, max_attempts, on_event,
--- secrets, max_concurrency, for_core = the options of core.new }
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
  if err then
    return nil, err
  end
  parts.secrets = list_secrets(copy)
  parts.max_concurrency = copy.max_concurrency
  parts.for_core = core_options(copy, parts.base_url, is_threaded)
  return parts
end

return M
