--- The engine of a client: it takes calls, and its steps send and complete them. Clock, random
--- numbers and core come from outside, so that a simulator can replace them.
---
--- While a step changes state, nobody else does, and no code of the user's runs: requests go in,
--- callbacks come out. A finalizer may run at any allocation, also in a step. Whatever it asks for is
--- done when the step ends.

local calls = require "elevenlabs.workspace.engine.call"
local deadlines = require "elevenlabs.workspace.engine.deadline"
local errors = require "elevenlabs.workspace.error"
local exchanges = require "elevenlabs.workspace.engine.exchange"
local finishes = require "elevenlabs.workspace.engine.finish"
local groups = require "elevenlabs.workspace.engine.group"
local keys = require "elevenlabs.workspace.engine.key"
local lists = require "elevenlabs.workspace.engine.list"
local outboxes = require "elevenlabs.workspace.engine.outbox"
local queue = require "elevenlabs.workspace.engine.queue"
local slots = require "elevenlabs.workspace.engine.slots"
local steps = require "elevenlabs.workspace.engine.step"
local stops = require "elevenlabs.workspace.engine.stop"
local throttles = require "elevenlabs.workspace.throttle"
local timers = require "elevenlabs.workspace.engine.timers"
local transition = require "elevenlabs.workspace.engine.transition"
local waiters = require "elevenlabs.workspace.engine.waiters"

local masked_failure = finishes.masked_failure

local M = {}

---@class elevenlabs.workspace.Engine
local Engine = {}
Engine.__index = Engine

local SINGLE_ATTEMPTS = 4
local NO_LIMITS = {}

local function run_here(f)
  f()
end

---@param parts table { core, now = function() -> ms, random = function() -> [0, 1),
--- wait = function(done, waiter) -> nil|why not, api_key = string|false|function() -> that,
--- mask = function(value) -> value without secrets, on_event = nil, max_concurrency,
--- max_attempts = nil, deadline_ms = nil, places = nil: in a limit that the client shares,
--- spawn = nil: function(f) that runs f, perhaps later, in a coroutine that may wait,
--- gives_turns = nil: the host has other work to do while a call waits }
---@return elevenlabs.workspace.Engine
function M.new(parts)
  local key = keys.new(parts.api_key, parts.mask)
  return setmetatable({
    core = parts.core,
    now = parts.now,
    random = parts.random,
    wait_by_driver = parts.wait,
    gives_turns = parts.gives_turns or false,
    waited_ms = 0, -- the end of the last wait in which the host had a turn
    key = key,
    mask = key.mask,
    mask_others = parts.mask, -- all secrets but the key
    deadline_ms = parts.deadline_ms,
    max_attempts = parts.max_attempts,
    max_concurrency = parts.max_concurrency,
    single = groups.new {
      max_attempts = parts.max_attempts or SINGLE_ATTEMPTS,
      counts_unsent = true,
      waits_out_outages = false,
      probes_key = false,
      keeps = "receipts",
    },
    throttle = throttles.new(parts.max_concurrency, parts.random, parts.places),
    spawn = parts.spawn or run_here,
    -- Where calls are
    queued = lists.new(), -- to be sent for the first time
    backing_off = lists.new(), -- to be sent again, the soonest first
    slots = slots.new(parts.max_concurrency), -- in flight
    deadlines = lists.new(), -- of single calls, the soonest first
    -- Completions that the core gave, and how many are dealt with
    plain = {},
    plain_count = 0,
    plain_done = 0,
    others = {},
    others_done = 0,
    -- The step
    stepping = false,
    closed = false,
    inbox = queue.new_fifo(), -- what was asked for during the step
    outbox = outboxes.new(parts.on_event),
    asking_until_ms = 0, -- the `api_key` function is at work
    exchanging_until_ms = 0, -- the limit's store is asked
    has_limit_problem = false, -- the limit's store had one after the last exchange
    has_warned = false, -- of a store that may lose its state
    settles = 0, -- times that the host learned when the next step is due
    forks = select(3, parts.core:counts()),
    -- Who is told
    waiters = waiters.new(),
    timers = setmetatable({}, { __mode = "k" }), -- by owner: the time at which a step must end
    has_news = false, -- a waiter may be satisfied since the last sweep
    finished = 0, -- calls that are done
    reported = 0, -- calls that were done when the last step ended
    counts = { calls = 0, confirmed = 0, refused = 0, unconfirmed = 0, not_sent = 0, retries = 0 },
  }, Engine)
