--- A bulk run among faults, and what must hold of every one.

local cjson = require "cjson"
local h2 = require "spec.support.servers.h2"
local leaping = require "spec.proof.faults.leaping"
local raw = require "spec.support.servers.raw"
local sources = require "elevenlabs.workspace.items.source"

local M = { name = "bulk" }

local ITEMS = 30 -- more than a run holds: four in flight, and four times as many that rest
local FIRST_ITEMS = 4 -- these meet the fault: so many are in flight at first
local OK = '{"status":"ok"}'
local GOOD = "good" -- the request-id by which answers of this file are known

-- ---- servers that are good after the fault

--- A script with as many good answers at its end as all items can want, where its
--- connection is still open then.
local function with_good_end(script)
  local long, last = {}, script[#script] == raw.hold and #script - 1
  for i = 1, last or #script do
    long[i] = script[i]
  end
  for _ = 1, last and ITEMS or 0 do
    long[#long + 1] = raw.read
    long[#long + 1] = raw.answer(200, OK, "request-id: " .. GOOD .. "\r\n")
  end
  long[#long + 1] = last and raw.hold or nil
  return long
end

--- Connections as of raw_server.py, and then good ones.
function M.raw(connections)
  local all = {}
  for i, script in ipairs(connections) do
    all[i] = with_good_end(script)
  end
  all[#all + 1] = with_good_end { raw.hold }
  return all
end

--- The same as of h2_server.py.
function M.h2(connections)
  local headers = { ["content-length"] = tostring(#OK), ["request-id"] = GOOD }
  local all, good = {}, { h2.headers(200, headers), h2.data(OK, true) }
  for i, scripts in ipairs(connections) do
    all[i] = { (unpack or table.unpack)(scripts) }
    table.insert(all[i], good)
  end
  all[#all + 1] = { good }
  return all
end

--- Options of a client for a bulk run: as many attempts as usual, and no waiting.
function M.options(options)
  local all = { max_attempts = 8, driver = leaping.new() }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return all
end

-- ---- a run, and what must hold of it

--- True if the items that meet the fault have ended. Other connections know nothing of the fault, and
--- may be done with all other items before.
local function is_fault_over(told)
  for i = 1, FIRST_ITEMS do
    if not told["id" .. i] then
      return false
    end
  end
  return true
end

local Many = sources.kind()

function Many:next()
  self.ended = self.taken == self.count
  if not self.ended then
    self.taken = self.taken + 1
    return {
      resource_id = "id" .. self.taken,
      resource_type = "voice",
      user_email = "a@example.com",
    }
  end
end

--- The end comes after the fault.
function Many:is_ready()
  return self.taken < self.count or not self.told or is_fault_over(self.told)
end

--- So many items; or, if no count is given, ITEMS, and an end that waits for the fault.
local function many(count, told)
  return setmetatable({
    count = count or ITEMS,
    told = not count and told,
    taken = 0,
    ended = false,
  }, Many)
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

--- The last record of each item, and the last of all. Every line must be whole.
local function read_records(path)
  local records, last = {}, nil
  local text = read(path)
  assert(text:sub(-1) == "\n", "the journal ends in a torn line")
  for line in text:gmatch "[^\n]+" do
    last = cjson.decode(line)
    if last.resource_id then
      records[last.resource_id] = last
    end
  end
  return records, last
end

local function check_sum(report, source, told)
  local counts, total = { confirmed = 0, refused = 0, unconfirmed = 0, not_sent = 0 }, 0
  for _, result in pairs(told) do
    counts[result.outcome] = counts[result.outcome] + 1
    total = total + 1
  end
  for outcome, count in pairs(counts) do
    assert(report[outcome] == count, outcome)
  end
  assert(report.total == total and total == source.taken, "lost or counted twice")
  assert(report.exhausted == source.ended, "exhausted")
  local may_be_at_end = not report.stopped or report.stopped == "outage"
  assert(may_be_at_end or not report.exhausted, "it stopped at its end")
  assert(report.stopped ~= "callback", report.stop_message)
end

--- What was told is what the journal says, but for confirmations that it got from there.
local function check_journal(path, told)
  local records, last = read_records(path)
  assert(last["end"], "the journal has no end")
  for id, result in pairs(told) do
    local record = assert(records[id], "not in the journal")
    records[id] = nil
    assert(record.outcome == result.outcome, "the journal says otherwise")
    assert(result.attempts == 0 or record.status == result.status)
    assert(record.kind == result.kind)
  end
  assert(next(records) == nil, "what is in the journal was told to nobody")
  assert(not read(path):find(raw.KEY, 1, true), "the key is in the journal")
end

--- One that cannot be written any more has every confirmation that was told.
local function check_lost_journal(path, told)
  local records = read_records(path)
  for id, result in pairs(told) do
    assert(result.outcome ~= "confirmed" or records[id].outcome == "confirmed")
  end
end

--- One run over items "id1" to "id<count>".
---@param client elevenlabs.workspace.Client
---@param options table { journal, count = 12, max_concurrency = nil, told = nil }
---@return elevenlabs.workspace.Report, table told receipts and errors by resource_id
function M.run(client, options)
  local told = {}
  local source = many(options.count, told)
  local report = assert(client:unshare_many(source, {
    journal = options.journal,
    max_concurrency = options.max_concurrency,
    on_result = function(item, receipt, err)
      assert(not told[item.resource_id], "told twice")
      assert(not tostring(err):find(raw.KEY, 1, true), "the key is in the error")
      told[item.resource_id] = receipt or err
      if options.told then
        options.told(item, err)
      end
    end,
  }))
  check_sum(report, source, told)
  if report.stopped == "journal" then
    check_lost_journal(options.journal, told)
  else
    check_journal(options.journal, told)
  end
  return report, told
end

-- ---- what is seen of a fault

--- "well", "confirmed again" after a retry of ours, or what it was instead.
local function describe(result)
  if result.outcome ~= "confirmed" then
    return result.outcome
  elseif result.attempts > 1 then
    return "confirmed again"
  end
  return result.request_id == GOOD and "well" or "confirmed"
end

--- Of the first so many items, in order. All others must have got good answers.
local function in_order(told, count)
  local seen, kind = {}, nil
  for i = 1, count do
    local result = told["id" .. i]
    seen[i], kind = describe(result):gsub("well", "confirmed"), result.kind
    told["id" .. i] = nil
  end
  for _, result in pairs(told) do
    assert(result.outcome == "confirmed" and result.request_id == GOOD)
  end
  return table.concat(seen, ", "), kind
end

--- Of whatever met the fault; what a stop kept from being sent did not. Where all went
--- well, libcurl saw it and sent again.
local function of_troubled(told)
  local seen, kind = nil, nil
  for _, result in pairs(told) do
    local description = describe(result)
    if description ~= "well" and result.kind ~= "cancelled" then
      assert(not seen or seen == description, "various ends")
      seen = description
      kind = result.attempts > 0 and result.kind or kind -- not an outage's, which it never met
    end
  end
  return seen or "confirmed, resent", kind
end

--- Everything again with the same journal, now that the server is good.
local function resume(client, path, confirmed)
  local before = client:stats().attempts
  local report = M.run(client, { journal = path })
  assert(report.confirmed == ITEMS and report.already_confirmed == confirmed)
  assert(client:stats().attempts - before == ITEMS - confirmed, "sent again")
end

--- A run in which something met a fault, and a second that resumes it.
---@param count integer|nil the fault is about the first so many items, one after another
---@param between fun()|nil called when the first of them has ended
---@return string seen, string|nil kind of the error that was seen
function M.unshare(client, count, between)
  local path, attempts_at_stop = os.tmpname(), nil
  local report, told = M.run(client, {
    journal = path,
    max_concurrency = count and 1 or 4,
    told = function(item, err) -- before the next is sent
      attempts_at_stop = attempts_at_stop or err and client:stats().attempts
      if between and item.resource_id == "id1" then
        between()
      end
    end,
  })
  local is_early = report.stopped and report.stopped ~= "outage"
  assert(not is_early or client:stats().attempts == attempts_at_stop, "it went on")
  local seen, kind
  if count then
    seen, kind = in_order(told, count)
  else
    seen, kind = of_troubled(told)
  end
  if seen ~= "not_sent" then
    resume(client, path, report.confirmed)
  end
  os.remove(path)
  return seen .. (report.stopped and ", stopped by " .. report.stopped or ""), kind
end

return M
