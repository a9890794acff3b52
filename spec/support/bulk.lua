--- Bulk runs in a world of the spec's own, with or without a journal.

local bulk = require "elevenlabs.workspace.bulk"
local cjson = require "cjson"
local journals = require "elevenlabs.workspace.bulk.journal"
local world = require "spec.support.world"

local M = {}

M.URL = "https://server.example"

--- A valid item. Its id is "id" and the number.
---@param number integer|string
function M.item(number)
  return { resource_id = "id" .. number, resource_type = "voice", user_email = "a@example.com" }
end

--- An iterator over so many items. The second result returns how many were taken.
---@param count integer
function M.many(count)
  local taken = 0
  return function()
    if taken < count then
      taken = taken + 1
      return M.item(taken)
    end
  end, function()
    return taken
  end
end

--- Runs over a world in which each attempt gets `answer(attempt, now)`.
function M.run(answer, source, opts, options, op)
  local engine, core = world.running(answer, options)
  local run = assert(bulk.start(engine, M.URL, op or "unshare", source, opts or {}))
  return assert(run:result()), core, engine
end

--- An answer: the same changes of a 200 for every attempt.
function M.always(changes)
  return function()
    return changes
  end
end

--- An answer: these changes of a 200 for one id alone.
function M.only(id, changes)
  return function(attempt)
    return attempt.args.resource_id == id and changes or {}
  end
end

--- The counts of confirmed, refused, unconfirmed and not_sent.
function M.outcomes(report)
  return { report.confirmed, report.refused, report.unconfirmed, report.not_sent }
end

-- ---- with a journal

-- The file of a journal.
local File = {}
File.__index = File

--- A file of a journal. There is an empty file first.
function M.journal()
  return setmetatable({ path = os.tmpname() }, File)
end

function File:remove()
  os.remove(self.path)
end

---@return string
function File:read()
  local file = assert(io.open(self.path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

function File:write(text)
  local file = assert(io.open(self.path, "wb"))
  file:write(text)
  file:close()
end

--- The records without times and checksums.
function File:records()
  local list = {}
  for line in self:read():gmatch "[^\n]+" do
    list[#list + 1] = cjson.decode(line)
    list[#list].at, list[#list].crc32c = nil, nil
  end
  return list
end

--- Opens the journal.
---@param options table|nil beside those of an unshare
function File:open(options)
  local all = { operation = "unshare", base_url = M.URL }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return journals.open(self.path, all)
end

--- What a killed run leaves: a journal without an end.
function File:kill()
  self:write((self:read():gsub('{"end":true[^\n]*\n', "")))
end

--- An item of this id, with a role if it is to be shared.
function M.item_of(id, role)
  return { resource_id = id, resource_type = "voice", user_email = "a@example.com", role = role }
end

--- A run with the journal over items, or over items of these ids.
---@param ids (string|table)[]
---@param answer function|nil default: 200 to everything
---@return table|nil report, table|elevenlabs.workspace.Error told results by id, table core
function File:run(ids, answer, op, opts)
  local engine, core = world.running(answer or M.always {})
  local list, told = {}, {}
  for i, id in ipairs(ids) do
    list[i] = type(id) == "table" and id or M.item_of(id, op == "share" and "viewer" or nil)
  end
  local all = {
    journal = self.path,
    on_result = function(item, receipt, err)
      told[item.resource_id] = receipt or err
    end,
  }
  for name, value in pairs(opts or {}) do
    all[name] = value or nil
  end
  local run, why = bulk.start(engine, M.URL, op or "unshare", list, all)
  if not run then
    return nil, why
  end
  return run:result(), told, core
end

--- A run whose journal fails with its `at`th sync.
---@param count integer items
---@return table report, table told results, integer taken
function File:run_to_full_disk(at, count, op, is_quiet)
  local told, taken, syncs = {}, 0, 0
  local run = bulk.start(world.running(M.always {}), M.URL, op or "unshare", function()
    taken = taken + 1
    return taken <= count and M.item_of("id" .. taken, op and "viewer") or nil
  end, {
    journal = self.path,
    on_result = not is_quiet and function(_, receipt, err)
      told[#told + 1] = receipt or err
    end or nil,
  })
  run.journal.file = {
    sync = function()
      syncs = syncs + 1
      if syncs >= at then
        return nil, { kind = "journal", message = "No space left on device" }
      end
      return true
    end,
    append = function()
      return true
    end,
    record = function()
      return true
    end,
    close = function() end,
  }
  return run:result(), told, taken
end

return M