end

-- ---- calls

--- True if these arguments would be sent.
---@return boolean ok
---@return elevenlabs.workspace.Error|string|nil why not, or a warning
function Engine:check(op, args)
  local ok, why = self.core:validate(op, args, self.key.known())
  if not ok then
    return false, errors.not_sent(masked_failure(self.mask, why))
  end
  return true, why
end

--- The request of these arguments: checked and built once.
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param args table
---@return any|nil request for `queue`
---@return elevenlabs.workspace.Error|string|nil why not, or a warning
function Engine:prepare(op, args)
  local request, why = self.core:prepare(op, args, self.key.known())
  if not request then
    return nil, errors.not_sent(masked_failure(self.mask, why))
  end
  return request, why
end

--- The first call of a group begins a new outage clock. Later, time in which the group had no call
--- is no part of an outage.
local function start_clock(self, group, now)
  if group.started == 0 then
    self.throttle:reset_outage()
  else
    self.throttle:exclude_idle(now)
  end
end

local function enter(self, call)
  local group = call.group
  if call.deadline then
    deadlines.add(self.deadlines, call.deadline)
  end
  if group.waits_out_outages and group.started == group.finished then
    start_clock(self, group, call.started_ms)
  end
  transition(self, call, "queued")
end

--- Queue a call that was started during a step. The client may be closed by then; the call is queued
--- all the same, so that it is counted before it ends. After an error this is done again.
local function enter_late(self, call)
  if call.state == "new" then
    enter(self, call)
  end
  if self.closed then
    stops.stop(self, call, "closed")
  end
end

--- A finalizer may have stepped or closed the client since `expect_calls`.
local function enter_now(self, call)
  enter(self, call)
  if self.settles ~= self.expected_settles then
    self.core:wake_at(0)
    if self.closed then
      steps.ask(self, stops.stop, call, "closed")
    end
  end
end

--- Call this before `queue` or `count_refused`: it makes a step due. In the child of a fork it ends
--- the parent's calls.
function Engine:expect_calls()
  if not self.stepping then
    steps.notice_fork(self)
    self.core:wake_at(0)
    self.expected_settles = self.settles
  end
end

--- Set the limits of a single call.
local function limit(self, call, limits)
  local length_ms = limits.deadline_ms or self.deadline_ms
  if length_ms then
    call.deadline = deadlines.new(call, length_ms)
  end
  if limits.max_attempts then
    call.max_attempts = limits.max_attempts
  end
end

--- Queue a call, after `expect_calls`. Nothing is sent before the next step.
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param args table nobody else may change it
---@param request any of `prepare`
---@param group elevenlabs.workspace.CallGroup
---@param warning string|nil|false of `prepare`
---@param perhaps_applied boolean|nil an earlier run may have sent it
---@param limits table|nil { deadline_ms = nil, max_attempts = nil } of a single call
---@return elevenlabs.workspace.Call|nil, elevenlabs.workspace.Error|nil
function Engine:queue(op, args, request, group, warning, perhaps_applied, limits)
  if self.closed then
    return nil, errors.closed()
  end
  local now = self.now()
  local call = calls.new(self, op, args, request, group, now)
  if warning then
    call.warning = warning
  end
  if perhaps_applied then
    call.perhaps_applied = true
  end
  if group == self.single then
    limit(self, call, limits or NO_LIMITS)
  end
  if self.stepping then
    self.inbox:push { apply = enter_late, value = call }
  else
    enter_now(self, call)
  end
  return call
end

--- A copy of arguments, without their metatable. The user may change the table that was given. The
--- copy has room for the usual fields: to grow a table costs as much as all the rest here.
---@param args table
---@return table
function M.copy_raw(args)
  local copy = { resource_id = nil, resource_type = nil, user_email = nil, role = nil }
  for k, v in next, args do
    copy[k] = v
  end
  return copy
end

--- Give a number to a call whose arguments are refused, and make its event. The next step tells of
--- the event. If a step is under way, the number is there when that step ends.
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param args table as the user gave them
---@param err elevenlabs.workspace.Error gets the number
function Engine:count_refused(op, args, err)
  steps.apply(self, finishes.refuse, { op = op, args = args }, err)
