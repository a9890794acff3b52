--- The life of a bulk run: items stream from a source through the engine, and each ends in
--- exactly one outcome. With a journal, an outcome is on the disk before it is reported.
---
--- A run lives in its owner's `result`: only there are items taken and functions of the
--- user's called, so these may wait, yield and call the client.

local errors = require "elevenlabs.workspace.error"
local names = require "elevenlabs.workspace.names"
local operations = require "elevenlabs.workspace.operations"
local receipts = require "elevenlabs.workspace.receipt"
local reports = require "elevenlabs.workspace.bulk.report"
local sources = require "elevenlabs.workspace.items.source"
local texts = require "elevenlabs.workspace.text"

local M = {}

local GROUP, GROUP_MS = 1024, 100 -- of records that are synced together
local GRACE_MS = 5000 -- for what is in flight when a run is cancelled
local PROGRESS_MS = 100
local MOST_RESTING = 4 -- times as many as may be in flight
local BURST = 1000 -- items that are settled without a request, before the host's turn
local BURST_PAUSE_MS = 1
local LONGEST_RAISED = 500

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

local function cancel_waiting(self)
  for _, call in ipairs(self.held) do
    if call.state ~= "in_flight" then
      call:cancel()
    end
  end
end

--- What a function of the owner's raised, as it may be shown in errors and the journal.
local function describe_raised(self, why)
  local ok, text = pcall(tostring, why)
  text = self.engine.mask(ok and type(text) == "string" and text or "an error that is no text")
  return errors.one_line(text:sub(1, LONGEST_RAISED))
end

--- Take no more items. What waits ends now, what is in flight by itself.
local function stop(self, reason, message)
  if self.stopping then
    return
  end
  self.stopping = { reason = reason, message = errors.one_line(message) }
  self.policy.stopped = self.stopping
  cancel_waiting(self)
end

-- ---- reporting

--- Until it returns, which may take many turns of the host's, the run stands still, whoever
--- else asks for its result. (Set in here: pcall itself may raise where memory is short.)
local function go_outside(self, f, ...)
  self.is_outside = true
  return f(...)
end

local function call_user(self, f, ...)
  local ok, why = pcall(go_outside, self, f, ...)
  self.is_outside = false
  if not ok then
    stop(self, "callback", "a function of the run's owner raised: " .. describe_raised(self, why))
  end
end

--- The api_key function failed: that is no fault of the item's.
local function is_key_missing(err)
  return err.kind == "invalid_argument" and err.field == "api_key"
end

--- The item's end. Nothing is said of it before, and nothing after.
---@param ending elevenlabs.workspace.Receipt|elevenlabs.workspace.Error
---@param reason string|nil the error's message without the item's place; false: no failure
local function deliver(self, item, ending, reason)
  local report, became = self.report, ending.outcome
  if became ~= "confirmed" and reason ~= false then
    reports.count_reason(report, ending, reason or ending.message)
  end
  report.total = report.total + 1
  report[became] = report[became] + 1
  if ending.kind == "invalid_argument" and not is_key_missing(ending) then
    report.invalid = report.invalid + 1
  end
  if not self.on_result then
    return
  elseif became == "confirmed" then
    call_user(self, self.on_result, item, ending, nil)
  else
    call_user(self, self.on_result, item, nil, ending)
  end
end

local function update_report(self)
  local report = self.report
  report.retries = self.policy.retries
  report.ignored = self.source:ignored()
  report.elapsed_ms = math.floor(self.engine.now() - self.started_ms + 0.5)
  report.stopped = self.stopping and self.stopping.reason or nil
  report.stop_message = self.stopping and self.stopping.message or nil
end

local function tell_progress(self)
  local now = self.engine.now()
  if not self.on_progress or (now < self.progress_at_ms and not self.over) then
    return
  end
  update_report(self)
  local progress = reports.progress(self.report, {
    in_flight = self.engine.in_flight_count,
    window = self.engine.throttle:window(),
    held = #self.held,
    paused_ms = self.engine.throttle:paused_ms(now),
    over = self.over,
  })
  call_user(self, self.on_progress, progress)
  self.progress_at_ms = self.engine.now() + PROGRESS_MS -- a slow one must leave time for the rest
