--- Judges the changes that reached the server: each must be one that the plan or the undo asks for,
--- and must follow a reading that shows it to be right.

local records = require "spec.proof.offboard.judge.records"

local M = {}

local function complain(world, kind, record, format, ...)
  local what = record.op .. " " .. record.key
  world:fail(kind, "%s: %s", what, format:format(...))
end

--- The last good read of the resource in this command, before the change.
local function read_before(world, command, record)
  return records.last_read(world.server.records, command.first, record.index - 1, record.key)
end

-- ---- apply

--- Why a resource is not to be touched, or nil.
local function is_untouchable(case, record, planned)
  if not planned then
    return "it is not planned"
  elseif case.protected[record.key] then
    return "it is protected"
  elseif planned.creator == case.subject.id then
    return "the subject created it"
  elseif planned.roles == "" then
    return "the subject had no role when it was planned"
  end
end

--- Why the subject's role must not be taken now, or nil. If an earlier removal is in doubt, a
--- removal of nothing may ask the server again.
local function is_stale(case, read, planned, key)
  if not read then
    return "nobody read the resource before"
  elseif read.creator == case.subject.id then
    return "the subject is the creator"
  end
  local roles = records.text(read.shows[case.subject.id])
  if roles ~= planned.roles and not (roles == "" and case.removed[key]) then
    return ("planned %s, read %s"):format(planned.roles, roles)
  end
end

--- True if `has` holds every custom role of `own`, and a preset role with as much power.
local function covers(has, own)
  local held = {}
  for _, role in ipairs(has or {}) do
    held[role] = true
  end
  for _, role in ipairs(own) do
    local is_custom = records.highest { role } == nil
    if is_custom and not held[role] then
      return false
    end
  end
  local _, rank = records.highest(own)
  local _, has_rank = records.highest(has)
  return has_rank >= rank
end

--- Why the removal must wait for the successor's role, or nil.
local function is_withheld(case, read)
  if not case.successor or case.apply.remove_anyway then
    return nil
  end
  local own, has = read.shows[case.subject.id], read.shows[case.successor]
  if not own or covers(has, own) then
    return nil
  end
  return ("the successor has %q and not %q"):format(records.text(has), records.text(own))
end

local function judge_removal(world, command, record)
  local case = command.case
  local planned, read = case.planned[record.key], read_before(world, command, record)
  local why = is_untouchable(case, record, planned)
  if not why and record.principal and record.principal ~= case.subject.id then
    why = "the target is " .. record.principal
  end
  why = why or is_stale(case, read, planned, record.key) or is_withheld(case, read)
  if why then
    complain(world, "taken", record, "%s", why)
  end
end

local function judge_grant(world, command, record)
  local case = command.case
  local planned, read = case.planned[record.key], read_before(world, command, record)
  local why = is_untouchable(case, record, planned) or is_stale(case, read, planned, record.key)
  if not case.successor then
    why = "there is no successor"
  elseif record.principal and record.principal ~= case.successor then
    why = "the target is " .. record.principal
  elseif not why then
    local wanted, rank = records.highest(read.shows[case.subject.id])
    local _, has_rank = records.highest(read.shows[case.successor])
    if record.role ~= wanted then
      why = ("granted %s and not %s"):format(record.role, wanted)
    elseif has_rank >= rank then
      why = "the successor has as much"
    end
  end
  if why then
    complain(world, "taken", record, "%s", why)
  end
end

-- ---- undo

local function judge_gift(world, command, record)
  local case = command.case
  local removed, read = case.removed[record.key], read_before(world, command, record)
  local why
  if record.principal and record.principal ~= case.subject.id then
    why = "the target is " .. record.principal
  elseif not removed then
    why = "this case removed nothing there"
  elseif record.role ~= records.highest(removed.roles) then
    why = ("gave %s for %s"):format(record.role, records.text(removed.roles))
  elseif not read then
    why = "nobody read the resource before"
  elseif read.shows[case.subject.id] then
    why = "the subject has a role: " .. records.text(read.shows[case.subject.id])
  end
  if why then
    complain(world, "undone", record, "%s", why)
  end
end

-- ---- what the case removed

--- A removal that may have been made, as far as the case can know.
local function note_removals(world, command)
  local case, all = command.case, world.server.records
  for _, record in ipairs(records.changes(all, command.first, command.last)) do
    local read = record.op == "unshare" and read_before(world, command, record)
    local was_made = record.applied or record.good or not record.status or record.status >= 500
      or record.status == 200
    if read and was_made and read.shows[case.subject.id] then
      case.removed[record.key] = { roles = read.shows[case.subject.id] }
      case.given[record.key] = nil
    end
  end
  if not command.killed then
    return
  end
  for key, planned in pairs(case.planned) do
    local read = records.last_read(all, command.first, command.last, key)
    local roles = read and read.shows[case.subject.id]
    if roles and records.text(roles) == planned.roles then
      case.removed[key] = case.removed[key] or { roles = roles }
    end
  end
end

--- What undo gave back. A killed undo may not know what it gave.
local function note_gifts(world, command)
  local all, case = world.server.records, command.case
  for _, record in ipairs(records.changes(all, command.first, command.last)) do
    if record.op == "share" and record.good then
      case.given[record.key] = command.killed and "perhaps" or "yes"
      if not command.killed then
        case.removed[record.key] = nil
      end
    end
  end
end

-- ---- for the judge

--- Commands that must send no change: why.
local function must_not_change(command)
  if command.name ~= "apply" and command.name ~= "undo" then
    return command.name .. " changes nothing"
  elseif command.refusal then
    return "the command is to be refused: " .. command.refusal
  elseif command.err and command.err.kind == "invalid_argument" then
    return "the command was refused: " .. tostring(command.err)
  end
end

local JUDGE = {
  ["apply unshare"] = judge_removal,
  ["apply share"] = judge_grant,
  ["undo share"] = judge_gift,
}

--- An error must not say that nothing was sent, if the server got a change.
local function check_error(world, command)
  local all, err = world.server.records, command.err
  local record = records.changes(all, command.first, command.last)[1]
  if err and err.outcome == "not_sent" and record then
    complain(world, "claimed", record, "the error says %s", tostring(err))
  end
end

---@param world spec.proof.offboard.World
---@param command spec.proof.offboard.Command
function M.judge(world, command)
  local forbidden = must_not_change(command)
  local all = world.server.records
  check_error(world, command)
  for _, record in ipairs(records.changes(all, command.first, command.last)) do
    local judge = JUDGE[command.name .. " " .. record.op]
    if forbidden or not judge then
      local kind = command.name == "undo" and "undone" or "taken"
      complain(world, kind, record, "%s", forbidden or "undo removes nothing")
    else
      judge(world, command, record)
    end
  end
  if command.name == "apply" then
    note_removals(world, command)
  elseif command.name == "undo" then
    note_gifts(world, command)
  end
end

return M
