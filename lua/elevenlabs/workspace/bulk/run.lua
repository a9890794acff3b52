--- The life of a bulk run: it takes turns in its owner's `result` until each item has ended in
--- exactly one outcome. Only `result` takes items and calls the owner's functions, so these
--- functions may wait, yield and call the client.

local commits = require "elevenlabs.workspace.bulk.commit"
local errors = require "elevenlabs.workspace.error"
local groups = require "elevenlabs.workspace.engine.group"
local intake = require "elevenlabs.workspace.bulk.intake"
local names = require "elevenlabs.workspace.names"
local progress = require "elevenlabs.workspace.bulk.progress"
local reports = require "elevenlabs.workspace.bulk.report"
local results = require "elevenlabs.workspace.bulk.results"
local stop = require("elevenlabs.workspace.bulk.stopping").stop
local texts = require "elevenlabs.workspace.text"
local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

local GRACE_MS = 5000 -- for calls in flight when the run is cancelled
local MAX_TAKEN_PAUSE_MS = 1

--- A bulk run, from `client:start_many`. `print` shows a run on one line.
---@class elevenlabs.workspace.Run
---@field count integer|nil How many items there are, if the source knows.
local Run = {}
Run.__index = Run
Run.__name = "elevenlabs.workspace.run"
Run.__concat = texts.concat

function Run.__tostring(self)
  local state = self.over and "over" or self.started_ms and "under way" or "not begun"
  if self.failure then
    return ("bulk %s, over: %s"):format(self.op, tostring(self.failure))
  end
  return ("bulk %s, %s: %s"):format(self.op, state, tostring(self.report))
end

-- ---- one turn

--- Why the run ends, and what its calls have waited for if the limit lets nothing through.
local function with_why(self, message, now)
  local why = self.engine.throttle:why(now)
  return why and ("%s: %s"):format(message, why) or message
end

--- Apply what was asked for since the last turn: a stop of the rules, `cancel`, and the deadline.
local function apply_requests(self)
  local now, stopped = self.engine.now(), self.call_group.stopped
  if stopped then
    stop(self, stopped.reason, stopped.message)
  end
  if self.cancel_requests > 0 and self.seen_cancel_requests == 0 then
    self.cancel_at_ms = now + GRACE_MS
    stop(self, "cancelled", with_why(self, "it was cancelled", now))
  end
  self.seen_cancel_requests = self.cancel_requests
  if now >= self.deadline_ms then
    self.deadline_ms = math.huge
    local message = ("deadline_ms (%s) passed"):format(texts.number(self.opts.deadline_ms))
    stop(self, "deadline", with_why(self, message, now))
    self.engine:cancel_group(self.call_group)
  elseif now >= self.cancel_at_ms or self.cancel_requests > 1 then
    self.cancel_at_ms = math.huge
    self.engine:cancel_group(self.call_group)
  end
end

local function is_over(self)
  return (self.stopping or self.report.exhausted)
    and groups.is_empty(self.call_group)
    and commits.is_complete(self)
end

--- No call is left: close the journal, and tell the owner.
local function finish(self)
  self.over = true
  self.engine:set_timer(self, nil)
  self.source:close()
  if self.journal then
    self.journal:close()
  end
  reports.update(self)
  progress.tell(self)
  self.engine:announce() -- other coroutines may wait for the result
end

--- The time of the next turn, if nothing happens before; math.huge if no turn is due.
local function next_turn_ms(self)
  local at = self.took_max and self.engine.now() + MAX_TAKEN_PAUSE_MS or math.huge
  local progress_at = self.on_progress and self.progress_at_ms or math.huge
  return math.min(
    at,
    commits.due_ms(self),
    self.cancel_at_ms,
    self.deadline_ms,
    progress_at
  )
end

---@return number|nil at_ms the time of the next turn; nil if the run is over
local function take_turn(self)
  results.collect(self)
  apply_requests(self)
  commits.advance(self)
  intake.take(self)
  commits.begin(self)
  if is_over(self) then
    finish(self)
    return nil
  end
  progress.tell(self)
  local at = next_turn_ms(self)
  self.engine:set_timer(self, at < math.huge and at or nil)
  return at
end

-- ---- waiting

--- Wait until a turn has something to do.
---@return string|nil why the driver cannot wait here
local function wait(self, at)
  local function has_news()
    return not self.is_outside
      and (
        self.over
        or self.call_group.finished ~= self.seen_finished
        or self.call_group.retries ~= self.seen_retries
        or (self.call_group.stopped and not self.stopping)
        or ((self.commit or self.took_max) and self.engine.closed) -- a closed client has no timer
        or self.cancel_requests ~= self.seen_cancel_requests
        or (self.awaits_source and self.source:is_ready())
        or self.engine.now() >= at
      )
  end
  local why = self.engine:wait(has_news)
  if not has_news() then
    return why or "the driver returned before there was news"
  end
end