end

-- ---- the journal

local function not_written(result, failure)
  return errors.new {
    kind = "journal",
    outcome = "unconfirmed",
    field = "journal",
    message = "the server confirmed it, but this could not be written down: " .. failure.message,
    status = result.status,
    request_id = result.request_id,
    attempts = result.attempts,
  }
end

--- Without its journal a run reports no confirmation any more.
local function lose_journal(self, failure)
  self.journal_failure = failure
  stop(self, "journal", failure.message)
end

local function deliver_unwritten(self, item, ending)
  if ending.outcome == "confirmed" then
    ending = not_written(ending, self.journal_failure)
  end
  deliver(self, item, ending)
end

--- Sync the group and report it.
local function commit(self)
  local group = self.unsynced
  self.unsynced = {}
  local ok, failure = self.journal:sync()
  if not ok then
    lose_journal(self, failure)
  end
  local tell = ok and deliver or deliver_unwritten
  for i = 1, #group, 2 do
    tell(self, group[i], group[i + 1])
  end
end

--- How many wait for it.
local function unsynced_count(self)
  return #self.unsynced / 2
end

local function commit_if_due(self)
  local count = unsynced_count(self)
  if count == 0 then
    return
  elseif
    count >= GROUP
    or #self.held == 0
    or self.engine.now() >= self.unsynced_since_ms + GROUP_MS
  then
    commit(self)
  end
end

-- ---- items that end

-- What waits for its sync is garbage that grows old, which costs the collector more than a record
-- does: where nobody is told of each item, one stands for all.
local NO_ITEM, CONFIRMED = {}, { outcome = "confirmed" }

--- A call's end: reported at once, or once the journal has it.
local function settle(self, item, ending)
  if not self.journal then
    return deliver(self, item, ending)
  end
  if not self.journal_failure then
    local ok, failure = self.journal:record(item, ending)
    if not ok then
      lose_journal(self, failure)
    end
  end
  if self.journal_failure then
    return deliver_unwritten(self, item, ending)
  end
  local unsynced = self.unsynced
  local last = #unsynced
  if last == 0 then
    self.unsynced_since_ms = self.engine.now()
  end
  if not self.on_result and ending.outcome == "confirmed" then
    item, ending = NO_ITEM, CONFIRMED
  end
  unsynced[last + 1] = item
  unsynced[last + 2] = ending
end

--- What is held is in no order: the last takes the place of one that leaves.
local function hold(self, call)
  local place = #self.held + 1
  self.held[place], call.place = call, place
end

local function release(held, call)
  local count = #held
  local last = held[count]
  held[call.place], last.place = last, call.place
  held[count] = nil
end

--- The first of the calls that have ended, and by its chain the others: what is told of one may
--- let more end, which are not of this chain.
local function take_ended(self)
  local ended = self.policy.ended
  local call = ended.first
  ended.first, ended.last = false, false
  local one = call
  while one do
    release(self.held, one)
    one = one.next_ended
  end
  return call
end

--- What an end means for the run.
local function heed_error(self, err)
  if is_key_missing(err) then
    stop(self, "authentication", err.message)
  end
  if err.kind == "cancelled" and self.stopping then
    err.message = err.message .. "; the run stopped: " .. self.stopping.message
  end
end

--- Calls that are done since the last look.
local function collect(self)
  self.rested = self.policy.retries
  if self.policy.finished == self.collected then
    return
  end
  self.collected = self.policy.finished
  local call = take_ended(self)
  while call do
    local ending = call.ending
    if ending.outcome ~= "confirmed" then
      heed_error(self, ending)
    end
    settle(self, call.args, ending)
    call = call.next_ended
  end
end

-- ---- items that begin

