--- A client: it has an engine, which knows what becomes of calls, and a driver, which knows how to
--- wait for them.

local call_options = require "elevenlabs.workspace.options.call"
local client_options = require "elevenlabs.workspace.options"
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local names = require "elevenlabs.workspace.names"
local operations = require "elevenlabs.workspace.operations"
local secrets = require "elevenlabs.workspace.secrets"
local texts = require "elevenlabs.workspace.text"

local M = {}

--- Loaded when it is needed: most scripts make no bulk run.
local function bulk()
  return require "elevenlabs.workspace.bulk"
end

--- Made by `workspace.new`. A client serves many calls at a time, of many coroutines. `tostring` of
--- a client is one line.
---@class elevenlabs.workspace.Client
local Client = {}
Client.__index = Client
Client.__name = "elevenlabs.workspace.client"
Client.__concat = texts.concat

-- ---- making one

--- A client over a core: that of the network, or a fake.
---@param parts table { core, base_url, api_key, driver, secrets = nil, on_event = nil,
--- max_concurrency = nil, max_attempts = nil, deadline_ms = nil, is_threaded = nil: a thread makes
--- the transfers, as the host must not wait }
---@return elevenlabs.workspace.Client
function M.over(parts)
  local engines = require "elevenlabs.workspace.engine" -- takes most of the time to load
  local client = setmetatable({
    core = parts.core,
    base_url = parts.base_url,
    driver = parts.driver,
    waiters = nil, -- the driver's, if it resumes coroutines itself
    is_threaded = parts.is_threaded or false,
  }, Client)
  client.engine = engines.new {
    core = parts.core,
    now = core.now,
    random = core.random,
    wait = function(done, waiter)
      return parts.driver.wait(client, done, waiter)
    end,
    api_key = parts.api_key,
    mask = secrets.masker(parts.secrets or {}),
    on_event = parts.on_event,
    max_concurrency = parts.max_concurrency or 32,
    max_attempts = parts.max_attempts,
    deadline_ms = parts.deadline_ms,
  }
  return client
end

--- Make a client. Opens no connection.
---@param options elevenlabs.workspace.Options
---@return elevenlabs.workspace.Client|nil
---@return elevenlabs.workspace.Error|nil
function M.new(options)
  local parts, err = client_options.read(options)
  if not parts then
    return nil, err
  elseif parts.for_core.threaded then
    bulk() -- loaded now: a host with a thread must not be held up later
  end
  local handle, failure = core.new(parts.for_core)
  if not handle then
    return nil, errors.not_sent(failure)
  end
  parts.is_threaded = parts.for_core.threaded
  parts.core, parts.base_url = handle, parts.base_url:gsub("/+$", "")
  return M.over(parts)
end

-- ---- calls

local function check_call(self, op, args, opts, call)
  names.check_self(self, call, 4)
  local operation = operations[op]
  if not operation or operation.answer == "page" then
    error("the operation must be unshare, share, get or connect", 3)
  elseif operation.takes_resource and type(args) ~= "table" then
    error(("%s takes a table of arguments, got %s"):format(op, type(args)), 3)
  elseif opts ~= nil and type(opts) ~= "table" then
    error(("%s takes a table of options, got %s"):format(op, type(opts)), 3)
  end
end

local function start(self, op, args, opts)
  local limits, err = call_options.read(opts)
  if not limits then
    return self.engine:refuse(op, args, err)
  elseif limits.dry_run then
    return self.engine:try(op, args)
  end
  return self.engine:start(op, args, nil, limits)
end

--- Check and queue a call, and return at once: `client:step` sends it. Raises if `op` is no
--- operation, or if `args` or `opts` is no table.
---@param op "unshare"|"share"|"get"|"connect"
---@param args table|nil as for the method of that name; connect takes none
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Call|true|nil # true in a dry run: there is no call
---@return elevenlabs.workspace.Error|nil
function Client:start(op, args, opts)
  check_call(self, op, args, opts, "client:start(...)")
  return start(self, op, args or {}, opts)
end

