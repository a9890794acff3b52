--- Judges the rows of a case's report: each outcome is what the server answered, and totals add up.

local records = require "spec.proof.offboard.judge.records"

local M = {}

local OUTCOMES = { "confirmed", "refused", "unconfirmed", "not_sent" }
local READ_BACKS = { "gone", "still_there", "unreadable" }

--- The changes that the case asked for, by "type id".
---@return table<string, spec.proof.offboard.Record[]> removals
---@return table<string, spec.proof.offboard.Record[]> gifts
local function requests_of(world, case)
  local removals, gifts, all = {}, {}, world.server.records
  for _, command in ipairs(case.commands) do
    for _, record in ipairs(records.changes(all, command.first, command.last)) do
      local by_key = record.op == "unshare" and removals or gifts
      by_key[record.key] = by_key[record.key] or {}
      table.insert(by_key[record.key], record)
    end
  end
  return removals, gifts
end

local function any(list, test)
  for _, record in ipairs(list or {}) do
    if test(record) then
      return true
    end
  end
  return false
end

local function is_good(record)
  return record.good
end

local function is_no(record)
  return record.status ~= nil and record.status >= 400 and record.status < 500
end

--- The first good read of a resource in a command.
function M.first_read(all, command, key)
  for i = command.first, command.last do
    if all[i].op == "get" and all[i].key == key and all[i].good then
      return all[i]
    end
  end
end

local function check_outcome(world, key, row, removals)
  local sent = removals[key]
  if row.outcome == "confirmed" and not any(sent, is_good) then
    world:fail("claimed", "%s is confirmed, and the server confirmed nothing", key)
  elseif row.outcome == "refused" and not any(sent, is_no) then
    world:fail("claimed", "%s is refused, and the server refused nothing", key)
  end
end

--- The last apply that ended, and the killed ones before it: one round.
local function last_round(case)
  local first, last
  for i = #case.commands, 1, -1 do
    local command = case.commands[i]
    local is_apply = command.name == "apply" and not command.refusal
    if is_apply and not last and not command.killed and command.summary then
      first, last = i, i
    elseif is_apply and not command.summary and not last then
      return nil -- a newer round has not ended
    elseif is_apply and command.killed then
      first = i
    elseif last and command.name ~= "verify" then
      break
    end
  end
  return first and case.commands[first], case.commands[last]
end

--- If the round saw the role, an older round's confirmation is none.
local function check_round(world, case, key, row, removals)
  local first, last = last_round(case)
  if not first or not case.planned[key] or row.outcome ~= "confirmed" or row.action ~= "remove" then
    return
  end
  local fresh = M.first_read(world.server.records, last, key)
  local roles = fresh and records.text(fresh.shows[case.subject.id])
  local function is_of_round(record)
    return record.good and record.index >= first.first and record.index <= last.last
  end
  if roles == case.planned[key].roles and not any(removals[key], is_of_round) then
    world:fail("claimed", "%s is confirmed, and this round saw %s and removed nothing", key, roles)
  end
end

--- The last apply, killed or not, if no later plan began anew.
local function last_apply(case)
  for i = #case.commands, 1, -1 do
    local command = case.commands[i]
    if command.made_plan then
      return nil
    elseif command.name == "apply" and not command.refusal then
      return command
    end
  end
end

--- A removal that the server may have made in the last round was sent. (A removal that the server
--- asked to repeat, and that was not repeated, counts as not sent.)
local function check_sent(world, case, key, row, removals)
  local command = last_apply(case)
  local function may_be_made(record)
    return record.index >= command.first and record.index <= command.last and not is_no(record)
  end
  local outcome = row.outcome or "not_sent"
  if command and outcome == "not_sent" and any(removals[key], may_be_made) then
    world:fail("claimed", "%s was not sent, and a request reached the server", key)
  end
end

local function check_gift(world, key, what, gift, sent)
  local function is_it(record)
    return record.good and record.role == gift.role
  end
  if gift.outcome == "confirmed" and not any(sent, is_it) then
    world:fail("claimed", "%s: %s %s is confirmed, and was not", key, what, gift.role)
  end