--- What can never be sent, with its place in the source.
local function deliver_invalid(self, item, err)
  local reason = err.message
  err.message = errors.one_line(sources.at_place(self.source, err))
  deliver(self, item, err, reason)
end

--- An item that ends without a request. -> true where it did
local function settle_known(self, item, known, answer)
  if known == "duplicate" then
    self.report.duplicates = self.report.duplicates + 1
  elseif known == "confirmed" then
    self.report.already_confirmed = self.report.already_confirmed + 1
    deliver(self, item, receipts.earlier())
  elseif known == "doubtful" then
    local message = "an earlier run may have shared it, and sharing again could give back what "
      .. "somebody has taken since: read the resource"
    local err = errors.new { kind = "journal", outcome = "unconfirmed", message = message }
    deliver(self, item, err)
  elseif known == "other_role" then
    local message = "the list gives this target another role on this resource before"
    deliver_invalid(self, item, errors.invalid("role", message))
  elseif not known then
    lose_journal(self, answer)
    deliver(self, item, answer)
  end
  return known ~= "new"
end

local function settle_dry(self, item)
  local message = "this is a dry run: it is valid, and was not sent"
  deliver(self, item, errors.not_sent { kind = "cancelled", message = message }, false)
end

local function ask_source(self)
  self.is_outside = true
  return self.source:next()
end

--- The source's next item, valid and not known yet; nil where the one it gave has ended
--- already, or there is none. -> item, warning|false, perhaps_applied
local function take(self)
  local ok, item, problem = pcall(ask_source, self)
  self.is_outside = false
  if not ok then
    return stop(self, "source", "the source of items raised: " .. describe_raised(self, item))
  elseif not item and not problem then
    self.report.exhausted = self.cancelled == 0 -- which may have interrupted it
    return nil
  elseif not item then
    return deliver(self, {}, errors.invalid(problem.field, problem.message))
  end
  local why, invalid
  item, why, invalid = self.engine:take(self.op, item)
  if not item then
    return deliver_invalid(self, invalid, why)
  end
  local perhaps_applied = false
  if self.journal then
    local known
    known, perhaps_applied = self.journal:take(item)
    if settle_known(self, item, known, perhaps_applied) then
      return nil
    end
  end
  if self.opts.dry_run then
    return settle_dry(self, item)
  end
  return item, why or false, perhaps_applied
end

local function takes_no_more(self)
  return self.stopping or self.cancelled > 0 or self.report.exhausted
end

--- Items that rest before they are sent again take no other's place, up to a bound: a few
--- that always fail would else keep all others from being sent. Beyond it one more may be
--- taken where the client tries whether an outage is over: they have all failed before.
--- Not so in a run that keeps to fewer at once than its client: those that rest will be sent
--- whenever the client has a place.
local function room_for_more(self)
  if self.most < self.engine.max_concurrency then
    return self.most - #self.held
  end
  local resting = self.policy.backing_off
  local room = self.most - #self.held + math.min(resting, MOST_RESTING * self.most)
  local needs_probe = resting == #self.held and self.engine.throttle:is_circuit_open()
  return math.max(room, needs_probe and 1 or 0)
end

--- Items to send, as many as there is room for: of each its fields as `take` gave them.
local function take_batch(self)
  local batch, last, room = {}, 0, room_for_more(self) * 3
  for _ = 1, BURST do
    self.is_starved = not self.source:is_ready()
    if last >= room or self.is_starved or takes_no_more(self) then
      return batch
    end
    local item, warning, perhaps_applied = take(self)
    if item then
      batch[last + 1], batch[last + 2], batch[last + 3] = item, warning, perhaps_applied
      last = last + 3
    end
  end
  self.is_burst = true
  return batch
end

--- A share is written down before it is sent.
local function intend(self, batch)
  for i = 1, #batch, 3 do
    local ok, failure = self.journal:intend(batch[i])
    if not ok then
      return nil, failure
    end
  end
  return self.journal:sync()
end

