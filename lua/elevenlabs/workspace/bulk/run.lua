--- The life of a bulk run: items stream from a source through the engine, and each ends in
--- exactly one outcome. With a journal, an outcome is on the disk before it is reported.
---
--- A run lives in its owner's `result`: only there are items taken and functions of the
--- user's called, so these may wait, yield and call the client.

local errors = require "elevenlabs.workspace.error"
local intake = require "elevenlabs.workspace.bulk.intake"
local names = require "elevenlabs.workspace.names"
local pending = require "elevenlabs.workspace.bulk.pending"
local progress = require "elevenlabs.workspace.bulk.progress"
local reports = require "elevenlabs.workspace.bulk.report"
local results = require "elevenlabs.workspace.bulk.results"
local stop = require("elevenlabs.workspace.bulk.stopping").stop
local texts = require "elevenlabs.workspace.text"

local M = {}

local GRACE_MS = 5000 -- for what is in flight when a run is cancelled
local BURST_PAUSE_MS = 1

--- A bulk run, from `client:start_many`. `tostring` of it is one line.
---@class elevenlabs.workspace.Run
---@field count integer|nil how many items there are, where the source knows
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

-- ---- heeding

--- What others ask for: the engine, the rules, the clock, and whoever called `cancel`.
local function heed(self)
  local now, stopped = self.engine.now(), self.policy.stopped
  if stopped then
    stop(self, stopped.reason, stopped.message)
  end
  if self.cancelled > 0 and self.heeded == 0 then
    self.cancel_at_ms = now + GRACE_MS
    stop(self, "cancelled", "it was cancelled")
  end
  self.heeded = self.cancelled
  if now >= self.deadline_ms then
    self.deadline_ms = math.huge
    stop(self, "deadline", ("deadline_ms (%s) passed"):format(texts.number(self.opts.deadline_ms)))
    pending.cancel_all(self.held)
  elseif now >= self.cancel_at_ms or self.cancelled > 1 then
    self.cancel_at_ms = math.huge
    pending.cancel_all(self.held)
  end
end

-- ---- the run

local function is_over(self)
  return (self.stopping or self.report.exhausted) and #self.held == 0 and #self.unsynced == 0
end

local function finish(self)
  self.over = true
  self.engine:set_alarm(self, nil)
  self.source:close()
  if self.journal and not self.journal_failure and not self.opts.dry_run then
    local ok, failure = self.journal:finish()
    if not ok then
      results.lose_journal(self, failure)
    end
  elseif self.journal then
    self.journal:close()
  end
  reports.update(self)
  progress.tell(self)
  self.engine:tell_others() -- who asked for its result too
end

local function next_alarm(self)
  local at = self.is_burst and self.engine.now() + BURST_PAUSE_MS or math.huge
  local progress_at = self.on_progress and self.progress_at_ms or math.huge
  return math.min(
    at,
    results.commit_at_ms(self),
    self.cancel_at_ms,
    self.deadline_ms,
    progress_at
  )
end

--- One turn. -> the time at which there is more to do, whatever comes before
local function turn(self)
  results.collect(self)
  heed(self)
  results.commit_if_due(self)
  intake.fill(self)
  results.commit_if_due(self)
  if is_over(self) then
    finish(self)
    return nil
  end
  progress.tell(self)
  local at = next_alarm(self)
  self.engine:set_alarm(self, at < math.huge and at or nil)
  return at
end

--- Wait until there is something to do. -> nil, or why that is not possible here
local function wait(self, at)
  local function has_news()
    return not self.is_outside
      and (
        self.over
        or self.policy.finished ~= self.collected
        or self.policy.retries ~= self.rested
        or (self.policy.stopped and not self.stopping)
        or self.cancelled ~= self.heeded
        or (self.is_starved and self.source:is_ready())
        or self.engine.now() >= at
      )
  end
  local why = self.engine.wait(has_news)
  if not has_news() then
    return why or "the driver returned before there was news"
  end
