--- Begins a bulk run: reads its options, checks its source and opens its journal.

local call_groups = require "elevenlabs.workspace.bulk.call_group"
local errors = require "elevenlabs.workspace.error"
local given = require "elevenlabs.workspace.items.given"
local journals = require "elevenlabs.workspace.bulk.journal"
local lists = require "elevenlabs.workspace.engine.list"
local names = require "elevenlabs.workspace.names"
local operations = require "elevenlabs.workspace.operations"
local runs = require "elevenlabs.workspace.bulk.run"
local sources = require "elevenlabs.workspace.items.source"

local M = {}

local MAX_PROBLEMS = 100 -- that an error's details name
local ASK_EVERY = 1000 -- rows and records: then `may_begin` is asked

--- The options of a bulk run.
---@class elevenlabs.workspace.BulkOptions
--- The path of a file. What became of each item is written there. A later run with the same file
--- sends only the items that are not confirmed.
---@field journal string|nil
---@field dry_run boolean|nil check every item, send nothing
--- Called once for each item, when it has ended: with a receipt, or with nil and an error. `item`
--- is a copy.
---@field on_result nil|fun(item: table, receipt: elevenlabs.workspace.Receipt|nil, err: elevenlabs.workspace.Error|nil)
---@field on_progress nil|fun(progress: elevenlabs.workspace.Progress) ten times a second at most
---@field deadline_ms number|nil of the whole run, from when its result is asked for
---@field max_concurrency integer|nil of this run, if it is to be less than the client's
--- Default true: a run stops if the server refuses each of its first items. false: each refusal
--- concerns its own item, as for items that were all read just before.
---@field stop_on_refusals boolean|nil
--- Asked before the run begins: now and then while a file is checked and a journal is read. Asked
--- once more with `checked` when the check is over, before a journal is opened. `count` is the
--- number of items, if it is known. If it returns false, nothing is sent and no run begins.
---@field may_begin nil|fun(count: integer|nil, checked: boolean): boolean

local OPTION_NAMES = {
  "journal",
  "dry_run",
  "on_result",
  "on_progress",
  "deadline_ms",
  "max_concurrency",
  "stop_on_refusals",
  "may_begin",
}

local TYPES = {
  journal = "string",
  dry_run = "boolean",
  on_result = "function",
  on_progress = "function",
  deadline_ms = "number",
  max_concurrency = "number",
  stop_on_refusals = "boolean",
  may_begin = "function",
}

local function check_option(name, value)
  if type(value) ~= TYPES[name] then
    return nil, errors.invalid(name, ("%s must be a %s"):format(name, TYPES[name]))
  elseif name == "deadline_ms" and (value ~= value or value <= 0) then
    return nil, errors.invalid(name, "deadline_ms must be above 0")
  elseif name == "max_concurrency" and not (value >= 1 and value % 1 == 0) then
    return nil, errors.invalid(name, "max_concurrency must be a whole number above 0")
  end
  return true
end

--- A copy of the options, checked.
local function read_options(op, options)
  local copy, err = names.copy("option", options, OPTION_NAMES)
  if not copy then
    return nil, err
  end
  for name, value in pairs(copy) do
    local ok, problem = check_option(name, value)
    if not ok then
      return nil, problem
    end
  end
  if copy.journal and not operations[op].is_change then
    return nil, errors.invalid("journal", "a journal is for changes: a run of reads has none")
  end
  return copy
end

-- ---- checking a file

-- People undo a share with the file of the share, which has roles. They read what a list of removals
-- names.
local IGNORED = {
  unshare = { "role" },
  get = { "user_email", "group_id", "workspace_api_key_id", "role" },
}

--- Check every item of a file before the first request. A person can then mend all of the file at
--- once, while nothing was sent yet.
---@return integer|nil count
---@return elevenlabs.workspace.Error|nil
local function check_file(engine, op, source, may_begin)
  local count, problems, total = 0, {}, 0
  local item, problem = source:next()
  while item or problem do
    local ok, err = true, nil
    if item then
      ok, err = engine:check(op, item)
    end
    count = count + 1
    if may_begin and count % ASK_EVERY == 0 and not may_begin(count, false) then
      return nil, errors.not_begun()
    end
    if problem or not ok then
      total = total + 1
      local text = problem and problem.message or sources.at_place(source, err)
      problems[total] = total <= MAX_PROBLEMS and text or nil
    end
    item, problem = source:next()
  end
  if total == 0 then
    return count
  end
  local more = total > 1 and (" (and %d more)"):format(total - 1) or ""
  local failure = errors.invalid(nil, problems[1] .. more .. "; nothing was sent")
  failure.details = problems
  return nil, failure
end

--- Check the source if it is a file that can be read twice.
---@return boolean|nil ok
---@return integer|elevenlabs.workspace.Error|nil count if it is known, or an error
local function check_source(engine, op, source, may_begin)
  if not source.is_file or not source:rewind() then
    return true, source.count
  end
  local count, err = check_file(engine, op, source, may_begin)
  if not count then
    return nil, err
  end
  return source:rewind(), count
end

-- ---- beginning

local function new_call_group(engine, op, opts, journal)
  local has_succeeded = opts.stop_on_refusals == false or journal and journal.known.has_confirmed
  local only_counts = not (opts.on_result or journal)
  local group = call_groups.new(engine, not operations[op].is_change, has_succeeded, only_counts)
  group.ended = lists.new()
  return group
end

--- Begin a run. Nothing is sent before its `result` is asked for.
---@param engine elevenlabs.workspace.Engine
---@param base_url string the journal is of this server
---@param op "unshare"|"share"|"get"
---@param list table|function an array, an iterator or a source of `items`
---@param opts elevenlabs.workspace.BulkOptions
---@param is_threaded boolean|nil the host must not wait for a disk
---@return elevenlabs.workspace.Run|nil
---@return elevenlabs.workspace.Error|nil
function M.start(engine, base_url, op, list, opts, is_threaded)
  local source, err = given.from(list)
  if not source then
    return nil, err
  end
  local ok, count, journal
  opts, err = read_options(op, opts)
  for _, field in ipairs(IGNORED[op] or {}) do
    source:ignore(field)
  end
  if opts then
    ok, count = check_source(engine, op, source, opts.may_begin)
    err = not ok and count or nil
  end
  if ok and opts.may_begin and not opts.may_begin(count, true) then
    ok, err = false, errors.not_begun()
  end
  if ok and opts.journal then
    journal, err = journals.open(opts.journal, {
      operation = op,
      base_url = base_url,
      dry_run = opts.dry_run,
      may_go_on = opts.may_begin and function(records)
        return records % ASK_EVERY ~= 0 or opts.may_begin(count, false)
      end,
    })
    ok = journal ~= nil
  end
  if not ok then
    source:close()
    return nil, err
  end
  return runs.new {
    engine = engine,
    op = op,
    source = source,
    opts = opts,
    count = count,
    journal = journal,
    is_threaded = is_threaded or false,
    call_group = new_call_group(engine, op, opts, journal),
  }
end

return M