--- What this run does not send an earlier one may have sent.
local function unsent(perhaps_applied, failure)
  return errors.new {
    kind = failure.kind,
    outcome = perhaps_applied and "unconfirmed" or "not_sent",
    field = failure.field,
    message = failure.message,
  }
end

local function begin(self, now, item, warning, perhaps_applied)
  local engine = self.engine
  local call, err = engine:queue(self.op, item, self.policy, now, warning, perhaps_applied)
  if call then
    return hold(self, call)
  elseif err.kind == "closed" then
    stop(self, "closed", err.message)
  end
  settle(self, item, unsent(perhaps_applied, err))
end

local function begin_all(self, batch)
  local engine = self.engine
  engine:expect_calls()
  local now = engine.now()
  for i = 1, #batch, 3 do
    local item, warning, perhaps_applied = batch[i], batch[i + 1], batch[i + 2]
    if self.journal_failure then
      deliver(self, item, unsent(perhaps_applied, self.journal_failure))
    else
      begin(self, now, item, warning, perhaps_applied)
    end
  end
end

local function fill(self)
  self.is_burst, self.is_starved = false, false
  if takes_no_more(self) or unsynced_count(self) >= GROUP then
    return
  end
  local batch = take_batch(self)
  if not batch[1] then
    return
  end
  if self.journal and not operations[self.op].is_repeatable then
    local ok, failure = intend(self, batch)
    if not ok then
      lose_journal(self, failure)
    end
  end
  begin_all(self, batch)
  if self.stopping then -- meanwhile
    cancel_waiting(self)
  end
end

-- ---- heeding

local function cancel_all(self)
  for _, call in ipairs(self.held) do
    call:cancel()
  end
end

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
    cancel_all(self)
  elseif now >= self.cancel_at_ms or self.cancelled > 1 then
    self.cancel_at_ms = math.huge
    cancel_all(self)
  end
end

-- ---- the run

local function is_over(self)
  return (self.stopping or self.report.exhausted) and #self.held == 0 and #self.unsynced == 0
end

local function finish(self)
  self.over = true
  self.engine:set_timer(self, nil)
  self.source:close()
  if self.journal and not self.journal_failure and not self.opts.dry_run then
    local ok, failure = self.journal:finish()
    if not ok then
      lose_journal(self, failure)
    end
  elseif self.journal then
    self.journal:close()
  end
  update_report(self)
  tell_progress(self)
  self.engine:tell_others() -- who asked for its result too
end

local function next_alarm(self)
  local at = self.is_burst and self.engine.now() + BURST_PAUSE_MS or math.huge
  if #self.unsynced > 0 then
    at = math.min(at, self.unsynced_since_ms + GROUP_MS)
  end
  local progress_at = self.on_progress and self.progress_at_ms or math.huge
  return math.min(at, self.cancel_at_ms, self.deadline_ms, progress_at)
end

--- One turn. -> the time at which there is more to do, whatever comes before
local function turn(self)
  collect(self)
  heed(self)
  commit_if_due(self)
  fill(self)
  commit_if_due(self)
  if is_over(self) then
    finish(self)
    return nil
  end
  tell_progress(self)
  local at = next_alarm(self)
  self.engine:set_timer(self, at < math.huge and at or nil)
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
  for _, call in ipairs(self.held) do
    if call.attempts > 0 then
      return true
    end
  end
  return self.report.total > 0 or #self.unsynced > 0
end

--- No more of it, and no word to the journal that it ended.
local function abandon(self, failure)
  self.over, self.failure = true, failure
  self.engine:set_timer(self, nil)
  self.source:close()
  if self.journal then
    self.journal:close()
  end
end

--- An error, as of memory, left a turn half done: nobody knows which items it told of.
local function break_off(self)
  cancel_all(self)
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
  cancel_all(self)
  self.engine:step(0) -- ends what is in flight
  self.engine:wake() -- for others, whose calls it may have ended too
  if began then
    collect(self)
    commit_if_due(self)
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
