--- The engine of a client: it takes calls, and its steps send and complete them. Clock, random
--- numbers and core come from outside, so that a simulator can replace them.
---
--- State changes inside a step alone, and no code of the user's runs inside a step: requests go in,
--- callbacks come out. A finalizer may run at any allocation, also in a step. Whatever it asks for is
--- done when the step ends.

local calls = require "elevenlabs.workspace.engine.call"
local completes = require "elevenlabs.workspace.engine.complete"
local errors = require "elevenlabs.workspace.error"
local groups = require "elevenlabs.workspace.engine.group"
local keys = require "elevenlabs.workspace.engine.key"
local lists = require "elevenlabs.workspace.engine.list"
local masked_failure = require("elevenlabs.workspace.engine.finish").masked_failure
local outboxes = require "elevenlabs.workspace.engine.outbox"
local queue = require "elevenlabs.workspace.engine.queue"
local sends = require "elevenlabs.workspace.engine.send"
local slots = require "elevenlabs.workspace.engine.slots"
local stops = require "elevenlabs.workspace.engine.stop"
local throttles = require "elevenlabs.workspace.throttle"
local timers = require "elevenlabs.workspace.engine.timers"
local transition = require "elevenlabs.workspace.engine.transition"
local waiters = require "elevenlabs.workspace.engine.waiters"

local M = {}

---@class elevenlabs.workspace.Engine
local Engine = {}
Engine.__index = Engine

local SINGLE_ATTEMPTS = 4
local MAX_ASK_MS = 10000 -- an `api_key` function that takes longer is called again by another step

---@param parts table { core, now = function() -> ms, random = function() -> [0, 1),
--- wait = function(done, waiter) -> nil|why not, api_key = string|false|function() -> that,
--- mask = function(value) -> value without secrets, on_event = nil, max_concurrency,
--- max_attempts = nil, deadline_ms = nil }
---@return elevenlabs.workspace.Engine
function M.new(parts)
  local self = setmetatable({
    core = parts.core,
    now = parts.now,
    random = parts.random,
    wait_by_driver = parts.wait,
    key = keys.new(parts.api_key, parts.mask),
    mask = parts.mask, -- with the key, unless a function gives keys
    mask_others = parts.mask, -- all secrets but the key
    deadline_ms = parts.deadline_ms,
    max_attempts = parts.max_attempts,
    max_concurrency = parts.max_concurrency,
    single = groups.new {
      max_attempts = parts.max_attempts or SINGLE_ATTEMPTS,
      counts_unsent = true,
      waits_out_outages = false,
      probes_key = false,
      keeps_receipts = true,
    },
    throttle = throttles.new(parts.max_concurrency, parts.random),
    -- Where calls are
    queued = lists.new(), -- to be sent for the first time
    backing_off = lists.new(), -- to be sent again, the soonest first
    slots = slots.new(parts.max_concurrency), -- in flight
    deadlines = queue.new_fifo(), -- single calls with a deadline, the oldest first
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
    forks = select(3, parts.core:counts()),
    -- Who is told
    waiters = waiters.new(),
    timers = setmetatable({}, { __mode = "k" }), -- by owner: the time at which a step must end
    has_news = false, -- a waiter may be satisfied since the last sweep
    finished = 0, -- calls that are done
    reported = 0, -- calls that were done when the last step ended
    counts = { calls = 0, confirmed = 0, refused = 0, unconfirmed = 0, not_sent = 0, retries = 0 },
  }, Engine)
  if not self.key.is_asked then
    self.mask = select(2, self.key.get())
  end
  return self
end

-- ---- inside a step

--- Do what was asked for meanwhile.
local function apply_inbox(self)
  local asked = self.inbox:peek()
  while asked do
    asked.apply(self, asked.value, asked.why)
    self.inbox:drop()
    asked = self.inbox:peek()
  end
end

--- The step begins and ends here: to call `pcall` may raise too, and a debug hook may raise after it.
local function run(self, change, ...)
  self.stepping = true
  if completes.is_behind(self) then
    completes.catch_up(self)
  end
  change(self, ...)
  apply_inbox(self)
  self.stepping = false
end

--- Change state: nobody else does meanwhile. An error leaves all in order, and the rest to the next
--- step. A finalizer may resume, inside a step, a coroutine whose own step waited for a function of
--- the user's: the rest of that step does nothing.
local function inside(self, change, ...)
  if self.stepping then
    return
  end
  local ok, why = pcall(run, self, change, ...)
  if not ok then
    self.stepping = false
    self.core:wake_at(0)
    error(why, 0)
  end
