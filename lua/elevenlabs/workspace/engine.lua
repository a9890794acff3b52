--- The engine of a client: it takes calls, and its steps send and complete them. Clock, random
--- numbers and core come from outside, so that a simulator can replace them.
---
--- A call is queued, in flight, backing off or done. Any line may raise if memory is short. A
--- function of the user's may do anything: step, start, cancel, close, or yield and never return.
--- So a call is added to its new place before it is removed from the old one, and a step can be
--- repeated.

local calls = require "elevenlabs.workspace.engine.call"
local completes = require "elevenlabs.workspace.engine.complete"
local errors = require "elevenlabs.workspace.error"
local finishes = require "elevenlabs.workspace.engine.finish"
local groups = require "elevenlabs.workspace.engine.group"
local operations = require "elevenlabs.workspace.operations"
local throttles = require "elevenlabs.workspace.throttle"
local queue = require "elevenlabs.workspace.engine.queue"
local secrets = require "elevenlabs.workspace.secrets"
local sends = require "elevenlabs.workspace.engine.send"
local stops = require "elevenlabs.workspace.engine.stop"
local timers = require "elevenlabs.workspace.engine.timers"
local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

---@class elevenlabs.workspace.Engine
local Engine = {}
Engine.__index = Engine

local SINGLE_ATTEMPTS = 4

---@param parts table { core, now = function() -> ms, random = function() -> [0, 1),
--- wait = function(done) -> nil|why not, api_key = string|false|function() -> that,
--- mask = function(value) -> value without secrets, on_event = nil, max_concurrency,
--- max_attempts = nil, deadline_ms = nil, sweeps = nil: `wait` asks after each step who is done, so
--- that nobody takes turns }
---@return elevenlabs.workspace.Engine
function M.new(parts)
  local self
  local key = parts.api_key -- in closures alone: no field shows the key
  local asks_key = type(key) == "function"
  local keys, slots = {}, {} -- the keys of attempts by slot
  for i = 1, parts.max_concurrency do
    slots[i] = i
  end
  self = setmetatable({
    core = parts.core,
    now = parts.now,
    random = parts.random,
    wait = function(done)
      if self.sweeps then
        return parts.wait(done)
      end
      return self.turns:wait(parts.wait, done)
    end,
    sweeps = parts.sweeps,
    asks_key = asks_key, -- the key comes from a function of the user's, which may do anything
    api_key = asks_key and key or function()
      return key
    end,
    mask = not asks_key and key and secrets.with_key(parts.mask, key) or parts.mask,
    keep_key = function(slot, attempt_key)
      keys[slot] = attempt_key
    end,
    --- What takes secrets out of the answer to an attempt.
    mask_of = function(evidence)
      local shown = evidence.shows_key and keys[evidence.slot]
      return shown and secrets.with_key(parts.mask, shown) or parts.mask
    end,
    on_event = parts.on_event,
    deadline_ms = parts.deadline_ms,
    max_attempts = parts.max_attempts,
    max_concurrency = parts.max_concurrency,
    single = groups.new {
      max_attempts = parts.max_attempts or SINGLE_ATTEMPTS,
      counts_unsent = true,
      waits_out_outages = false,
      probes_key = false,
    },
    throttle = throttles.new(parts.max_concurrency, parts.random),
    closed = false,
    queued = queue.new_fifo(), -- calls to be sent for the first time
    backing_off = queue.new_delay_queue(), -- calls to be sent again
    -- By owner: the time at which a step must end.
    timers = setmetatable({}, { __mode = "k" }),
    woken = false, -- the step must end at once
    rang = false, -- a timer passed in the last step, so the host must step again
    turns = turns.new(),
    in_flight = {}, -- calls in flight, by slot
    slots = slots, -- of the core; the first `free_slots` are free
    free_slots = #slots,
    in_flight_count = 0, -- places taken: by calls in flight and calls that are "starting"
    arrived = {}, -- completions, the first `arrived_done` of which are dealt with
    arrived_done = 0,
    plain = {}, -- plain confirmations of the core, the first `plain_done` of which are in `arrived`
    plain_done = 0,
    plain_count = 0,
    batch = 0, -- times that the core was asked for completions
    deadlines = queue.new_fifo(), -- single calls with a deadline, the oldest first
    finished = 0, -- calls that are done
    reported = 0, -- calls that were done when the last step ended
    forks = select(3, parts.core:counts()),
    counts = {
      calls = 0,
      confirmed = 0,
      refused = 0,
      unconfirmed = 0,
      not_sent = 0,
      retries = 0,
      event_errors = 0,
    },
  }, Engine)
  return self
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

--- True if these arguments would be sent.
---@return boolean ok
---@return elevenlabs.workspace.Error|string|nil why not, or a warning
function Engine:check(op, args)
  local ok, why = self.core:validate(op, args)
  if not ok then
    return false, errors.not_sent(finishes.masked_failure(self.mask, why))
  end
  return true, why
