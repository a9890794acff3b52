--- A step of the engine: the one place where state changes. No code of the user's runs inside: what
--- a finalizer asks for there is done when the step ends, and callbacks come out after that.

local completes = require "elevenlabs.workspace.engine.complete"
local exchanges = require "elevenlabs.workspace.engine.exchange"
local sends = require "elevenlabs.workspace.engine.send"
local stops = require "elevenlabs.workspace.engine.stop"
local timers = require "elevenlabs.workspace.engine.timers"

local M = {}

local MAX_ASK_MS = 10000 -- an `api_key` function that takes longer is called again by another step

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
function M.settle(self)
  if self.stepping then
    return
  end
  self.settles = self.settles + 1
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

--- Change state now; or, if a step is under way, when that step ends. The next step tells of it.
---@param change fun(self: elevenlabs.workspace.Engine, value: any, why: any)
function M.apply(self, change, value, why)
  if self.stepping then
    self.inbox:push { apply = change, value = value, why = why }
  else
    inside(self, change, value, why)
  end
end

--- As `apply`, and tell of it at once if no step is under way.
function M.ask(self, change, value, why)
  M.apply(self, change, value, why)
  M.settle(self)
end

-- ---- the parts of a step

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
  if not self.key.is_asked then
    return
  end
  local now = self.now()
  if self.asking_until_ms > now or not sends.next_due(self) then
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

--- Ask the limit's store if that is due.
local function exchange(self)
  local ok, why = pcall(exchanges.run, self, inside)
  if not ok then
    self.exchanging_until_ms = 0
    self.core:wake_at(0)
    error(why, 0)
  end
end

--- End all calls.
function M.end_all(self)
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
    return M.end_all(self)
  end
  completes.complete_all(self, self.core.step, timeout_ms)
  timers.ring(self)
  advance(self) -- into the places that became free
end

--- True if the step has something to tell already: it must not wait for more.
local function is_due(self, before)
  return self.finished > before or self.waiters.satisfied > 0 or self.has_news
end

--- In the child of a fork, end the parent's calls.
function M.notice_fork(self)
  local _, _, forks = self.core:counts()
  if forks ~= self.forks and not self.stepping then
    inside(self, stops.notice_fork)
    self.core:wake_at(0)
  end
end

--- See `Engine:step`.
---@param timeout_ms number
---@return integer completed
function M.run(self, timeout_ms)
  local before = self.reported
  M.notice_fork(self)
  self.waiters:step_begins()
  exchange(self)
  inside(self, advance)
  self.core:wake_at(timers.next_wake_ms(self))
  ask_key_and_send(self)
  deliver(self)
  inside(self, take_completions, is_due(self, before) and 0 or timeout_ms)
  ask_key_and_send(self)
  local completed = self.finished - before
  self.reported = self.finished
  M.settle(self)
  return completed
end

return M
