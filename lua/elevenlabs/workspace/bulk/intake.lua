--- Takes items from a run's source, and queues a call for each item that is to be sent.

local describe_raised = require("elevenlabs.workspace.bulk.owner").describe_raised
local copy_raw = require("elevenlabs.workspace.engine").copy_raw
local errors = require "elevenlabs.workspace.error"
local groups = require "elevenlabs.workspace.engine.group"
local operations = require "elevenlabs.workspace.operations"
local receipts = require "elevenlabs.workspace.receipt"
local results = require "elevenlabs.workspace.bulk.results"
local secrets = require "elevenlabs.workspace.secrets"
local sources = require "elevenlabs.workspace.items.source"
local stop = require("elevenlabs.workspace.bulk.stopping").stop
local turns = require "elevenlabs.workspace.engine.turns"

local deliver, lose_journal = results.deliver, results.lose_journal
local record_result = results.record_result

local M = {}

local MAX_BACKING_OFF = 4 -- times as many as may be in flight
local MAX_TAKEN = 1000 -- items in one turn of the run: then the host has its turn
local LOOK_EVERY = 16 -- items: then the host has its turn if one is due

-- ---- items that end without a request

--- An item that can never be sent is a call with a number and an event, unless the run is dry.
local function refuse(run, item, err, reason)
  if not run.opts.dry_run then
    run.engine:count_refused(run.op, item, err)
  end
  deliver(run, item, err, reason)
end

--- The message names the item's place in the source. The reason in the report does not. The owner
--- may keep the item in a file, and its fault may be that it holds the key.
local function deliver_invalid(run, item, err)
  local reason = err.message
  item = secrets.in_fields(run.engine.mask, item)
  err.message = errors.one_line(sources.at_place(run.source, err))
  refuse(run, item, err, reason)
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

--- True if the item is of another part, and so none of this run's.
---@param item table|nil nil: what the source gave is no item
local function is_elsewhere(run, item)
  run.seen = run.seen + 1
  return not run.opts.part:has(item)
end

--- Take the source's next item. Returns nothing if there is no item, or if the item has ended.
---@return table|nil item
---@return any request
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
  elseif run.opts.part and is_elsewhere(run, item) then
    return nil
  elseif not item then
    return refuse(run, {}, errors.invalid(problem.field, run.engine.mask(problem.message)))
  end
  local request, why = run.engine:prepare(run.op, item)
  if not request then
    return deliver_invalid(run, item, why)
  elseif run.keeps_items then
    item = copy_raw(item)
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
  return item, request, why or false, perhaps_applied
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
  local group = run.call_group
  local open, backing_off = groups.count_open(group), group.backing_off
  if run.max_concurrency < run.engine.max_concurrency then
    return run.max_concurrency - open
  end
  local extra = math.min(backing_off, MAX_BACKING_OFF * run.max_concurrency)
  local room = run.max_concurrency - open + extra
  local needs_probe = backing_off == open and run.engine.throttle:is_circuit_open()
  return math.max(room, needs_probe and 1 or 0)
end

-- ---- queueing

--- The result of an item that is not sent. An earlier run may have sent it.
local function unsent(perhaps_applied, failure)
  return errors.new {
    kind = failure.kind,
    outcome = perhaps_applied and "unconfirmed" or "not_sent",
    field = failure.field,
    message = failure.message,
  }
end

--- Queue an item's call.
local function queue(run, item, request, warning, perhaps_applied)
  if run.journal_failure then
    return deliver(run, item, unsent(perhaps_applied, run.journal_failure))
  end
  local engine, group = run.engine, run.call_group
  local call, err = engine:queue(run.op, item, request, group, warning, perhaps_applied)
  if not call then
    if err.kind == "closed" then
      stop(run, "closed", err.message)
    end
    record_result(run, item, unsent(perhaps_applied, err))
  end
end

-- A batch has these fields of each item.
local BATCH_FIELDS = 4

--- Put an item into the batch of the run's shares. They wait for a commit.
local function put(run, item, request, warning, perhaps_applied)
  local shares = run.shares
  local last = #shares
  shares[last + 1], shares[last + 2] = item, request
  shares[last + 3], shares[last + 4] = warning, perhaps_applied
end

--- How many items a batch has.
---@return integer
function M.count(batch)
  return #batch / BATCH_FIELDS
end

--- Calls that were queued after the run stopped are cancelled.
local function cancel_late(run)
  if run.stopping then
    run.engine:cancel_group(run.call_group, true)
  end
end

--- Queue the items of a batch.
function M.queue_all(run, batch)
  run.engine:expect_calls()
  for i = 1, #batch, BATCH_FIELDS do
    queue(run, batch[i], batch[i + 1], batch[i + 2], batch[i + 3])
  end
  cancel_late(run)
end

--- Take as many items as there is room for. Each that is to be sent goes to `to`.
---@param to function `queue` or `put`
local function take_items(run, to)
  local room = room_for_more(run)
  for i = 1, MAX_TAKEN do
    run.awaits_source = not run.source:is_ready()
    if room <= 0 or run.awaits_source or takes_no_more(run) then
      return
    elseif i % LOOK_EVERY == 0 and turns.is_due(run.engine) then
      break
    end
    local item, request, warning, perhaps_applied = take_item(run)
    if item then
      to(run, item, request, warning, perhaps_applied)
      room = room - 1
    end
  end
  run.took_max = true
end

--- True if the journal must say on the disk what will be sent, before it is sent: a share that may
--- have been applied is never sent again, so the next run must know of it even if this run is killed.
local function needs_intents(run)
  return run.journal and not run.journal_failure and not operations[run.op].is_repeatable
end

local function write_intents(run, batch)
  for i = 1, #batch, BATCH_FIELDS do
    local ok, failure = run.journal:intend(batch[i])
    if not ok then
      return lose_journal(run, failure)
    end
  end
end

--- Take shares. No share is taken while another commit is under way: the next batch takes all places
--- that become free meanwhile.
local function take_shares(run)
  if run.commit then
    return
  end
  run.shares = {}
  take_items(run, put)
  if not run.shares[1] then
    run.shares = false
    return
  end
  write_intents(run, run.shares)
  if run.journal_failure then
    local batch = run.shares
    run.shares = false
    M.queue_all(run, batch)
  end
end

--- Take the items that there is room for, and queue them. Shares wait in `run.shares` for a commit.
function M.take(run)
  run.took_max, run.awaits_source = false, false
  if takes_no_more(run) or results.is_group_full(run) then
    return
  elseif needs_intents(run) then
    return take_shares(run)
  end
  run.engine:expect_calls()
  take_items(run, queue)
  cancel_late(run)
end

return M
