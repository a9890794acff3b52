--- Commits of a run's journal: what was written since the last commit goes to the disk at once. Then
--- its results are told, and its shares are queued. If the client has a thread, the host must not
--- wait for a disk: the journal syncs in a thread of its own, and the run's turns look whether the
--- sync has ended.

local groups = require "elevenlabs.workspace.engine.group"
local intake = require "elevenlabs.workspace.bulk.intake"
local results = require "elevenlabs.workspace.bulk.results"

local M = {}

local GROUP_MS = 100 -- results wait no longer for a commit
local LOOK_MS = 1 -- until a turn looks at a sync for the first time
local LOOK_PART = 1 / 8 -- of the time that a sync has taken: until the next look

-- ---- when

--- True if no item is left that the run has not recorded.
local function has_recorded_all(run)
  return (run.stopping or run.report.exhausted)
    and groups.is_empty(run.call_group)
    and not run.shares
end

local function keeps_journal(run)
  return run.journal and not run.journal_failure and not run.opts.dry_run
end

--- The journal's last record is still to be written.
local function needs_end(run)
  return not run.wrote_end and keeps_journal(run) and has_recorded_all(run)
end

--- The time of the next turn that a commit needs; math.huge if it needs none.
---@return number
function M.due_ms(run)
  if run.commit then
    return run.commit.look_at_ms
  end
  return #run.unsynced > 0 and run.unsynced_since_ms + GROUP_MS or math.huge
end

--- A run without pending calls need not wait for more records.
local function is_due(run)
  if run.shares or needs_end(run) then
    return true
  elseif #run.unsynced == 0 then
    return false
  end
  return results.is_group_full(run)
    or groups.is_empty(run.call_group)
    or run.engine.now() >= M.due_ms(run)
end

-- ---- one commit

--- Tell the results. If the host is to have a turn before all are told, the commit goes on in the
--- run's next turn.
local function tell(run)
  local commit = run.commit
  commit.told = results.deliver_group(run, commit.group, commit.told or 0)
  if commit.told < #commit.group then
    commit.look_at_ms = run.engine.now() + LOOK_MS
    return
  end
  run.commit = false
  if commit.shares then
    intake.queue_all(run, commit.shares)
  end
end

--- The sync has ended, or failed.
---@param ok boolean|nil
---@param failure elevenlabs.workspace.Error|nil
local function conclude(run, ok, failure)
  if not ok then
    results.lose_journal(run, failure)
  end
  tell(run)
end

local function look_later(run)
  local commit, now = run.commit, run.engine.now()
  commit.look_at_ms = now + math.max(LOOK_MS, (now - commit.since_ms) * LOOK_PART)
end

--- The record of the run's end is on the disk with the last results, or after them. If the next run
--- finds that record, no item was sent without a record of its own.
local function write_end(run)
  run.wrote_end = true
  return run.journal:append_end(run.report.exhausted, run.report.invalid)
end

local function start(run, in_thread)
  local ok, failure = true, nil
  if needs_end(run) then
    ok, failure = write_end(run)
  end
  run.commit = {
    group = run.unsynced,
    shares = run.shares,
    since_ms = run.engine.now(),
    look_at_ms = 0,
    told = false, -- entries of the group, once the sync has ended
  }
  run.unsynced, run.shares = {}, false
  if ok and in_thread then
    ok, failure = run.journal:begin_sync()
  elseif ok then
    ok, failure = run.journal:sync()
  end
  if ok and in_thread then
    look_later(run)
  else
    conclude(run, ok, failure)
  end
end

--- A closed client wakes nobody: then the run waits for the disk.
local function look(run)
  if run.commit.told then
    return tell(run)
  end
  local journal = run.journal
  local synced, failure = (run.engine.closed and journal.sync or journal.has_synced)(journal)
  if synced == false then
    look_later(run)
  else
    conclude(run, synced, failure)
  end
end

--- Begin a commit if one is due. What is told in a commit may stop the run, and so make another
--- commit due.
function M.begin(run)
  while not run.commit and is_due(run) do
    start(run, run.is_threaded and not run.engine.closed)
  end
end

--- Conclude the commit under way if its sync has ended, and begin the next.
function M.advance(run)
  if run.commit then
    look(run)
  end
  M.begin(run)
end

--- Commit what is due, and wait for the disk.
function M.complete(run)
  while run.commit or is_due(run) do
    if not run.commit then
      start(run, false)
    elseif run.commit.told then
      tell(run)
    else
      conclude(run, run.journal:sync())
    end
  end
end

--- How many items were taken and are not queued yet.
---@return integer
function M.held(run)
  return run.commit and run.commit.shares and intake.count(run.commit.shares) or 0
end

--- True if nothing waits for a commit.
---@return boolean
function M.is_complete(run)
  return not run.commit and not run.shares and #run.unsynced == 0
end

return M