end

local function was_sent(self)
  return pending.was_attempted(self.held) or self.report.total > 0 or #self.unsynced > 0
end

--- No more of it, and no word to the journal that it ended.
local function abandon(self, failure)
  self.over, self.failure = true, failure
  self.engine:set_alarm(self, nil)
  self.source:close()
  if self.journal then
    self.journal:close()
  end
end

--- An error, as of memory, left a turn half done: nobody knows which items it told of.
local function break_off(self)
  pending.cancel_all(self.held)
  abandon(self, errors.new {
    kind = "cancelled",
    outcome = "unconfirmed",
    message = "an error cut the run short; from a journal it can be resumed",
  })
end

--- The driver cannot wait where this was called: an error where nothing was sent, otherwise
--- all that was taken ends now.
local function give_up(self, why)
  local began = was_sent(self)
  stop(self, "driver", why)
  pending.cancel_all(self.held)
  self.engine:step(0) -- ends what is in flight
  self.engine:wake() -- for others, whose calls it may have ended too
  if began then
    results.collect(self)
    results.commit_if_due(self)
    finish(self)
    return
  end
  abandon(self, errors.invalid("driver", why))
end

--- Is it over? Its report is there then.
---@return boolean
function Run:done()
  names.check_self(self, "run:done()")
  return self.over
end

--- Take no more items. What is in flight gets 5 s to end, then it is cancelled; a second
--- call cancels it at once. From anywhere: a signal's handler, another coroutine, on_result.
function Run:cancel()
  names.check_self(self, "run:cancel()")
  self.cancelled = self.cancelled + 1
  self.engine:wake()
end

--- Time counts from here: somebody may have been asked before whether it may begin.
local function start_clock(self)
  self.started_ms = self.engine.now()
  if self.opts.deadline_ms then
    self.deadline_ms = self.started_ms + self.opts.deadline_ms
  end
end

--- Run it to its end, waiting as the client's driver does. Several coroutines may, but nobody
--- can ask while one of the run's own functions is at work: that is an error.
---@return elevenlabs.workspace.Report|nil
---@return elevenlabs.workspace.Error|nil where it could not begin and nothing was sent; or where
--- an error was raised out of this before
function Run:result()
  names.check_self(self, "run:result()")
  if self.is_outside then
    local message = "the run waits for a function of its owner's: ask for its result after that"
    return nil, errors.invalid("result", message)
  end
  if self.is_turning then
    break_off(self)
  elseif not self.started_ms then
    start_clock(self)
  end
  while not self.over do
    self.is_turning = true
    local at = turn(self)
    self.is_turning = false
    local why = at and wait(self, at)
    if why then
      give_up(self, why)
    end
  end
  if self.failure then
    return nil, self.failure
  end
  return self.report
end

-- ---- making one

---@param parts table { engine, op, source, opts, journal = nil, policy, count = nil }
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
    journal = parts.journal,
    known_items = parts.journal and parts.journal.known,
    journal_failure = false,
    policy = parts.policy,
    most = math.min(engine.max_concurrency, opts.max_concurrency or math.huge),
    held = {}, -- calls under way
    collected = 0, -- policy.finished when last looked at
    rested = 0, -- policy.retries, likewise
    unsynced = {}, -- of what ended and is not on the disk yet: item, ending, item, ending ...
    unsynced_since_ms = 0,
    is_burst = false,
    is_starved = false, -- the source had nothing yet
    is_outside = false, -- in a function of the user's
    is_turning = false,
    started_ms = false, -- when its result was first asked for
    deadline_ms = math.huge,
    progress_at_ms = 0,
    cancelled = 0, -- times
    heeded = 0, -- of them
    cancel_at_ms = math.huge, -- what is in flight
    stopping = false,
    over = false,
    failure = false, -- why it could not begin
    report = reports.new(opts, parts.journal, parts.count),
  }, Run)
end

return M
