--- Begins a bulk run: reads its options, checks its source and opens its journal.

local call_groups = require "elevenlabs.workspace.bulk.call_group"
local errors = require "elevenlabs.workspace.error"
local given = require "elevenlabs.workspace.items.given"
local journals = require "elevenlabs.workspace.bulk.journal"
local lists = require "elevenlabs.workspace.engine.list"
local names = require "elevenlabs.workspace.names"
local operations = require "elevenlabs.workspace.operations"
local parts = require "elevenlabs.workspace.bulk.part"
local runs = require "elevenlabs.workspace.bulk.run"
local sources = require "elevenlabs.workspace.items.source"
local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

local MAX_PROBLEMS = 100 -- that an error's details name
local ASK_EVERY = 1000 -- rows and records: then `may_begin` is asked

--- The options of a bulk run. Each may be left out.
---@class elevenlabs.workspace.BulkOptions
--- The path of a file, which is made if it is not there. What became of each item is on the disk
--- before it is reported. A later run with the same file sends only the items that are not
--- confirmed. Not for reads.
---@field journal string|nil
---@field dry_run boolean|nil True: check every item, and send nothing.
--- Called once for each item, when the item has ended: with a receipt (of a read: the resource), or
--- with nil and an error. `item` is a copy. The copy of an item that was refused as invalid has no
--- secrets of the client. The function may call the client and wait.
---@field on_result nil|fun(item: table, receipt: elevenlabs.workspace.Receipt|nil, err: elevenlabs.workspace.Error|nil)
--- Called ten times a second at most, and at the end.
---@field on_progress nil|fun(progress: elevenlabs.workspace.Progress)
--- The longest time of the whole run. The clock starts when the result is asked for.
---@field deadline_ms number|nil
--- How many requests of this run may be in flight, if it is to be fewer than the client's.
---@field max_concurrency integer|nil
--- Such as "3/16": take only the items of part 3 of 0 to 15, so that 16 machines share one list.
--- An item's part depends on its resource and target alone. The other items are no items of this
--- run, but a file is still checked as a whole.
---@field part string|nil
--- Default true: the run stops if its first answers are all the same refusal. False: each
--- refusal concerns its own item. That is right for items that were all read just before.
---@field stop_on_refusals boolean|nil
--- Asked before the run begins: now and then while a file is checked and a journal is read, and
--- once more with `checked` true when the check is over. `count` is the number of items, if it is
--- known. `all` is the number of items of all parts, if the run has a part. If the function returns
--- false, no run begins and nothing is sent.
---@field may_begin nil|fun(count: integer|nil, checked: boolean, all: integer|nil): boolean

local OPTION_NAMES = {
  "journal",
  "dry_run",
  "on_result",
  "on_progress",
  "deadline_ms",
  "max_concurrency",
  "part",
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
  part = "string",
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

--- A copy of the options, checked. `part` becomes an object.
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
  elseif copy.part then
    local part, wanted = parts.read(copy.part, operations[op].is_change)
    if not part then
      return nil, errors.invalid("part", "part must be " .. wanted)
    end
    copy.part = part
  end
  return copy
end

-- ---- checking a file, and counting a part

-- People undo a share with the file of the share, which has roles. They read what a list of removals
-- names.
local IGNORED = {
  unshare = { "role" },
  get = { "user_email", "group_id", "workspace_api_key_id", "role" },
}

--- A function that is called after each row and each record. Now and then the function asks
--- `may_begin`, and the function gives the host its turns.
---@return fun(number: integer, count: integer|nil): true|nil, elevenlabs.workspace.Error|nil
local function new_gate(engine, may_begin)
  local give_turn = turns.giver(engine)
  return function(number, count)
    if may_begin and number % ASK_EVERY == 0 and not may_begin(count, false) then
      return nil, errors.not_begun()
    end
    return give_turn()
  end
end

--- The error of a file that has rows which cannot be sent.
---@param problems string[] the first of them
---@param total integer
local function unfit(problems, total)
  local more = total > 1 and (" (and %d more)"):format(total - 1) or ""
  local failure = errors.invalid(nil, problems[1] .. more .. "; nothing was sent")
  failure.details = problems
  return failure
end

--- Check every item of a file before the first request, also the items of other parts. A person can
--- then mend all of the file at once, while nothing was sent yet.
---@return integer|nil count
---@return integer|elevenlabs.workspace.Error all of all parts, or an error
local function check_file(engine, op, source, part, gate)
  local count, all, problems, total = 0, 0, {}, 0
  local item, problem = source:next()
  while item or problem do
    local ok, err = true, nil
    if item then
      ok, err = engine:check(op, item)
    end
    if problem or not ok then
      total = total + 1
      local text = problem and problem.message or sources.at_place(source, err)
      problems[total] = total <= MAX_PROBLEMS and engine.mask(text) or nil
    end
    count, all = count + ((not part or part:has(item)) and 1 or 0), all + 1
    ok, err = gate(all, all)
    if not ok then
      return nil, err
    end
    item, problem = source:next()
  end
  if total > 0 then
    return nil, unfit(problems, total)
  end
  return count, all
end

--- Count the items of a part in a list of the caller's. Its items are checked when they are taken.
---@return integer|nil count
---@return integer|elevenlabs.workspace.Error all of all parts, or an error
local function count_part(engine, source, part)
  local count, all, give_turn = 0, 0, turns.giver(engine)
  local item, problem = source:next()
  while item or problem do
    count, all = count + (part:has(item) and 1 or 0), all + 1
    local ok, err = give_turn()
    if not ok then
      return nil, err
    end
    item, problem = source:next()
  end
  return count, all
end

--- Check the source if it is a file that can be read twice. Count the items of a part, if the source
--- can be read twice.
---@return boolean|nil ok
---@return integer|elevenlabs.workspace.Error|nil count if it is known, or an error
---@return integer|nil all of all parts, if it is known
local function check_source(engine, op, source, part, gate)
  if not (source.is_file or part) then
    return true, source.count, source.count
  elseif not source:rewind() then
    return true
  end
  local count, all
  if source.is_file then
    count, all = check_file(engine, op, source, part, gate)
  else
    count, all = count_part(engine, source, part)
  end
  if not count then
    return nil, all
  end
  return source:rewind(), count, all
end

-- ---- beginning

local function new_call_group(engine, op, opts, journal)
  local has_succeeded = opts.stop_on_refusals == false or journal and journal.known.has_confirmed
  local keeps = opts.on_result and "receipts" or journal and "calls" or "counts"
  local group = call_groups.new(engine, not operations[op].is_change, has_succeeded, keeps)
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
  local ok, count, all, journal, gate
  opts, err = read_options(op, opts)
  for _, field in ipairs(IGNORED[op] or {}) do
    source:ignore(field)
  end
  if opts then
    gate = new_gate(engine, opts.may_begin)
    ok, count, all = check_source(engine, op, source, opts.part, gate)
    err = not ok and count or nil
  end
  if ok and opts.may_begin and not opts.may_begin(count, true, opts.part and all) then
    ok, err = false, errors.not_begun()
  end
  if ok and opts.journal then
    journal, err = journals.open(opts.journal, {
      operation = op,
      base_url = base_url,
      part = opts.part and opts.part.name,
      dry_run = opts.dry_run,
      may_go_on = function(number)
        return gate(number, count)
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
    all = all,
    journal = journal,
    is_threaded = is_threaded or false,
    call_group = new_call_group(engine, op, opts, journal),
  }
end

return M
