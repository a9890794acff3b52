--- A client: options in, calls out. What a call means is the engine's business,
--- how to wait for one the driver's.

local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local names = require "elevenlabs.workspace.names"
local operations = require "elevenlabs.workspace.operations"
local secrets = require "elevenlabs.workspace.secrets"
local texts = require "elevenlabs.workspace.text"
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

-- nginx's Lua module is loaded before anything else in its Lua.
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

--- What a client is made of. Each may be left out; an unknown name is an error.
---@class elevenlabs.workspace.Options
--- The key, or a function that returns it (asked once per attempt); false sends none, for a
--- gateway that adds it. Default: ELEVENLABS_API_KEY from the environment.
---@field api_key string|false|nil|fun(): string|false
---@field region "global"|"us"|"eu"|"in"|"sg"|nil default "global"
--- Instead of `region`, a gateway or sandbox: https, or http to loopback. Never read from the
--- environment.
---@field base_url string|nil
--- How calls wait. "auto" (the default) is "ngx" in nginx and OpenResty, elsewhere "blocking";
--- "manual" yields; "luv" (in Neovim too), "cqueues" and "ngx" wait in the loop of that name.
---@field driver "auto"|"blocking"|"manual"|"luv"|"cqueues"|"ngx"|elevenlabs.workspace.Driver|nil
--- Who makes the transfers: the caller's step ("inline"), or a thread in the background
--- ("thread"), which no handshake or burst of answers holds up. Default: the driver's choice.
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
---@field on_event nil|fun(event: elevenlabs.workspace.Event) told of what a client does
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

--- What a bulk run needs, loaded with the first: most scripts make none.
local function bulk()
  return require "elevenlabs.workspace.bulk"
end

--- Made by `workspace.new`. One serves many calls at a time, of many coroutines. `tostring` of
--- it is one line.
---@class elevenlabs.workspace.Client
local Client = {}
Client.__index = Client
Client.__name = "elevenlabs.workspace.client"
Client.__concat = texts.concat

-- ---- options: each reader returns a value, or nil and an error

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
  local ms = options.deadline_ms
  if ms == nil or (type(ms) == "number" and ms > 0) then
    return ms
  end
  return nil, errors.invalid("deadline_ms", "deadline_ms must be a number above 0")
end

local MOST_ATTEMPTS = 100

local function read_max_attempts(options)
  local most = options.max_attempts
  if most == nil then
    return nil
  elseif type(most) == "number" and most % 1 == 0 and most >= 1 and most <= MOST_ATTEMPTS then
    return most
  end
  return nil,
    errors.invalid(
      "max_attempts",
      ("max_attempts must be a whole number from 1 to %d"):format(MOST_ATTEMPTS)
    )
end

local function read_on_event(options)
  local on_event = options.on_event
  if on_event == nil or type(on_event) == "function" then
    return on_event
  end
  return nil, errors.invalid("on_event", "on_event must be a function, got " .. type(on_event))
end

