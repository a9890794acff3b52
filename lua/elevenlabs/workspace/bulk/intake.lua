--- A run takes items from its source, and begins their calls.

local errors = require "elevenlabs.workspace.error"
local describe_raised = require("elevenlabs.workspace.bulk.owner").describe_raised
local pending = require "elevenlabs.workspace.bulk.pending"
local receipts = require "elevenlabs.workspace.receipt"
local results = require "elevenlabs.workspace.bulk.results"
local sources = require "elevenlabs.workspace.items.source"
local stop = require("elevenlabs.workspace.bulk.stopping").stop

local deliver, settle, lose_journal = results.deliver, results.settle, results.lose_journal
local add_pending = pending.add

local M = {}

local MOST_RESTING = 4 -- times as many as may be in flight
local BURST = 1000 -- items that are settled without a request, before the host's turn

--- What can never be sent, with its place in the source.
local function deliver_invalid(run, item, err)
  local reason = err.message
  err.message = errors.one_line(sources.at_place(run.source, err))
  deliver(run, item, err, reason)
end

--- An item that ends without a request. -> true where it did
local function settle_known(run, item, known, answer)
  if known == "duplicate" then
    run.report.duplicates = run.report.duplicates + 1
  elseif known == "confirmed" then
    run.report.already_confirmed = run.report.already_confirmed + 1
    deliver(run, item, receipts.earlier())
  elseif known == "doubtful" then
    local message = "an earlier run may have shared it, and sharing again could give back what "
      .. "somebody has taken since: read the resource"
    local err = errors.new { kind = "journal", outcome = "unconfirmed", message = message }
    deliver(run, item, err)
  elseif known == "other_role" then
    local message = "the list gives this target another role on this resource before"
    deliver_invalid(run, item, errors.invalid("role", message))
  elseif not known then
    lose_journal(run, answer)
    deliver(run, item, answer)
  end
  return known ~= "new"
end

local function settle_dry(run, item)
  local message = "this is a dry run: it is valid, and was not sent"
  deliver(run, item, errors.not_sent { kind = "cancelled", message = message }, false)
end

local function ask_source(run)
  run.is_outside = true
  return run.source:next()
end

--- The source's next item, valid and not known yet; nil where the one it gave has ended
--- already, or there is none. -> item, warning|false, perhaps_applied
local function take(run)
  local ok, item, problem = pcall(ask_source, run)
  run.is_outside = false
  if not ok then
    return stop(run, "source", "the source of items raised: " .. describe_raised(run, item))
  elseif not item and not problem then
    run.report.exhausted = run.cancelled == 0 -- which may have interrupted it
    return nil
  elseif not item then
    return deliver(run, {}, errors.invalid(problem.field, problem.message))
  end
  local why, invalid
  item, why, invalid = run.engine:take(run.op, item)
  if not item then
    return deliver_invalid(run, invalid, why)
  end
  local perhaps_applied = false
  if run.known_items then
    local known
    known, perhaps_applied = run.known_items:take(item)
    if settle_known(run, item, known, perhaps_applied) then
      return nil
    end
  end
  if run.opts.dry_run then
    return settle_dry(run, item)
  end
  return item, why or false, perhaps_applied
end

local function takes_no_more(run)
  return run.stopping or run.cancelled > 0 or run.report.exhausted
end

--- Items that rest before they are sent again take no other's place, up to a bound: a few
--- that always fail would else keep all others from being sent. Beyond it one more may be
--- taken where the client tries whether an outage is over: they have all failed before.
--- Not so in a run that keeps to fewer at once than its client: those that rest will be sent
--- whenever the client has a place.
local function room_for_more(run)
  if run.most < run.engine.max_concurrency then
    return run.most - #run.held
  end
  local resting = run.policy.resting
  local room = run.most - #run.held + math.min(resting, MOST_RESTING * run.most)
  local needs_probe = resting == #run.held and run.engine.pace:is_parked()
  return math.max(room, needs_probe and 1 or 0)
end

--- Items to send, as many as there is room for: of each its fields as `take` gave them.
local function take_batch(run)
  local batch, last, room = {}, 0, room_for_more(run) * 3
  for _ = 1, BURST do
    run.is_starved = not run.source:is_ready()
    if last >= room or run.is_starved or takes_no_more(run) then
      return batch
    end
    local item, warning, perhaps_applied = take(run)
    if item then
      batch[last + 1], batch[last + 2], batch[last + 3] = item, warning, perhaps_applied
      last = last + 3
    end
  end
  run.is_burst = true
  return batch
end

--- A share is written down before it is sent.
local function intend(run, batch)
  for i = 1, #batch, 3 do
    local ok, failure = run.journal:intend(batch[i])
    if not ok then
      return nil, failure
    end
  end
  return run.journal:sync()
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

local function begin(run, now, item, warning, perhaps_applied)
  local engine = run.engine
  local call, err = engine:queue(run.op, item, run.policy, now, warning, perhaps_applied)
  if call then
    return add_pending(run.held, call)
  elseif err.kind == "closed" then
    stop(run, "closed", err.message)
  end
  settle(run, item, unsent(perhaps_applied, err))
end

local function begin_all(run, batch)
  local engine = run.engine
  engine:expect_calls()
  local now = engine.now()
  for i = 1, #batch, 3 do
    local item, warning, perhaps_applied = batch[i], batch[i + 1], batch[i + 2]
    if run.journal_failure then
      deliver(run, item, unsent(perhaps_applied, run.journal_failure))
    else
      begin(run, now, item, warning, perhaps_applied)
    end
  end
end

function M.fill(run)
  run.is_burst, run.is_starved = false, false
  if takes_no_more(run) or results.is_group_full(run) then
    return
  end
  local batch = take_batch(run)
  if not batch[1] then
    return
  end
  if run.journal and run.op == "share" then
    local ok, failure = intend(run, batch)
    if not ok then
      lose_journal(run, failure)
    end
  end
  begin_all(run, batch)
  if run.stopping then -- meanwhile
    pending.cancel_waiting(run.held)
  end
end

return M