end

--- Tell of events. While a function has not returned, another step is due and tells of the rest.
local function deliver(self)
  if not self.stepping and not self.outbox:is_empty() then
    self.outbox:deliver()
    self.core:wake_at(timers.next_wake_ms(self))
  end
end

--- After a change: callbacks come out, and the host learns when the next step is due.
local function settle(self)
  if self.stepping then
    return
  end
  if self.has_news then
    local ok, is_last = pcall(self.waiters.sweep, self.waiters)
    if not ok then
      self.core:wake_at(0)
      error(is_last, 0)
    elseif is_last then
      self.has_news = false
    end
  end
  self.core:wake_at(timers.next_wake_ms(self))
  deliver(self)
end

--- Change state now; or, if a step is under way, when that step ends.
---@param change fun(self: elevenlabs.workspace.Engine, value: any, why: any)
local function ask(self, change, value, why)
  if self.stepping then
    self.inbox:push { apply = change, value = value, why = why }
    return
  end
  inside(self, change, value, why)
  settle(self)
end

-- ---- calls

--- True if these arguments would be sent.
---@return boolean ok
---@return elevenlabs.workspace.Error|string|nil why not, or a warning
function Engine:check(op, args)
  local ok, why = self.core:validate(op, args)
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
  local request, why = self.core:prepare(op, args)
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

local function closed_error()
  return errors.not_sent { kind = "closed", message = "the client is closed" }
end

--- Every call is queued first, so that it is counted before it ends. After an error this is done
--- again.
local function enter(self, call)
  local group = call.group
  if call.state == "new" then
    if call.deadline_ms then
      self.deadlines:push(call)
    end
    if group.waits_out_outages and group.started == group.finished then
      start_clock(self, group, call.started_ms)
    end
    transition(self, call, "queued")
  end
  if self.closed then
    stops.stop(self, call, "closed")
  end
end

--- Call this before `queue`: it makes a step due. In the child of a fork it ends the parent's
--- calls.
function Engine:expect_calls()
  if not self.stepping then
    self:notice_fork()
    self.core:wake_at(0)
  end
end

--- Queue a call, after `expect_calls`. Nothing is sent before the next step.
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param args table nobody else may change it
---@param request any of `prepare`
---@param group elevenlabs.workspace.CallGroup
---@param warning string|nil|false of `prepare`
---@param perhaps_applied boolean|nil an earlier run may have sent it
---@return elevenlabs.workspace.Call|nil, elevenlabs.workspace.Error|nil
function Engine:queue(op, args, request, group, warning, perhaps_applied)
  if self.closed then
    return nil, closed_error()
  end
  local now = self.now()
  local call = calls.new(self, op, args, request, group, now)
  if warning then
    call.warning = warning
  end
  if perhaps_applied then
    call.perhaps_applied = true
  end
  if self.deadline_ms and group == self.single then
    call.deadline_ms = now + self.deadline_ms
  end
  if self.stepping then
    self.inbox:push { apply = enter, value = call }
  else
    enter(self, call)
  end
  return call
end

--- A copy, because the user may change the table before the call is sent. It has room for the usual
--- fields: to grow a table costs as much as all the rest here.
local function copy_raw(args)
  local copy = { resource_id = nil, resource_type = nil, user_email = nil, role = nil }
  for k, v in next, args do
    copy[k] = v
  end
  return copy
end

--- A copy of the arguments, and its request.
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param args table
---@return table copy
---@return any|nil request nil if the arguments would not be sent
---@return elevenlabs.workspace.Error|string|nil why not, or a warning
function Engine:take(op, args)
  local copy = copy_raw(args)
  return copy, self:prepare(op, copy)
end

--- Check and queue a call.
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param args table
---@param group elevenlabs.workspace.CallGroup|nil default that of a single call
---@return elevenlabs.workspace.Call|nil, elevenlabs.workspace.Error|nil
function Engine:start(op, args, group)
  if self.closed then
    return nil, closed_error()
  end
  local copy, request, why = self:take(op, args)
  if not request then
    return nil, why
  end
  self:expect_calls()
  return self:queue(op, copy, request, group or self.single, why)
end

--- End a call. If its attempt is in flight, the attempt still completes.
---@param call elevenlabs.workspace.Call
function Engine:cancel(call)
  ask(self, stops.stop, call, "cancelled")
end

local function cancel_group(self, group, only_unsent)
  local stop = only_unsent and stops.stop_unsent or stops.stop_group
  stop(self, "cancelled", group)
