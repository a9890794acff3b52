--- The command `journal report`.

local errors = require "elevenlabs.workspace.error"
local failed_items = require "elevenlabs.workspace.cli.bulk.failed"
local list = require "elevenlabs.workspace.cli.list"
local output = require "elevenlabs.workspace.cli.output"
local tallies = require "elevenlabs.workspace.bulk.tally"
local words = require "elevenlabs.workspace.cli.journal.words"

local EXIT = { complete = 0, incomplete = 1, usage = 2, unwritten = 5 }

local M = {
  name = "journal report",
  summary = "say what became of a list's items, and what is left",
  description = "Adds up the journals of one list, such as those of all parts. It names parts"
    .. " without a journal or with two, runs that were cut short or are at work, and counts items"
    .. " that ended in two journals. With --from it also counts the items of the list that are in"
    .. " no journal. Give it the options that filled in fields in the runs. Sends no request, and"
    .. " keeps no run from starting.",
  arguments = {
    { name = "journal", shown = "FILE...", text = "a journal; there may be several", count = "+" },
  },
  groups = {
    {
      title = "The list",
      options = {
        list.FROM,
        list.JSONL,
        list.RESOURCE_TYPE,
        list.TARGET[1],
        list.TARGET[2],
        list.TARGET[3],
        list.ROLE,
      },
    },
    {
      title = "General",
      options = {
        {
          name = "--failed",
          value = "FILE",
          text = "write the items that are not confirmed, or are in no journal, to FILE, as CSV"
            .. " with reasons. --from reads such a file",
        },
        { name = "--json", text = "print the report, or the error, as one line of JSON" },
      },
    },
  },
  statuses = {
    { "2", "wrong usage, or a file that cannot be read" },
    { "5", "a result could not be written" },
    {
      "1",
      "an item is missing, failed or in two journals; a part has no journal or several; or a run"
        .. " has not ended",
    },
    { "0", "each item is confirmed, and in one journal alone" },
  },
}

local WITH_FROM = { "jsonl", "resource_type", "user_email", "group_id", "workspace_api_key_id",
  "role" }

--- Options that do not go together.
---@return string|nil misuse
local function misuse_of(values)
  for _, name in ipairs(WITH_FROM) do
    if values[name] and not values.from then
      return ("--%s needs --from"):format((name:gsub("_", "-")))
    end
  end
  for _, path in ipairs(values.failed and values.journal or {}) do
    if output.would_overwrite(values.failed, path) then
      return "--failed would overwrite the journal " .. errors.one_line(path)
    end
  end
  return output.find_clash(values, { "failed" }, { "from" })
end

local function missing()
  return errors.new {
    kind = "journal",
    outcome = "unconfirmed",
    message = "no journal of those that were read has it: it may have been sent or not",
  }
end

--- Read the journals, and the list if there is one.
---@param values table
---@param failed table|nil the list that gets what is not confirmed
---@return elevenlabs.workspace.Tally|nil
---@return elevenlabs.workspace.Error|nil
local function read(values, failed)
  local tally = tallies.new()
  for _, path in ipairs(values.journal) do
    local ok, err = tally:add(path, failed and function(item, why)
      failed_items.write(failed, item, why)
    end)
    if not ok then
      return nil, err
    end
  end
  if not values.from then
    return tally
  end
  local source, err = list.open(values)
  local ok = source
  if source then
    ok, err = tally:compare(source, function(item)
      if failed then
        failed_items.write(failed, item, missing())
      end
    end)
  end
  if ok and tally.list.total == 0 then
    return nil, errors.invalid("from", values.from .. " has no items")
  end
  return ok and tally, err
end

--- Run the command.
---@param values table the options
---@return integer|nil status, string|nil misuse
function M.run(values)
  local misuse = misuse_of(values)
  if misuse then
    return nil, misuse
  end
  local failed, why
  if values.failed then
    failed, why = failed_items.open(values.failed)
    if not failed then
      return output.refuse(values, "cannot write the failed items: " .. why)
    end
  end
  local tally, err = read(values, failed)
  if not tally then
    if failed then
      failed:discard()
    end
    return output.refuse(values, err.message, nil, err.kind)
  end
  local is_written = true
  if failed then
    is_written, why = failed:commit()
  end
  output.write(values.json and words.json(tally) or words.text(tally, values.from))
  if not is_written then
    output.complain("cannot write the failed items: " .. why)
    return EXIT.unwritten
  end
  return tally:is_complete() and EXIT.complete or EXIT.incomplete
end

return M
