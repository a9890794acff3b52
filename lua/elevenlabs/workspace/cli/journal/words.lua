--- Says what a tally of journals found, to people and to programs.

local errors = require "elevenlabs.workspace.error"
local json = require "elevenlabs.workspace.json"
local operations = require "elevenlabs.workspace.operations"
local reports = require "elevenlabs.workspace.bulk.report"

local M = {}

local MAX_NAMED = 20 -- parts

-- ---- a journal

--- Why the journal may not hold all that its run was to do; nil if the run has ended.
local function state_of(tally, entry)
  if entry.state == "running" then
    return "a run is at work on it"
  elseif entry.state == "killed" and operations[tally.operation].is_repeatable then
    return "its run was cut short, and may have sent items without a record: run it again"
  elseif entry.state == "killed" then
    return "its run was cut short: run it again"
  elseif entry.state == "stopped" then
    return "its run ended before its list did: run it again"
  end
end

local function line_of(tally, entry)
  local parts = { ("%9d  %s"):format(entry.total, errors.one_line(entry.path)) }
  parts[2] = entry.part and ", part " .. entry.part or ""
  local failures = entry.total - entry.confirmed
  if failures > 0 then
    parts[#parts + 1] = (": %d not confirmed"):format(failures)
  end
  local notes = { state_of(tally, entry) }
  if entry.invalid > 0 then
    local what = "its run found %d invalid items, which have no record"
    notes[#notes + 1] = what:format(entry.invalid)
  end
  for _, note in ipairs(notes) do
    parts[#parts + 1] = (parts[3] and "; " or ": ") .. note
  end
  return table.concat(parts)
end

-- ---- what is wrong with the whole

--- "3/16, 7/16 and 2 more"
local function name_parts(numbers, count)
  local names = {}
  for i = 1, math.min(#numbers, MAX_NAMED) do
    names[i] = ("%d/%d"):format(numbers[i], count)
  end
  local more = #numbers > MAX_NAMED and (" and %d more"):format(#numbers - MAX_NAMED) or ""
  return table.concat(names, ", ") .. more
end

local function add_parts(lines, tally)
  local missing, twice = tally:parts()
  for _, row in ipairs { { missing, "no journal" }, { twice, "several journals" } } do
    if row[1][1] then
      lines[#lines + 1] = ("%s for part %s"):format(row[2], name_parts(row[1], tally.part_count))
    end
  end
end

local function add_counts(lines, tally, from)
  if tally.doubles > 0 then
    local what = "%d items ended in another journal too, and are counted in each"
    lines[#lines + 1] = what:format(tally.doubles)
  end
  local list = tally.list
  if list and list.missing > 0 then
    local what = "%d of the %d items of %s are in no journal"
    lines[#lines + 1] = what:format(list.missing, list.total, from)
  end
  if list and list.unlisted > 0 then
    local what = "%d items of the journals are not in %s"
    lines[#lines + 1] = what:format(list.unlisted, from)
  end
end

--- What may be said if nothing is wrong.
local function verdict(tally, from)
  if not tally:is_complete() then
    return "Not all is confirmed, or not all is known: see above."
  elseif from then
    return ("Nothing is left: all %d items of %s are confirmed."):format(tally.list.total, from)
  end
  return "All items of these journals are confirmed. Whether the list has more, --from tells."
end

--- Lines for people. The last line is the sum.
---@param tally elevenlabs.workspace.Tally
---@param from string|nil the list
---@return string
function M.text(tally, from)
  from = from and errors.one_line(from)
  local lines = { ("Items of %s at %s:"):format(tally.operation, errors.one_line(tally.base_url)) }
  for _, entry in ipairs(tally.journals) do
    lines[#lines + 1] = line_of(tally, entry)
  end
  add_parts(lines, tally)
  add_counts(lines, tally, from)
  lines[#lines + 1] = verdict(tally, from)
  lines[#lines + 1] = reports.describe_counts(tally)
  return table.concat(lines, "\n") .. "\n"
end

-- ---- for programs

local COUNTS = { "total", "confirmed", "refused", "unconfirmed", "not_sent" }

local function copy(fields, from, names)
  for _, name in ipairs(names) do
    fields[name] = from[name]
  end
  return fields
end

--- One line of JSON.
---@param tally elevenlabs.workspace.Tally
---@return string
function M.json(tally)
  local journals = {}
  for i, entry in ipairs(tally.journals) do
    journals[i] = copy(copy({}, entry, COUNTS), entry, { "path", "part", "state", "invalid" })
  end
  local missing, twice = tally:parts()
  local fields = copy({}, tally, COUNTS)
  copy(fields, tally, { "operation", "base_url", "doubles", "list" })
  fields.journals = json.list(journals)
  fields.parts = tally.part_count
    and { count = tally.part_count, missing = json.list(missing), twice = json.list(twice) }
  fields.complete = tally:is_complete()
  return json.encode(fields) .. "\n"
end

return M
