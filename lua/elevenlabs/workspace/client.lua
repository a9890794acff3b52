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

--- A client, from `workspace.new`. A client serves many calls at a time, of many coroutines. `print` shows
--- a client on one line.
---@class elevenlabs.workspace.Client
local Client = {}
Client.__index = Client
Client.__name = "elevenlabs.workspace.client"
Client.__concat = texts.concat

-- ---- making one

--- A client over a core: that of the network, or a fake.
---@param parts table { core, base_url, api_key, driver, secrets = nil, on_event = nil,
--- max_concurrency = nil, max_attempts = nil, deadline_ms = nil, is_threaded = nil: a thread makes
--- the transfers, as the host must not wait, limit = nil, attempt_timeout_ms = nil }
---@return elevenlabs.workspace.Client
function M.over(parts)
  local engines = require "elevenlabs.workspace.engine" -- takes most of the time to load
  local max_concurrency = parts.max_concurrency or 32
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
    max_concurrency = max_concurrency,
    max_attempts = parts.max_attempts,
    deadline_ms = parts.deadline_ms,
    spawn = parts.driver.spawn,
    gives_turns = not parts.driver.may_block,
    places = parts.limit and parts.limit:join {
      now = core.now,
      random = core.random,
      max_concurrency = max_concurrency,
      attempt_timeout_ms = parts.attempt_timeout_ms,
    },
  }
  return client
end

--- Make a client. Opens no connection.
---@param options elevenlabs.workspace.Options
---@return elevenlabs.workspace.Client|nil
---@return elevenlabs.workspace.Error|nil # which option is wrong, in `field`
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

--- Check and queue a call, and return at once. `client:step` sends the call. Raises if `op` is no
--- operation, or if `args` or `opts` is no table.
---
--- ```lua
--- local call = client:start("get", {
---   resource_id = "voice_narrator", resource_type = "voice",
--- })
--- while not call:done() do
---   client:step(100) -- waits at most 100 ms
--- end
--- print(call:result())
--- ```
---@param op "unshare"|"share"|"get"|"connect" The operation.
---@param args table|nil What the method of that name takes. connect takes none.
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Call|true|nil # true in a dry run: there is no call
---@return elevenlabs.workspace.Error|nil # which argument is wrong, in `field`
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

--- Names one resource.
---@class elevenlabs.workspace.ResourceArgs
---@field resource_id string The id of the resource: up to 512 bytes of UTF-8, without "/" and "%".
---@field resource_type string One of `workspace.RESOURCE_TYPES`, such as "voice".
--- Accept a `resource_type` that this library does not know.
---@field allow_unknown_resource_type boolean|nil

--- Names one resource, and exactly one target: whose role is meant. `cjson.null` counts as absent.
---@class elevenlabs.workspace.UnshareArgs: elevenlabs.workspace.ResourceArgs
---@field user_email string|nil The address of a user or of a service account.
---@field group_id string|nil The id of a group. "default" is the role that every member has.
--- The id of an API key, not the secret: the role of its service account.
---@field workspace_api_key_id string|nil

--- Names one resource, exactly one target, and a role.
---@class elevenlabs.workspace.ShareArgs: elevenlabs.workspace.UnshareArgs
---@field role "admin"|"editor"|"commenter"|"viewer" The role to give.

--- What a client has of the limit that it shares.
---@class elevenlabs.workspace.LimitStats
---@field places integer How many requests this client may have in flight now.
--- Why the client has no place. Nil if it has one or needs none, and during a pause.
---@field why string|nil
---@field warning string|nil Why the limit's store may lose its state.

--- Counts since the client was made, and of the calls under way.
---@class elevenlabs.workspace.Stats
--- Calls that were begun, those of bulk runs included: the sum of waiting, in_flight and the four
--- outcomes.
---@field calls integer
---@field waiting integer Calls that wait to be sent, for the first time or again.
---@field in_flight integer Calls whose request is on its way.
---@field attempts integer Requests that were begun.
---@field retries integer Attempts that were followed by another attempt of the same call.
--- How many requests may be in flight now. The number follows what the server can take. With the
--- option `limit` it is the window of all clients of the limit, and 0 before the limit's store answers.
---@field window integer
--- What the client has of the limit that it shares, with the option `limit`.
---@field limit elevenlabs.workspace.LimitStats|nil
---@field connections integer Connections that carried a request.
---@field confirmed integer Calls that the server confirmed.
---@field refused integer Calls to which the server said no.
---@field unconfirmed integer Calls that were sent, and of which nobody can know.
---@field not_sent integer Calls that never reached a server.
---@field event_errors integer How often `on_event` raised an error.

--- Remove whatever role the target has on the resource. If there is no role, the server confirms too.
---
--- ```lua
--- local receipt, err = client:unshare {
---   resource_id = "voice_narrator", resource_type = "voice",
---   user_email = "mia@example.com",
--- }
--- print(receipt or err)
--- ```
---@param args elevenlabs.workspace.UnshareArgs
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Receipt|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil # `outcome` says whether the request may have had an effect
function Client:unshare(args, opts)
  check_call(self, "unshare", args, opts, "client:unshare{...}")
  return run(self, "unshare", args, opts)
end

--- Give the target a role on the resource, in place of any role that the target has.
---
--- ```lua
--- print(client:share {
---   resource_id = "voice_narrator", resource_type = "voice",
---   user_email = "eve@example.com",
---   role = "viewer",
--- })
--- ```
---@param args elevenlabs.workspace.ShareArgs
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Receipt|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil # `outcome` says whether the request may have had an effect
function Client:share(args, opts)
  check_call(self, "share", args, opts, "client:share{...}")
  return run(self, "share", args, opts)