--- True if an item may have been sent or told.
local function has_begun(self)
  return self.call_group.attempts > 0
    or self.report.total > 0
    or #self.unsynced > 0
    or (self.commit and #self.commit.group > 0)
end

--- The run is over without a report. Its journal gets no "end", so that the next run knows that
--- items may have been sent without a record.
local function abandon(self, failure)
  self.over, self.failure = true, failure
  self.engine:set_timer(self, nil)
  self.source:close()
  if self.journal then
    self.journal:close()
  end
end

--- An error was raised out of a turn, as memory may end anywhere. Nobody knows which items that
--- turn told, so the run has no report.
local function break_off(self)
  self.engine:cancel_group(self.call_group)
  abandon(self, errors.new {
    kind = "cancelled",
    outcome = "unconfirmed",
    message = "an error cut the run short; a run with a journal can be resumed",
  })
end

--- The driver cannot wait here. If the run has begun, end it with a report; otherwise it fails.
local function give_up(self, why)
  local began = has_begun(self)
  stop(self, "driver", why)
  if began then
    commits.complete(self) -- queues the shares that were taken
  end
  self.engine:cancel_group(self.call_group)
  self.engine:step(0) -- ends the calls in flight
  if began then
    results.collect(self)
    commits.complete(self)
    finish(self)
    return
  end
  abandon(self, errors.invalid("driver", why))
end

-- ---- for the owner

--- Say whether the run is over.
---@return boolean
function Run:done()
  names.check_self(self, "run:done()")
  return self.over
end

--- Take no more items. Calls in flight get 5 s to end, then they are cancelled; a second `cancel`
--- cancels them at once. May be called from a signal's handler, another coroutine or on_result.
function Run:cancel()
  names.check_self(self, "run:cancel()")
  self.cancel_requests = self.cancel_requests + 1
  self.engine:announce()
end

--- The deadline counts from when the result is first asked for: until then a person may have been
--- asked whether the run may begin.
local function start_clock(self)
  self.started_ms = self.engine.now()
  if self.opts.deadline_ms then
    self.deadline_ms = self.started_ms + self.opts.deadline_ms
  end
end

--- Run to the end, waiting as the client's driver does. Several coroutines may ask for the result.
--- While one of the run's own functions is at work, asking is an error. If `result` raised an error
--- before, as memory may run out, there is no report.
---@return elevenlabs.workspace.Report|nil
---@return elevenlabs.workspace.Error|nil # why the run could not begin, or what cut it short
function Run:result()
  names.check_self(self, "run:result()")
  local why = self.engine:why_no_wait()
  if why then
    return nil, errors.invalid("result", why)
  elseif self.is_outside then
    local message = "the run waits for a function of its owner: ask for its result after that"
    return nil, errors.invalid("result", message)
  end
  if self.in_turn then
    break_off(self)
  elseif not self.started_ms then
    start_clock(self)
  end
  while not self.over do
    self.in_turn = true
    local at = take_turn(self)
    self.in_turn = false
    if at then
      turns.give(self.engine) -- not behind `wait`: another coroutine might begin a turn meanwhile
    end
    why = at and wait(self, at)
    if why then
      give_up(self, why)
    end
  end
  if self.failure then
    return nil, self.failure
  end
  return self.report
end

---@param parts table { engine, op, source, opts, is_threaded, journal = nil, call_group,
--- count = nil, all = nil }
---@return elevenlabs.workspace.Run
function M.new(parts)
  local engine, opts = parts.engine, parts.opts
  return setmetatable({
    engine = engine,
    op = parts.op,
    source = parts.source,
    opts = opts,
    on_result = opts.on_result,
    on_progress = opts.on_progress,
    count = parts.count,
    seen = 0, -- items of all parts that the source gave, if the run has a part
    journal = parts.journal,
    -- Nobody else looks at an item once its request is built.
    keeps_items = parts.call_group.keeps ~= "counts" or engine.outbox.on_event ~= nil,
    known_items = parts.journal and parts.journal.known,
    journal_failure = false,
    call_group = parts.call_group,
    max_concurrency = math.min(engine.max_concurrency, opts.max_concurrency or math.huge),
    unsynced = {}, -- results that are in no commit yet: item, result, item, result ...
    unsynced_since_ms = 0,
    shares = false, -- a batch of shares that are in no commit yet
    commit = false, -- { group, shares, since_ms, look_at_ms, told } that is under way
    is_threaded = parts.is_threaded, -- the journal syncs in a thread
    wrote_end = false, -- to the journal
    -- Of the last turn.
    seen_finished = 0, -- call_group.finished
    seen_unlisted = 0, -- call_group.unlisted
    seen_retries = 0, -- call_group.retries
    took_max = false, -- there may be more items to take at once
    awaits_source = false, -- the source had no item ready
    in_turn = false,
    is_outside = false, -- in a function of the owner's
    -- Times, by the engine's clock.
    started_ms = false, -- when the result was first asked for
    deadline_ms = math.huge,
    progress_at_ms = 0,
    cancel_at_ms = math.huge, -- the calls in flight
    cancel_requests = 0,
    seen_cancel_requests = 0,
    stopping = false, -- { reason, message }
    over = false,
    failure = false, -- why there is no report
    report = reports.new(opts, parts.journal, parts.count, parts.all),
  }, Run)
end

return M