end

--- The apply that sent the last removal of a resource.
local function command_of(case, record)
  for _, command in ipairs(case.commands) do
    if record.index >= command.first and record.index <= command.last then
      return command
    end
  end
end

--- The read back is that of the last removal: what was read between it and the reading of everything
--- that follows.
local function check_read_back(world, case, key, row, removals)
  local all, last = world.server.records, removals[key] and removals[key][#removals[key]]
  if row.read_back ~= "gone" then
    return
  elseif not last then
    world:fail("claimed", "%s is gone, and nothing was removed", key)
    return
  end
  local command = command_of(case, last)
  local ends = records.begin_of_reading(all, last.index, command.last) or command.last + 1
  for i = ends - 1, last.index, -1 do
    local record = all[i]
    if record.op == "get" and record.key == key and (record.good or record.status == 404) then
      local roles = record.good and record.shows[case.subject.id]
      if roles then
        world:fail("claimed", "%s is gone, and was read: %s", key, records.text(roles))
      end
      return
    end
  end
  world:fail("claimed", "%s is gone, and nobody looked", key)
end

local function check_totals(world, command, document)
  local count = { confirmed = 0, refused = 0, unconfirmed = 0, not_sent = 0 }
  local back = { gone = 0, still_there = 0, unreadable = 0 }
  for _, row in ipairs(document.rows) do
    if row.action == "remove" or row.action == nil and row.outcome then
      local outcome = row.outcome or "not_sent"
      count[outcome] = count[outcome] + 1
    end
    if row.read_back then
      back[row.read_back] = back[row.read_back] + 1
    end
  end
  local totals, sum = document.totals, 0
  for _, name in ipairs(OUTCOMES) do
    sum = sum + totals[name]
    if totals[name] ~= count[name] then
      world:fail("claimed", "%s: %d %s, and %d rows", command.name, totals[name], name, count[name])
    end
  end
  if totals.total ~= sum then
    world:fail("claimed", "%s: the total is %d, and the sum is %d", command.name, totals.total, sum)
  end
  for _, name in ipairs(READ_BACKS) do
    if document.read_back[name] ~= back[name] then
      world:fail("claimed", "%s: %s %d, and %d rows", command.name, name,
        document.read_back[name], back[name])
    end
  end
end

--- A removal that was confirmed after the last reading leaves nothing, unless a later read shows a
--- role.
local function check_left(world, case, row, removals)
  local key = row.resource_type .. " " .. row.resource_id
  local all, last = world.server.records, removals[key] and removals[key][#removals[key]]
  local is_later = last and case.reading and last.index > case.reading.last
  if not (is_later and last.good and row.outcome == "confirmed") then
    return
  end
  for i = last.index + 1, #all do
    local record = all[i]
    local is_read = record.op == "get" and record.key == key and record.good
    if is_read and record.shows[case.subject.id] then
      return
    end
  end
  world:fail("claimed", "%s is called left, and was removed after the last reading", key)
end

--- Judge the report that was made after a command.
---@param world spec.proof.offboard.World
---@param command spec.proof.offboard.Command
function M.judge(world, command)
  local document, case = command.report and command.report.document, command.case
  if not document then
    return
  end
  local removals, gifts = requests_of(world, case)
  for _, row in ipairs(document.rows) do
    local key = row.resource_type .. " " .. row.resource_id
    check_outcome(world, key, row, removals)
    check_round(world, case, key, row, removals)
    check_sent(world, case, key, row, removals)
    check_read_back(world, case, key, row, removals)
    check_gift(world, key, "granted", row.granted or {}, gifts[key])
    check_gift(world, key, "given back", row.given_back or {}, gifts[key])
  end
  for _, row in ipairs(command.report.left) do
    check_left(world, case, row, removals)
  end
  check_totals(world, command, document)
  if command.summary and tostring(command.summary):find(document.headline, 1, true) ~= 1 then
    world:fail("claimed", "the report says %s, and %s said %s", document.headline, command.name,
      tostring(command.summary))
  end
end

return M