end

--- End the calls of a group.
---@param group elevenlabs.workspace.CallGroup
---@param only_unsent boolean|nil leave those in flight
function Engine:cancel_group(group, only_unsent)
  ask(self, cancel_group, group, only_unsent)
end

-- ---- a step

--- End what is due, and send what may be sent.
local function advance(self)
  if self.closed then
    return
  end
  stops.stop_overdue(self)
  if self.queued.first or self.backing_off.first then
    stops.give_up(self)
    if not self.key.is_asked then
      sends.send_more(self, self.key.get())
    end
  end
end

local function send_with(self, key, mask_or_failure)
  if self.closed then
    return
  elseif key == nil then
    sends.refuse_due(self, mask_or_failure)
  else
    sends.send_more(self, key, mask_or_failure)
  end
  self.core:wake_at(timers.next_wake_ms(self))
end

local function ask_key(self, until_ms)
  self.asking_until_ms = until_ms
  self.core:wake_at(timers.next_wake_ms(self))
  return self.key.get()
end

--- Ask the user's function for the key if there is something to send. The function may take long, and
--- other steps go on meanwhile. It is asked once for all that is sent then.
local function ask_key_and_send(self)
  local now = self.now()
  if not self.key.is_asked or self.asking_until_ms > now or not sends.next_due(self) then
    return
  end
  local until_ms = now + MAX_ASK_MS
  local ok, key, mask_or_failure = pcall(ask_key, self, until_ms)
  if self.asking_until_ms == until_ms then -- otherwise another step asks by now
    self.asking_until_ms = 0
  end
  if not ok then
    self.core:wake_at(0)
    error(key, 0)
  end
  inside(self, send_with, key, mask_or_failure)
end

--- End all calls.
local function end_all(self)
  for _, slot in ipairs(self.slots) do
    if slot.call then
      slot.call.stopped = slot.call.stopped or "closed"
    end
  end
  completes.complete_all(self, self.core.close)
  stops.stop_unsent(self, "closed")
end

local function take_completions(self, timeout_ms)
  if self.closed then
    return end_all(self)
  end
  completes.complete_all(self, self.core.step, completes.is_behind(self) and 0 or timeout_ms)
  timers.ring(self)
  advance(self) -- into the places that became free
end

--- True if the step has something to tell already: it must not wait for more.
local function is_due(self, before)
  return self.finished > before or self.waiters.satisfied > 0 or self.has_news
end

--- Run what is due and wait at most `timeout_ms` (default 0) for a completion. Inside a step this
--- does nothing.
---@param timeout_ms number|nil
---@return integer completed calls that became done since the last step
function Engine:step(timeout_ms)
  if self.stepping then
    return 0
  end
  local before = self.reported
  self:notice_fork()
  self.waiters:step_begins()
  inside(self, advance)
  self.core:wake_at(timers.next_wake_ms(self))
  ask_key_and_send(self)
  deliver(self)
  inside(self, take_completions, is_due(self, before) and 0 or timeout_ms or 0)
  ask_key_and_send(self)
  local completed = self.finished - before
  self.reported = self.finished
  settle(self)
  return completed
end

--- In the child of a fork, end the parent's calls.
function Engine:notice_fork()
  local _, _, forks = self.core:counts()
  if forks ~= self.forks and not self.stepping then
    inside(self, stops.notice_fork)
    self.core:wake_at(0)
  end
end

--- The core's descriptor, once the calls that a fork ended have been dealt with.
function Engine:pollfd()
  self:notice_fork()
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
    settle(self)
  end
end

--- Why nobody can wait here; nil: one can.
---@return string|nil
function Engine:why_no_wait()
  return self.stepping and "a function that runs inside a step cannot wait" or nil
end

--- Wait until `done`, as the client's driver does.
---@param done fun(): boolean
---@return string|nil why not
function Engine:wait(done)
  local why = self:why_no_wait()
  if why then
    return why
  end
  local resumer = waiters.resumed_by[coroutine.running()]
  if resumer then
    return resumer.wait(self, done)
  end
  local waiter = self.waiters:add(done)
  why = self.wait_by_driver(function()
    return self.waiters:look(waiter)
  end, waiter)
  self.waiters:remove(waiter)
  return why
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
  end_all(self)
end

--- End all calls and take no more. Idempotent; if an error cut it short, it can be repeated.
function Engine:close()
  self:notice_fork()
  ask(self, close)
end

return M
