--- The life of a call: waiting for a place, in flight, resting before it is sent again,
--- done. Clock, random numbers and core come from outside, so that a simulator can put its
--- own in their place.
---
--- Any line here may raise where memory is short, and functions of the user's may do
--- anything at all: step, start, cancel, close, yield and never come back. So a call
--- leaves one place only when it stands in the next, and steps can be taken again.

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
--- max_attempts = nil, deadline_ms = nil, sweeps = nil: does `wait` find out after each step
--- who is done, so that nobody takes turns? }
---@return elevenlabs.workspace.Engine
function M.new(parts)
  local self
  local key = parts.api_key -- in a closure alone: no field shows it
  local asks_key = type(key) == "function"
  local mask_with = secrets.with_keys(parts.mask) -- an answer may repeat its attempt's key
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
    asks_key = asks_key, -- of a function of the user's, which may do anything
    api_key = asks_key and key or function()
      return key
    end,
    mask = not asks_key and key and mask_with(key) or parts.mask,
    mask_with = mask_with,
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
    queued = queue.new_fifo(), -- calls that were not sent yet
    backing_off = queue.new_delay_queue(), -- calls to be sent again
    -- Times at which somebody wants a step to end, by whose they are.
    timers = setmetatable({}, { __mode = "k" }),
    woken = false, -- somebody wants that at once
    rang = false, -- the last step met such a time: the host is to step once more
    turns = turns.new(),
    in_flight = {}, -- calls by the core's id
    in_flight_count = 0, -- and those being started: places taken
    arrived = {}, -- completions, the first `arrived_done` of which are dealt with
    arrived_done = 0,
    deadlines = queue.new_fifo(), -- all unfinished calls, by age and so by deadline
    finished = 0, -- calls that are done
    reported = 0, -- of them when the last step ended
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

--- The user may change the table before the call is sent. (Room for what most have: a table that
--- grows costs as much as all else here.)
local function copy_raw(args)
  local copy = { resource_id = nil, resource_type = nil, user_email = nil, role = nil }
  for k, v in next, args do
    copy[k] = v
  end
  return copy
end

--- Would these arguments be sent?
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
---@return table|nil copy of what would not be sent
function Engine:take(op, args)
  local copy = copy_raw(args)
  local ok, why = self:check(op, copy)
  if not ok then
    return nil, why, copy
  end
  return copy, why
end

--- An outage counts from when its calls began to meet it, and not the time in which there
--- were none.
local function start_clock(self, group, now)
  if group.started == 0 then
    self.throttle:reset_outage()
  else
    self.throttle:exclude_idle(now)
  end
end

--- Before calls are queued: what a fork ended is done with, and a step is due.
function Engine:expect_calls()
  stops.notice_fork(self)
  self.core:wake_at(0)
end

--- Queue a call, after `expect_calls`. Nothing is sent before the next step.
---@param op "unshare"|"share"|"get"|"connect"
---@param args table that were checked, without a metatable, and nobody else's to change
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
  call.state = "queued" -- from here on it is one; nothing below needs memory
  if group.waits_out_outages and group.started == group.finished then
    start_clock(self, group, now)
  end
  group.started = group.started + 1
  self.counts.calls = self.counts.calls + 1
  return call
end

--- Check and queue a call.
---@param op "unshare"|"share"|"get"|"connect"
---@param args table
---@param group elevenlabs.workspace.CallGroup|nil default that of a single call
---@return elevenlabs.workspace.Call|nil, elevenlabs.workspace.Error|nil
function Engine:start(op, args, group)
  local why = nil
  if operations[op].takes_args and not self.closed then
    args, why = self:take(op, args)
    if not args then
      return nil, why
    end
  end
  self:expect_calls()
  return self:queue(op, args, group or self.single, self.now(), why)
end

-- ---- a step

--- Whatever time and free places allow, and the time at which there will be more.
local function advance(self)
  stops.stop_overdue(self)
  if self.queued:peek() or self.backing_off:soonest() then
    stops.give_up(self)
    sends.send_more(self)
  end
  self.core:wake_at(timers.next_wake_ms(self))
end

--- What closing means, as often as it takes.
local function end_all(self)
  for _, call in pairs(self.in_flight) do
    call.stopped = call.stopped or "closed"
  end
  completes.complete_all(self, self.core.close)
  stops.stop_unsent(self, "closed")
end

--- Run what is due and wait at most `timeout_ms` (default 0) for a completion. A step
--- inside of it, by a function of the user's, counts as part of it.
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
    local is_behind = self.arrived_done < #self.arrived -- an error kept the last step from it
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

--- What others than whoever runs now wait for may be there.
function Engine:tell_others()
  if self.sweeps then
    self:wake()
  else
    self.turns:announce()
    self.core:wake_at(timers.next_wake_ms(self))
  end
end

--- Grows where somebody who waits may have got what it waits for.
---@return integer
function Engine:news()
  return self.turns.news
end

--- Let a step end by then, once. One alarm for each owner; nil takes it back.
---@param owner any
---@param at_ms number|nil by the engine's clock
function Engine:set_timer(owner, at_ms)
  self.timers[owner] = at_ms
  self.core:wake_at(timers.next_wake_ms(self))
end

--- End every call; none may follow. Idempotent, also where an error cut it short.
function Engine:close()
  stops.notice_fork(self)
  self.closed = true
  end_all(self)
end

return M
