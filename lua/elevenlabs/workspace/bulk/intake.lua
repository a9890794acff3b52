--- Takes items from a run's source, and queues a call for each item that is to be sent.

local describe_raised = require("elevenlabs.workspace.bulk.owner").describe_raised
local errors = require "elevenlabs.workspace.error"
local operations = require "elevenlabs.workspace.operations"
local pending = require "elevenlabs.workspace.bulk.pending"
local receipts = require "elevenlabs.workspace.receipt"
local results = require "elevenlabs.workspace.bulk.results"
local sources = require "elevenlabs.workspace.items.source"
local stop = require("elevenlabs.workspace.bulk.stopping").stop

local add_pending = pending.add
local deliver, lose_journal = results.deliver, results.lose_journal
local record_result = results.record_result

local M = {}

local MAX_BACKING_OFF = 4 -- times as many as may be in flight
local MAX_TAKEN = 1000 -- items in one turn: then the host has its turn

-- ---- items that end without a request

--- The message names the item's place in the source. The reason in the report does not.
local function deliver_invalid(run, item, err)
  local reason = err.message
  err.message = errors.one_line(sources.at_place(run.source, err))
  deliver(run, item, err, reason)
end

--- End an item of which an earlier run, or this one, knows enough.
---@param known string|nil as `KnownItems:take` returns it
---@param failure elevenlabs.workspace.Error|boolean an error if `known` is nil
---@return boolean ended
local function end_known(run, item, known, failure)
  if known == "duplicate" then
    run.report.duplicates = run.report.duplicates + 1
  elseif known == "confirmed" then
    run.report.already_confirmed = run.report.already_confirmed + 1
    deliver(run, item, receipts.earlier())
  elseif known == "doubtful" then
    local message = "an earlier run may have shared it. Sharing it again could give back a role "
      .. "that somebody has taken away since: read the resource"
    local err = errors.new { kind = "journal", outcome = "unconfirmed", message = message }
    deliver(run, item, err)
  elseif known == "other_role" then
    local message = "an earlier item gives this target another role on this resource"
    deliver_invalid(run, item, errors.invalid("role", message))
  elseif not known then
    lose_journal(run, failure)
    deliver(run, item, failure)
  end
  return known ~= "new"
end

local function end_dry(run, item)
  local message = "this is a dry run: the item is valid, and was not sent"
  deliver(run, item, errors.not_sent { kind = "cancelled", message = message }, false)
end

-- ---- taking

--- The run stands still until the source returns, as for `owner.call`.
local function ask_source(run)
  run.is_outside = true
  return run.source:next()
end

--- Take the source's next item. Returns nothing if there is no item, or if the item has ended.
---@return table|nil item
---@return string|false|nil warning
---@return boolean|nil perhaps_applied
local function take_item(run)
  local ok, item, problem = pcall(ask_source, run)
  run.is_outside = false
  if not ok then
    return stop(run, "source", "the source of items raised: " .. describe_raised(run, item))
  elseif not item and not problem then
    run.report.exhausted = run.cancel_requests == 0 -- a signal may have interrupted the source
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
    if end_known(run, item, known, perhaps_applied) then
      return nil
    end
  end
  if run.opts.dry_run then
    return end_dry(run, item)
  end
  return item, why or false, perhaps_applied
end

local function takes_no_more(run)
  return run.stopping or run.cancel_requests > 0 or run.report.exhausted
end

--- How many more items may be taken.
---
--- Calls that back off leave their places to new items, up to a bound: otherwise a few items that
--- always fail would keep all other items from being sent. Beyond the bound one item is taken if
--- the client needs a probe and all pending calls back off: each of them has failed before.
---
--- A run with a lower limit than its client counts the calls that back off: the client would send
--- them in any place of its own, and so exceed the run's limit.
local function room_for_more(run)
  if run.max_concurrency < run.engine.max_concurrency then
    return run.max_concurrency - #run.pending
  end
  local backing_off = run.call_group.backing_off
  local extra = math.min(backing_off, MAX_BACKING_OFF * run.max_concurrency)
  local room = run.max_concurrency - #run.pending + extra
  local needs_probe = backing_off == #run.pending and run.engine.throttle:is_circuit_open()
  return math.max(room, needs_probe and 1 or 0)
end

--- Take as many items as there is room for.
---@return table batch three fields an item, as `take_item` returns them
local function take_batch(run)
  local batch, last, room = {}, 0, room_for_more(run) * 3
  for _ = 1, MAX_TAKEN do
    run.awaits_source = not run.source:is_ready()
    if last >= room or run.awaits_source or takes_no_more(run) then
      return batch
    end
    local item, warning, perhaps_applied = take_item(run)
    if item then
      batch[last + 1], batch[last + 2], batch[last + 3] = item, warning, perhaps_applied
      last = last + 3
    end
  end
  run.took_max = true
  return batch
end

-- ---- queueing

--- True if the journal must say on the disk what will be sent, before it is sent: a share that may
--- have been applied is never sent again, so the next run must know of it even if this run is killed.
local function needs_intents(run)
  return run.journal and not run.journal_failure and not operations[run.op].is_repeatable
end

local function write_intents(run, batch)
  for i = 1, #batch, 3 do
    local ok, failure = run.journal:intend(batch[i])
    if not ok then
      return nil, failure
    end
  end
  return true
end

--- The result of an item that is not sent. An earlier run may have sent it.
local function unsent(perhaps_applied, failure)
  return errors.new {
    kind = failure.kind,
    outcome = perhaps_applied and "unconfirmed" or "not_sent",
    field = failure.field,
    message = failure.message,
  }
end

local function queue(run, now, item, warning, perhaps_applied)
  local engine = run.engine
  local call, err = engine:queue(run.op, item, run.call_group, now, warning, perhaps_applied)
  if call then
    return add_pending(run.pending, call)
  elseif err.kind == "closed" then
    stop(run, "closed", err.message)
  end
  record_result(run, item, unsent(perhaps_applied, err))
end

--- Queue the items of a batch.
---@param batch table as `take_batch` returns it
function M.queue(run, batch)
  local engine = run.engine
  engine:expect_calls()
  local now = engine.now()
  for i = 1, #batch, 3 do
    local item, warning, perhaps_applied = batch[i], batch[i + 1], batch[i + 2]
    if run.journal_failure then
      deliver(run, item, unsent(perhaps_applied, run.journal_failure))
    else
      queue(run, now, item, warning, perhaps_applied)
    end
  end
  if run.stopping then -- since the batch was taken: its calls were queued after the stop
    pending.cancel_waiting(run.pending)
  end
end

--- Take the items that there is room for, and queue them. Shares wait in `run.shares` for a commit.
--- No share is taken while another commit is under way: the next batch takes all places that become
--- free meanwhile.
function M.take(run)
  run.took_max, run.awaits_source = false, false
  local has_intents = needs_intents(run)
  if takes_no_more(run) or results.is_group_full(run) or (has_intents and run.commit) then
    return
  end
  local batch = take_batch(run)
  if not batch[1] then
    return
  end
  if has_intents then
    local ok, failure = write_intents(run, batch)
    if ok then
      run.shares = batch
      return
    end
    lose_journal(run, failure)
  end
  M.queue(run, batch)
end

return M