local function run(self, op, args, opts)
  local why = self.engine:why_no_wait()
  if why then
    return nil, errors.not_sent { kind = "invalid_argument", message = why }
  end
  local call, err = start(self, op, args, opts)
  if not call or call == true then
    return call, err
  end
  local receipt
  receipt, err = call:result()
  if not call:done() then
    call:cancel() -- nobody waits for the call any more
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
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Receipt|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil
function Client:unshare(args, opts)
  check_call(self, "unshare", args, opts, "client:unshare{...}")
  return run(self, "unshare", args, opts)
end

--- Give the target a role on the resource, in place of any it has.
---@param args elevenlabs.workspace.ShareArgs
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Receipt|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil
function Client:share(args, opts)
  check_call(self, "share", args, opts, "client:share{...}")
  return run(self, "share", args, opts)
end

--- Read a resource: who has which role.
---@param args elevenlabs.workspace.ResourceArgs
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Resource|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil
function Client:get(args, opts)
  check_call(self, "get", args, opts, "client:get{...}")
  return run(self, "get", args, opts)
end

--- Make the connection before it is needed, by a HEAD of / without the key. Any answer is good.
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
  if not (operations[op] and operations[op].takes_resource) then
    error("the operation of a bulk run must be unshare, share or get", 3)
  elseif type(items) ~= "table" and type(items) ~= "function" then
    local message = "a bulk run takes an array, an iterator or a source of items, got "
    error(message .. type(items), 3)
  elseif opts ~= nil and type(opts) ~= "table" then
    error(("a bulk run takes a table of options, got %s"):format(type(opts)), 3)
  end
end

local function start_many(self, op, items, opts)
  return bulk().start(self.engine, self.base_url, op, items, opts or {}, self.is_threaded)
end

local function run_many(self, op, items, opts)
  local run_, err = start_many(self, op, items, opts)
  if not run_ then
    return nil, err
  end
  return run_:result()
end

--- Make a bulk run that can be cancelled: `run:result()` does the work. Raises if `op` is no
--- operation, or if `items` or `opts` is of the wrong type.
---@param op "unshare"|"share"|"get"
---@param items elevenlabs.workspace.Items
---@param opts elevenlabs.workspace.BulkOptions|nil
---@return elevenlabs.workspace.Run|nil
---@return elevenlabs.workspace.Error|nil
function Client:start_many(op, items, opts)
  check_many(self, op, items, opts, "client:start_many(...)")
  return start_many(self, op, items, opts)
end

--- Unshare every item; each ends in exactly one outcome. Returns nil and an error only if the run
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

--- Read every item's resource. `on_result` gets the item and the resource, or nil and an error. There
--- is no journal, and a run takes the same memory for any number of items. A resource that cannot be
--- read does not stop the run. The rest is as for `unshare_many`.
---@param items elevenlabs.workspace.Items
---@param opts elevenlabs.workspace.BulkOptions|nil
---@return elevenlabs.workspace.Report|nil
---@return elevenlabs.workspace.Error|nil
function Client:get_many(items, opts)
  check_many(self, "get", items, opts, "client:get_many(...)")
  return run_many(self, "get", items, opts)
end

-- ---- driving

--- Run what is due, and wait for a call to be done.
---@param timeout_ms number|nil the longest wait; default 0: do not wait
---@return integer # calls that became done since the last step
function Client:step(timeout_ms)
  names.check_self(self, "client:step(...)")
  return self.engine:step(timeout_ms)
end

--- A descriptor that is readable whenever `step` has work; nil once the client is closed. Wait for
--- it, never read it.
---@return integer|nil
function Client:pollfd()
  names.check_self(self, "client:pollfd()")
  return self.engine:pollfd()
end

--- How long until `step` has work that no socket announces, for loops that cannot wait for a
--- descriptor.
---@return number|nil # milliseconds; nil if there is no such work
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
    waiting = counts.calls - done - engine.slots.count,
    in_flight = engine.slots.count,
    attempts = attempts,
    retries = counts.retries,
    window = engine.throttle:window(),
    connections = connections,
    confirmed = counts.confirmed,
    refused = counts.refused,
    unconfirmed = counts.unconfirmed,
    not_sent = counts.not_sent,
    event_errors = engine.outbox.errors,
  }
end

--- End all calls and connections. Calls under way end with kind "closed", but an answer that came
--- before stands. Idempotent. `local client <close>` calls it in Lua 5.4.
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