end

--- A copy of the arguments, checked.
---@param op "unshare"|"share"|"get"
---@param args table
---@return table|nil
---@return elevenlabs.workspace.Error|string|nil why not, or a warning
---@return table|nil copy the same copy, if it would not be sent
function Engine:take(op, args)
  local copy = copy_raw(args)
  local ok, why = self:check(op, copy)
  if not ok then
    return nil, why, copy
  end
  return copy, why
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

--- Call this before `queue`: it makes a step due. In the child of a fork it ends the parent's
--- calls.
function Engine:expect_calls()
  stops.notice_fork(self)
  self.core:wake_at(0)
end

--- Queue a call, after `expect_calls`. Nothing is sent before the next step.
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param args table checked, without a metatable; nobody else may change it
---@param group elevenlabs.workspace.CallGroup
---@param now number by the engine's clock
---@param warning string|nil|false of the check
---@param perhaps_applied boolean|nil an earlier run may have sent it
---@return elevenlabs.workspace.Call|nil, elevenlabs.workspace.Error|nil
function Engine:queue(op, args, group, now, warning, perhaps_applied)
  if self.closed then
    return nil, errors.not_sent { kind = "closed", message = "the client is closed" }
  end
  local call = calls.new(self, op, args, group, now)
  if warning then
    call.warning = warning
  end
  if perhaps_applied then
    call.perhaps_applied = true
  end
  if self.deadline_ms and group == self.single then
    call.deadline_ms = now + self.deadline_ms
    self.deadlines:push(call)
  end
  self.queued:push(call)
  call.state = "queued" -- nothing below needs memory
  if group.waits_out_outages and group.started == group.finished then
    start_clock(self, group, now)
  end
  group.started = group.started + 1
  self.counts.calls = self.counts.calls + 1
  return call
end

--- Check and queue a call.
---@param op "unshare"|"share"|"get"|"list"|"connect"
---@param args table
---@param group elevenlabs.workspace.CallGroup|nil default that of a single call
---@return elevenlabs.workspace.Call|nil, elevenlabs.workspace.Error|nil
function Engine:start(op, args, group)
  local why = nil
  if operations[op].takes_resource and not self.closed then
    args, why = self:take(op, args)
    if not args then
      return nil, why
    end
  end
  self:expect_calls()
  return self:queue(op, args, group or self.single, self.now(), why)
end

-- ---- a step

--- End and send what is due, and tell the core when more will be.
local function advance(self)
  stops.stop_overdue(self)
  if self.queued:peek() or self.backing_off:soonest() then
    stops.give_up(self)
    sends.send_more(self)
  end
  self.core:wake_at(timers.next_wake_ms(self))
end

--- End all calls. An error may cut this short; it can be repeated.
local function end_all(self)
  for _, call in pairs(self.in_flight) do
    call.stopped = call.stopped or "closed"
  end
  completes.complete_all(self, self.core.close)
  stops.stop_unsent(self, "closed")
end

--- Run what is due and wait at most `timeout_ms` (default 0) for a completion. A function of the
--- user's may step inside this step; that is part of it.
---@param timeout_ms number|nil
---@return integer completed calls that became done since the last step
function Engine:step(timeout_ms)
  local before, news = self.reported, self.turns.news
  stops.notice_fork(self)
  self.rang = false
  self.turns:step_begins()
  if self.closed then
    end_all(self)
  else
    advance(self)
    local has_news = self.finished > before or self.turns.news > news
    local is_behind = completes.is_behind(self)
    completes.complete_all(self, self.core.step, (has_news or is_behind) and 0 or timeout_ms or 0)
    timers.ring(self)
    self.turns:step_ends()
    advance(self) -- into the places that became free
  end
  self.reported = self.finished
  return self.finished - before
end

--- The core's descriptor, once the calls that a fork ended have been dealt with.
function Engine:pollfd()
  stops.notice_fork(self)
  return self.core:pollfd()
end

--- Let the step under way, or the next, end at once.
function Engine:wake()
  self.woken = true
  self.turns:announce()
  self.core:wake_at(0)
end

--- Let other coroutines check whether they are done.
function Engine:tell_others()
  if self.sweeps then
    self:wake()
  else
    self.turns:announce()
    self.core:wake_at(timers.next_wake_ms(self))
  end
end

--- A count that grows when a waiter may be done.
---@return integer
function Engine:news()
  return self.turns.news
end

--- Let a step end by then, once. Each owner has one timer.
---@param owner any
---@param at_ms number|nil by the engine's clock; nil: no timer
function Engine:set_timer(owner, at_ms)
  self.timers[owner] = at_ms
  self.core:wake_at(timers.next_wake_ms(self))
end

--- End all calls and take no more. Idempotent; if an error cut it short, it can be repeated.
function Engine:close()
  stops.notice_fork(self)
  self.closed = true
  end_all(self)
end

return M