--- What no error may show: a fixed key (one from a function is known per attempt
--- alone) and the password in a proxy's URL.
local function list_secrets(options, api_key)
  local proxy = type(options.proxy) == "string" and options.proxy:match "^(.*)@"
  local list = { type(api_key) == "string" and api_key or nil }
  list[#list + 1] = proxy and proxy:gsub("^.*://", "") or nil
  return list
end

local function open_core(options, base_url, threaded)
  return core.new {
    base_url = base_url,
    ca_file = options.ca_file,
    proxy = options.proxy,
    user_agent = options.user_agent or "elevenlabs-workspace-lua/" .. version,
    connect_timeout_ms = options.connect_timeout_ms,
    attempt_timeout_ms = options.attempt_timeout_ms,
    max_concurrency = options.max_concurrency,
    threaded = threaded,
    allow_unknown_resource_type = options.allow_unknown_resource_type,
  }
end

-- ---- making one

--- A client over a core that exists: the network's, or a fake.
---@param parts table { core, base_url, api_key, driver, secrets = nil, on_event = nil,
--- max_concurrency = nil, max_attempts = nil, deadline_ms = nil }
---@return elevenlabs.workspace.Client
function M.over(parts)
  local engines = require "elevenlabs.workspace.engine" -- most of `require`'s time, so not before
  local client = setmetatable({
    core = parts.core,
    base_url = parts.base_url,
    driver = parts.driver,
    waiters = nil, -- a driver's, where it keeps them
  }, Client)
  client.engine = engines.new {
    core = parts.core,
    now = core.now,
    random = core.random,
    wait = function(done)
      local gathers = package.loaded["elevenlabs.workspace.gather"] -- with its first use
      return (gathers or parts.driver).wait(client, done)
    end,
    sweeps = parts.driver.sweeps,
    api_key = parts.api_key,
    mask = secrets.masker(parts.secrets or {}),
    on_event = parts.on_event,
    max_concurrency = parts.max_concurrency or 32,
    max_attempts = parts.max_attempts,
    deadline_ms = parts.deadline_ms,
  }
  return client
end

-- What M.over takes, and the readers that make it of the options.
local READERS = {
  { "base_url", read_base_url },
  { "api_key", read_api_key },
  { "driver", read_driver },
  { "deadline_ms", read_deadline },
  { "max_attempts", read_max_attempts },
  { "on_event", read_on_event },
}

local function read_options(options)
  local parts = {}
  for _, reader in ipairs(READERS) do
    local value, err = reader[2](options)
    if err then
      return nil, err
    end
    parts[reader[1]] = value
  end
  parts.secrets = list_secrets(options, parts.api_key)
  parts.max_concurrency = options.max_concurrency
  return parts
end

--- Make a client. Opens no connection.
---@param options elevenlabs.workspace.Options
---@return elevenlabs.workspace.Client|nil
---@return elevenlabs.workspace.Error|nil
function M.new(options)
  local copy, parts, err
  copy, err = names.copy("option", options, OPTION_NAMES)
  if not copy then
    return nil, err
  end
  parts, err = read_options(copy)
  if not parts then
    return nil, err
  end
  local threaded
  threaded, err = read_io(copy, parts.driver)
  if err then
    return nil, err
  end
  if threaded then
    bulk() -- now, and not in a frame or a request of a host that must not be held up
  end
  local handle, failure = open_core(copy, parts.base_url, threaded)
  if not handle then
    return nil, errors.not_sent(failure)
  end
  parts.core, parts.base_url = handle, parts.base_url:gsub("/+$", "")
  return M.over(parts)
end

-- ---- calls

local function check_call(self, op, args, call)
  names.check_self(self, call, 4)
  local operation = operations[op]
  if not operation then
    error("the operation must be unshare, share, get or connect", 3)
  elseif operation.takes_args and type(args) ~= "table" then
    error(("%s takes a table of arguments, got %s"):format(op, type(args)), 3)
  end
end

--- Check and queue a call, and return at once: `client:step` sends it. Raises where `op` is
--- no operation or `args` is no table.
---@param op "unshare"|"share"|"get"|"connect"
---@param args table|nil as for the method of that name; connect takes none
---@return elevenlabs.workspace.Call|nil
---@return elevenlabs.workspace.Error|nil
function Client:start(op, args)
  check_call(self, op, args, "client:start(...)")
  return self.engine:start(op, args or {})
end

local function run(self, op, args)
  local call, err = self.engine:start(op, args)
  if not call then
    return nil, err
  end
  local receipt
  receipt, err = call:result()
  if not call:done() then
    call:cancel() -- nobody waits for it: better not sent
    err.outcome = call:done() and "not_sent" or err.outcome
  end
  return receipt, err
end

--- Which resource.
---@class elevenlabs.workspace.ResourceArgs
---@field resource_id string up to 512 bytes of UTF-8, without "/" and "%"
---@field resource_type string one of workspace.RESOURCE_TYPES
---@field allow_unknown_resource_type boolean|nil for a type newer than this library

--- Which resource, and whose role on it: exactly one of the three targets.
---@class elevenlabs.workspace.UnshareArgs: elevenlabs.workspace.ResourceArgs
---@field user_email string|nil a user's or a service account's
---@field group_id string|nil "default" is the role that every member has
---@field workspace_api_key_id string|nil the key's id, not the secret: its service account

--- Which resource, whose role on it, and which.
---@class elevenlabs.workspace.ShareArgs: elevenlabs.workspace.UnshareArgs
---@field role "admin"|"editor"|"commenter"|"viewer"

--- Counts since the client was made, and of the calls under way.
---@class elevenlabs.workspace.Stats
---@field calls integer the sum of waiting, in_flight and the four outcomes
---@field waiting integer to be sent, for the first time or again
---@field in_flight integer
---@field attempts integer
---@field retries integer attempts that were followed by another of the same call
---@field window integer how many may be in flight: it follows what the server can take
---@field connections integer that carried a request
---@field confirmed integer
---@field refused integer
---@field unconfirmed integer
---@field not_sent integer
---@field event_errors integer times that on_event raised

--- Remove whatever role the target has on the resource.
---@param args elevenlabs.workspace.UnshareArgs
---@return elevenlabs.workspace.Receipt|nil
---@return elevenlabs.workspace.Error|nil
function Client:unshare(args)
  check_call(self, "unshare", args, "client:unshare{...}")
  return run(self, "unshare", args)
end

--- Give the target a role on the resource, in place of any it has.
---@param args elevenlabs.workspace.ShareArgs
---@return elevenlabs.workspace.Receipt|nil
---@return elevenlabs.workspace.Error|nil
function Client:share(args)
  check_call(self, "share", args, "client:share{...}")
  return run(self, "share", args)
end

--- Read a resource: who has which role.
---@param args elevenlabs.workspace.ResourceArgs
---@return elevenlabs.workspace.Resource|nil
---@return elevenlabs.workspace.Error|nil
function Client:get(args)
  check_call(self, "get", args, "client:get{...}")
  return run(self, "get", args)
end

--- Make the connection ahead of need: a HEAD of / without the key, to which any
--- answer will do.
---@return true|nil
---@return elevenlabs.workspace.Error|nil
function Client:connect()
  names.check_self(self, "client:connect()")
  local receipt, err = run(self, "connect", {})
  return receipt and true, err
end

-- ---- many calls

local function check_many(self, op, items, opts, call)
  names.check_self(self, call, 4)
  if not (operations[op] and operations[op].is_change) then
    error("the operation of a bulk run must be unshare or share", 3)
  elseif type(items) ~= "table" and type(items) ~= "function" then
    local message = "a bulk run takes an array, an iterator or a source of items, got "
    error(message .. type(items), 3)
  elseif opts ~= nil and type(opts) ~= "table" then
    error(("a bulk run takes a table of options, got %s"):format(type(opts)), 3)
  end
end

local function start_many(self, op, items, opts)
  return bulk().start(self.engine, self.base_url, op, items, opts or {})
end

local function run_many(self, op, items, opts)
  local run_, err = start_many(self, op, items, opts)
  if not run_ then
    return nil, err
  end
  return run_:result()
end

--- Begin a bulk run, to have something to cancel: `run:result()` does the work. Raises where
--- `op` is neither, or `items` or `opts` is of the wrong type.
---@param op "unshare"|"share"
---@param items elevenlabs.workspace.Items
---@param opts elevenlabs.workspace.BulkOptions|nil
---@return elevenlabs.workspace.Run|nil
---@return elevenlabs.workspace.Error|nil
function Client:start_many(op, items, opts)
  check_many(self, op, items, opts, "client:start_many(...)")
  return start_many(self, op, items, opts)
end

--- Unshare every item; each ends in exactly one outcome. nil and an error only where the run
--- could not begin: nothing was sent then.
---@param items elevenlabs.workspace.Items
---@param opts elevenlabs.workspace.BulkOptions|nil
---@return elevenlabs.workspace.Report|nil
---@return elevenlabs.workspace.Error|nil
function Client:unshare_many(items, opts)
  check_many(self, "unshare", items, opts, "client:unshare_many(...)")
  return run_many(self, "unshare", items, opts)
end

--- Share every item; the rest as for `unshare_many`.
---@param items elevenlabs.workspace.Items
---@param opts elevenlabs.workspace.BulkOptions|nil
---@return elevenlabs.workspace.Report|nil
---@return elevenlabs.workspace.Error|nil
function Client:share_many(items, opts)
  check_many(self, "share", items, opts, "client:share_many(...)")
  return run_many(self, "share", items, opts)
end

-- ---- driving

--- Run what is due, and wait for a call to be done.
---@param timeout_ms number|nil the longest wait; default 0: do not wait
---@return integer # calls that became done since the last step
function Client:step(timeout_ms)
  names.check_self(self, "client:step(...)")
  local engine = self.engine
  local before = engine:news()
  local count = engine:step(timeout_ms)
  if engine:news() > before and self.waiters and not self.waiters:is_empty() then
    engine:wake() -- a waiter of the driver's may have got what it waits for
  end
  return count
end

--- A descriptor that is readable whenever step has work; nil once closed. It may
--- be waited on, never read.
---@return integer|nil
function Client:pollfd()
  names.check_self(self, "client:pollfd()")
  return self.engine:pollfd()
end

--- How long until step has work that no socket will announce, for loops that cannot wait on
--- a descriptor.
---@return number|nil # milliseconds; nil where there is no such work
function Client:timeout_ms()
  names.check_self(self, "client:timeout_ms()")
  return self.core:timeout_ms()
end

--- Counts since the client was made, and of the calls under way.
---@return elevenlabs.workspace.Stats
function Client:stats()
  names.check_self(self, "client:stats()")
  local counts, engine = self.engine.counts, self.engine
  local done = counts.confirmed + counts.refused + counts.unconfirmed + counts.not_sent
  local attempts, connections = self.core:counts()
  return {
    calls = counts.calls,
    waiting = counts.calls - done - engine.flying_count,
    in_flight = engine.flying_count,
    attempts = attempts,
    retries = counts.retries,
    window = engine.pace:window(),
    connections = connections,
    confirmed = counts.confirmed,
    refused = counts.refused,
    unconfirmed = counts.unconfirmed,
    not_sent = counts.not_sent,
    event_errors = counts.event_errors,
  }
end

--- End all calls and connections. Calls under way are done with kind "closed", but for those
--- that were answered first. Idempotent. `local client <close>` calls it in Lua 5.4.
function Client:close()
  names.check_self(self, "client:close()")
  if self.driver.close then
    self.driver.close(self)
  end
  self.engine:close()
end

Client.__close = Client.close

function Client.__tostring(self)
  if self.engine.closed then
    return ("client of %s: closed"):format(self.base_url)
  end
  local stats = self:stats()
  local text = "client of %s: %d calls, %d in flight, %d waiting"
  return text:format(self.base_url, stats.calls, stats.in_flight, stats.waiting)
end

return M
