--- The ends of a run's items: each is written to the journal, and reported once it is on the disk.

local errors = require "elevenlabs.workspace.error"
local call_user = require("elevenlabs.workspace.bulk.owner").call
local pending = require "elevenlabs.workspace.bulk.pending"
local reports = require "elevenlabs.workspace.bulk.report"
local stop = require("elevenlabs.workspace.bulk.stopping").stop

local M = {}

local GROUP, GROUP_MS = 1024, 100 -- of records that are synced together

--- The api_key function failed: that is no fault of the item's.
local function is_key_missing(err)
  return err.kind == "invalid_argument" and err.field == "api_key"
end

--- The item's end. Nothing is said of it before, and nothing after.
---@param ending elevenlabs.workspace.Receipt|elevenlabs.workspace.Error
---@param reason string|nil the error's message without the item's place; false: no failure
local function deliver(run, item, ending, reason)
  local report, became = run.report, ending.outcome
  if became ~= "confirmed" and reason ~= false then
    reports.count_reason(report, ending, reason or ending.message)
  end
  report.total = report.total + 1
  report[became] = report[became] + 1
  if ending.kind == "invalid_argument" and not is_key_missing(ending) then
    report.invalid = report.invalid + 1
  end
  if not run.on_result then
    return
  elseif became == "confirmed" then
    call_user(run, run.on_result, item, ending, nil)
  else
    call_user(run, run.on_result, item, nil, ending)
  end
end

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
local function lose_journal(run, failure)
  run.journal_failure = failure
  stop(run, "journal", failure.message)
end

local function deliver_unwritten(run, item, ending)
  if ending.outcome == "confirmed" then
    ending = not_written(ending, run.journal_failure)
  end
  deliver(run, item, ending)
end

--- Sync the group and report it.
local function commit(run)
  local group = run.unsynced
  run.unsynced = {}
  local ok, failure = run.journal:sync()
  if not ok then
    lose_journal(run, failure)
  end
  local tell = ok and deliver or deliver_unwritten
  for i = 1, #group, 2 do
    tell(run, group[i], group[i + 1])
  end
end

---@return boolean
function M.is_group_full(run)
  return #run.unsynced / 2 >= GROUP
end

--- The time at which the group is to be synced; math.huge if there is none.
---@return number
function M.commit_at_ms(run)
  return #run.unsynced > 0 and run.unsynced_since_ms + GROUP_MS or math.huge
end

function M.commit_if_due(run)
  if #run.unsynced == 0 then
    return
  elseif M.is_group_full(run) or #run.held == 0 or run.engine.now() >= M.commit_at_ms(run) then
    commit(run)
  end
end

-- What waits for its sync is garbage that grows old, which costs the collector more than a record
-- does: where nobody is told of each item, one stands for all.
local NO_ITEM, CONFIRMED = {}, { outcome = "confirmed" }

--- A call's end: reported at once, or once the journal has it.
local function settle(run, item, ending)
  if not run.journal then
    return deliver(run, item, ending)
  end
  if not run.journal_failure then
    local ok, failure = run.journal:record(item, ending)
    if not ok then
      lose_journal(run, failure)
    end
  end
  if run.journal_failure then
    return deliver_unwritten(run, item, ending)
  end
  local unsynced = run.unsynced
  local last = #unsynced
  if last == 0 then
    run.unsynced_since_ms = run.engine.now()
  end
  if not run.on_result and ending.outcome == "confirmed" then
    item, ending = NO_ITEM, CONFIRMED
  end
  unsynced[last + 1] = item
  unsynced[last + 2] = ending
end

--- What an end means for the run.
local function heed_error(run, err)
  if is_key_missing(err) then
    stop(run, "authentication", err.message)
  end
  if err.kind == "cancelled" and run.stopping then
    err.message = err.message .. "; the run stopped: " .. run.stopping.message
  end
end

--- Calls that are done since the last look.
function M.collect(run)
  run.rested = run.policy.retries
  if run.policy.finished == run.collected then
    return
  end
  run.collected = run.policy.finished
  local call = pending.take_ended(run.held, run.policy.ended)
  while call do
    local ending = call.ending
    if ending.outcome ~= "confirmed" then
      heed_error(run, ending)
    end
    settle(run, call.args, ending)
    call = call.next_ended
  end
end

M.deliver, M.settle, M.lose_journal = deliver, settle, lose_journal

return M