end

--- Read who has which role on a resource.
---
--- ```lua
--- local resource, err = client:get {
---   resource_id = "voice_narrator", resource_type = "voice",
--- }
--- if not resource then error(tostring(err)) end
--- for role, ids in pairs(resource.role_to_group_ids) do
---   print(role, table.concat(ids, " "))
--- end
--- ```
---@param args elevenlabs.workspace.ResourceArgs
---@param opts elevenlabs.workspace.CallOptions|nil
---@return elevenlabs.workspace.Resource|true|nil # true in a dry run
---@return elevenlabs.workspace.Error|nil # why the resource could not be read; that is not "no role"
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

--- Make a bulk run that can be cancelled. `run:result()` does the work. In a coroutine, a long file or
--- journal is read in pieces, and an event loop goes on meanwhile. Raises if `op` is no operation, or
--- if `items` or `opts` is of the wrong type.
---
--- ```lua
--- local run, err = client:start_many("get", {
---   { resource_id = "voice_narrator", resource_type = "voice" },
--- })
--- if not run then error(tostring(err)) end
--- print(run:result()) -- a signal's handler may call run:cancel()
--- ```
---@param op "unshare"|"share"|"get" The operation.
---@param items elevenlabs.workspace.Items An array, a function or a source.
---@param opts elevenlabs.workspace.BulkOptions|nil
---@return elevenlabs.workspace.Run|nil
---@return elevenlabs.workspace.Error|nil # why the run could not begin; nothing was sent
function Client:start_many(op, items, opts)
  check_many(self, op, items, opts, "client:start_many(...)")
  return start_many(self, op, items, opts)
end

--- Unshare every item. Each item ends in exactly one outcome: `on_result` is told the outcome of each,
--- and the report counts them. Items that the server refuses are no error of the run.
---
--- ```lua
--- local items = workspace.items.product {
---   resource_type = "voice",
---   resource_ids = { "voice_narrator", "voice_trailer" },
---   user_emails = { "mia@example.com" },
--- }
--- local report, err = client:unshare_many(items, {
---   journal = "leaver.journal", -- call again to send what is left
---   on_result = function(item, receipt, why)
---     print(item.resource_id, receipt or why)
---   end,
--- })
--- if not report then error(tostring(err)) end
--- print(report, report.confirmed == report.total)
--- ```
---@param items elevenlabs.workspace.Items An array, a function or a source.
---@param opts elevenlabs.workspace.BulkOptions|nil
---@return elevenlabs.workspace.Report|nil # if the run stopped early, `stopped` says why
---@return elevenlabs.workspace.Error|nil # why the run could not begin; nothing was sent
function Client:unshare_many(items, opts)
  check_many(self, "unshare", items, opts, "client:unshare_many(...)")
  return run_many(self, "unshare", items, opts)
end

--- Share every item. Each item has a role. The rest is as for `unshare_many`.
---@param items elevenlabs.workspace.Items An array, a function or a source.
---@param opts elevenlabs.workspace.BulkOptions|nil
---@return elevenlabs.workspace.Report|nil # if the run stopped early, `stopped` says why
---@return elevenlabs.workspace.Error|nil # why the run could not begin; nothing was sent
function Client:share_many(items, opts)
  check_many(self, "share", items, opts, "client:share_many(...)")
  return run_many(self, "share", items, opts)
end

--- Read every item's resource. `on_result` gets the item and the resource, or the item, nil and an
--- error. There is no journal, and a run takes the same memory for any number of items. A resource
--- that cannot be read does not stop the run. The rest is as for `unshare_many`.
---@param items elevenlabs.workspace.Items An array, a function or a source.
---@param opts elevenlabs.workspace.BulkOptions|nil
---@return elevenlabs.workspace.Report|nil # if the run stopped early, `stopped` says why
---@return elevenlabs.workspace.Error|nil # why the run could not begin; nothing was sent
function Client:get_many(items, opts)
  check_many(self, "get", items, opts, "client:get_many(...)")
  return run_many(self, "get", items, opts)
end

-- ---- driving

--- Do what is due: send calls, take answers, resume who waits. Return as soon as a call is done. Each
--- step is bounded. A bulk run takes further items only while somebody waits for its result.
---@param timeout_ms number|nil How long to wait at most. Default 0: do not wait.
---@return integer # how many calls became done since the last step
function Client:step(timeout_ms)
  names.check_self(self, "client:step(...)")
  return self.engine:step(timeout_ms)
end

--- A descriptor that is readable whenever `step` has work: for sockets, timers and finished calls
--- alike. Wait for the descriptor, never read it.
---@return integer|nil # nil if the client is closed
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

local function limit_stats(engine)
  local places, now = engine.throttle.shared, engine.now()
  return places
    and {
      places = places:places(now),
      why = places:why(now),
      warning = places.warning,
    }
end

--- Count what the client did, and what it does now.
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
    limit = limit_stats(engine) or nil,
    connections = connections,
    confirmed = counts.confirmed,
    refused = counts.refused,
    unconfirmed = counts.unconfirmed,
    not_sent = counts.not_sent,
    event_errors = engine.outbox.errors,
  }
end

--- End all calls and connections. Calls under way end with kind "closed", but an answer that came
--- before stands. May be called twice. In Lua 5.4, `local client <close>` calls it.
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