end

--- As `count_refused`, but the event is told at once.
---@return nil, elevenlabs.workspace.Error
function Engine:refuse(op, args, err)
  self:expect_calls()
  self:count_refused(op, args, err)
  steps.settle(self)
  return nil, err
end

--- Check a call and send nothing.
---@param op "unshare"|"share"|"get"|"connect"
---@param args table
---@return true|nil, elevenlabs.workspace.Error|nil
function Engine:try(op, args)
  if self.closed then
    return nil, errors.closed()
  end
  local ok, why = self:check(op, args)
  if not ok then
    return nil, why
  end
  return true
end

--- Check and queue a call.
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param args table
---@param group elevenlabs.workspace.CallGroup|nil default that of a single call
---@param limits table|nil { deadline_ms = nil, max_attempts = nil } of a single call
---@return elevenlabs.workspace.Call|nil, elevenlabs.workspace.Error|nil
function Engine:start(op, args, group, limits)
  if self.closed then
    return nil, errors.closed()
  end
  local copy = M.copy_raw(args)
  local request, why = self:prepare(op, copy)
  if not request then
    return self:refuse(op, copy, why)
  end
  self:expect_calls()
  return self:queue(op, copy, request, group or self.single, why, false, limits)
end

--- End a call. If its attempt is in flight, the attempt still completes.
---@param call elevenlabs.workspace.Call
function Engine:cancel(call)
  steps.ask(self, stops.stop, call, "cancelled")
end

local function cancel_group(self, group, only_unsent)
  local stop = only_unsent and stops.stop_unsent or stops.stop_group
  stop(self, "cancelled", group)
end

--- End the calls of a group.
---@param group elevenlabs.workspace.CallGroup
---@param only_unsent boolean|nil leave those in flight
function Engine:cancel_group(group, only_unsent)
  steps.ask(self, cancel_group, group, only_unsent)
end

-- ---- a step

--- Run what is due and wait at most `timeout_ms` (default 0) for a completion. Inside a step this
--- does nothing.
---@param timeout_ms number|nil
---@return integer completed calls that became done since the last step
function Engine:step(timeout_ms)
  return self.stepping and 0 or steps.run(self, timeout_ms or 0)
end

--- The core's descriptor, once the calls that a fork ended have been dealt with.
function Engine:pollfd()
  steps.notice_fork(self)
  return self.core:pollfd()
end

-- ---- waiting

--- Somebody may have got what it waits for: wake who waits. The step under way, or the next, ends at
--- once.
function Engine:announce()
  self.has_news = true
  if self.stepping then
    self.core:wake_at(0)
  else
    steps.settle(self)
  end
end

--- Why nobody can wait here; nil: one can.
---@return string|nil
function Engine:why_no_wait()
  return self.stepping and "a function that runs inside a step cannot wait" or nil
end

local function wait(self, done)
  local waiter, has_waited = self.waiters:add(done), false
  local why = self.wait_by_driver(function()
    local is_done = self.waiters:look(waiter)
    has_waited = has_waited or not is_done
    return is_done
  end, waiter)
  self.waiters:remove(waiter)
  if has_waited then
    self.waited_ms = self.now()
  end
  return why
end

--- Wait until `done`, as the client's driver does.
---@param done fun(): boolean
---@return string|nil why not
function Engine:wait(done)
  local why = self:why_no_wait()
  if why then
    return why
  end
  local resumer = waiters.resumer()
  return (resumer and resumer.wait or wait)(self, done)
end

--- Let a step end by then, once. Each owner has one timer.
---@param owner any
---@param at_ms number|nil by the engine's clock; nil: no timer
function Engine:set_timer(owner, at_ms)
  self.timers[owner] = at_ms
  self.core:wake_at(timers.next_wake_ms(self))
end

local function close(self)
  self.closed = true
  steps.end_all(self)
end

--- End all calls and take no more. Idempotent; if an error cut it short, it can be repeated.
function Engine:close()
  steps.notice_fork(self)
  steps.ask(self, close)
  if not self.stepping then -- in a step nothing may wait: the lease of the places ends by itself
    exchanges.leave(self)
  end
end

return M
