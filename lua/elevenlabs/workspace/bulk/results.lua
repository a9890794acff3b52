--- The results of a run's items. A result is written to the journal. After the journal's commit it is
--- counted and told.

local call_owner = require("elevenlabs.workspace.bulk.owner").call
local errors = require "elevenlabs.workspace.error"
local groups = require "elevenlabs.workspace.engine.group"
local lists = require "elevenlabs.workspace.engine.list"
local operations = require "elevenlabs.workspace.operations"
local reports = require "elevenlabs.workspace.bulk.report"
local resources = require "elevenlabs.workspace.answer.resource"
local stop = require("elevenlabs.workspace.bulk.stopping").stop
local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

local GROUP_SIZE = 1024 -- results of one commit; as many more may come while it is synced
local LOOK_EVERY = 32 -- entries of a group: then the host has its turn if one is due

-- ---- telling

--- True if the api_key function failed. The item is not at fault then.
local function is_key_missing(err)
  return err.kind == "invalid_argument" and err.field == "api_key"
end

--- Count a result and tell the owner. Each item is delivered exactly once.
---@param result elevenlabs.workspace.Receipt|elevenlabs.workspace.Error
---@param reason string|nil|false the error's message without the item's place; false: no failure
local function deliver(run, item, result, reason)
  local report, outcome = run.report, result.outcome
  if outcome ~= "confirmed" and reason ~= false then
    reports.count_reason(report, result, reason or result.message)
  end
  report.total = report.total + 1
  report[outcome] = report[outcome] + 1
  if result.kind == "invalid_argument" and not is_key_missing(result) then
    report.invalid = report.invalid + 1
  end
  if not run.on_result then
    return
  elseif outcome ~= "confirmed" then
    call_owner(run, run.on_result, item, nil, result)
  elseif operations[run.op].answer == "resource" then
    call_owner(run, run.on_result, item, resources.new(result.body), nil)
  else
    call_owner(run, run.on_result, item, result, nil)
  end
end

local function not_written(receipt, failure)
  return errors.new {
    kind = "journal",
    outcome = "unconfirmed",
    field = "journal",
    message = "the server confirmed it, but the journal could not be written: " .. failure.message,
    call = receipt.call,
    status = receipt.status,
    request_id = receipt.request_id,
    attempts = receipt.attempts,
  }
end

--- A run without its journal reports no confirmation: the next run could not know of it.
local function lose_journal(run, failure)
  run.journal_failure = failure
  stop(run, "journal", failure.message)
end

local function deliver_unwritten(run, item, result)
  if result.outcome == "confirmed" then
    result = not_written(result, run.journal_failure)
  end
  deliver(run, item, result)
end

-- ---- the group of records that are not synced yet

---@return boolean
function M.is_group_full(run)
  return #run.unsynced / 2 >= GROUP_SIZE
end

--- Deliver the results of a group, or some of them if the host is to have a turn. The disk has their
--- records, or the journal is lost.
---@param group table item, result, item, result ...
---@param told integer entries of the group that were delivered before
---@return integer told
function M.deliver_group(run, group, told)
  local tell = run.journal_failure and deliver_unwritten or deliver
  for i = told + 1, #group, 2 do
    tell(run, group[i], group[i + 1])
    if (i + 1) % LOOK_EVERY == 0 and turns.is_due(run.engine) then
      return i + 1
    end
  end
  return #group
end

-- To keep each result until its commit costs the garbage collector more time than to write records.
-- So without `on_result` this pair replaces each confirmed item and its result.
local NO_ITEM, CONFIRMED = {}, { outcome = "confirmed" }

--- Record a result. It is delivered at once, or after its commit if there is a journal.
---@param call elevenlabs.workspace.Call|nil if its ending is CONFIRMED
local function record_result(run, item, result, call)
  if not run.journal then
    return deliver(run, item, result)
  end
  if not run.journal_failure then
    local ok, failure = run.journal:record(item, result, call)
    if not ok then
      lose_journal(run, failure)
    end
  end
  if run.journal_failure then
    return deliver_unwritten(run, item, result)
  end
  local unsynced = run.unsynced
  local last = #unsynced
  if last == 0 then
    run.unsynced_since_ms = run.engine.now()
  end
  if not run.on_result and result.outcome == "confirmed" then
    item, result = NO_ITEM, CONFIRMED
  end
  unsynced[last + 1] = item
  unsynced[last + 2] = result
end

-- ---- calls that have ended

--- Stop the run if every item would fail like this one. Add to a cancelled call why it was
--- cancelled.
local function note_failure(run, err)
  if is_key_missing(err) then
    stop(run, "authentication", err.message)
  end
  if err.kind == "cancelled" and run.stopping then
    err.message = err.message .. "; the run stopped: " .. run.stopping.message
  end
end

--- Count the confirmed calls of which nobody wants the receipt.
local function count_confirmed(run, group)
  local report, more = run.report, group.unlisted - run.seen_unlisted
  run.seen_unlisted = group.unlisted
  report.total, report.confirmed = report.total + more, report.confirmed + more
end

--- Record the results of the calls that have ended since the last time.
function M.collect(run)
  local group = run.call_group
  run.seen_retries = group.retries
  if group.finished == run.seen_finished then
    return
  end
  run.seen_finished = group.finished
  count_confirmed(run, group)
  local call = lists.take_all(group.ended) -- a function of the owner's may end more
  while call do
    local result = call.ending
    if result.outcome ~= "confirmed" then
      note_failure(run, result)
    end
    record_result(run, call.args, result, result == groups.CONFIRMED and call or nil)
    call = call.next
  end
end

M.deliver, M.record_result, M.lose_journal = deliver, record_result, lose_journal

return M
