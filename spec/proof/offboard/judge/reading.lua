--- Judges what a case says about its last reading: nothing that a correct reader sees is missing,
--- and nothing is called complete, gone or empty that is not.

local lists = require "spec.proof.offboard.lists"
local records = require "spec.proof.offboard.judge.records"

local M = {}

-- What a headline says if nothing, or nothing else, is left.
local ALONE = "which alone were read"
local CLEAN, NOTHING_ELSE = "No role of ", "No other role of "

-- ---- what the answers showed

--- What a reader could learn from the answers of a reading.
local function look(world, case, reading)
  local all = world.server.records
  local seen = {
    reads = records.reads(all, reading.first, reading.last),
    lists = records.lists(all, reading.first, reading.last),
    principals = records.principals(all, reading.first, reading.last),
    roles = {}, -- of the subject, by "type id"
    created = 0,
    read = 0,
    everyone = 0,
    anonymous = 0,
    holders = {}, -- how many resources a principal has a role on
  }
  for key, record in pairs(seen.reads) do
    if record.good then
      local roles = record.shows[case.subject.id]
      seen.read = seen.read + 1
      seen.roles[key] = roles
      seen.created = seen.created + (record.creator == case.subject.id and 1 or 0)
      seen.anonymous = seen.anonymous + (record.anonymous and 1 or 0)
      for principal in pairs(record.shows) do
        seen.holders[principal] = (seen.holders[principal] or 0) + 1
      end
    end
  end
  return seen
end

--- True if some answer for this id was good: an id of two types is one resource.
local function is_read(seen, record)
  local list = lists.by_type[record.key:match "^%S+"]
  for _, type_ in ipairs(list and list.types or {}) do
    local other = seen.reads[type_ .. " " .. record.id]
    if other and other.good then
      return true
    end
  end
  return record.good
end

--- The first thing that could not be listed or read, or nil.
local function find_gap(seen, reading)
  for _, path in ipairs(reading.planned_only and { "/v1/user" } or {
    "/v1/user",
    "/v1/workspace/members",
    "/v1/workspace/groups",
    "/v1/service-accounts",
  }) do
    if not seen.principals[path] then
      return path
    end
  end
  for name, is_good in pairs(seen.lists) do
    if not is_good then
      return "the list of " .. name
    end
  end
  for key, record in pairs(seen.reads) do
    if not is_read(seen, record) then
      return key
    end
  end
end

-- ---- lists and reads

local function has_failed_read(seen)
  for _, record in pairs(seen.reads) do
    if not record.good then
      return true
    end
  end
  return false
end

--- What a document says about its first gap.
local function describe_gap(document)
  local name, why = next(document.unread)
  if name then
    return name .. ": " .. why
  end
  for _, covered in ipairs(document.coverage) do
    if not covered.complete or covered.forbidden + covered.failed + covered.not_found > 0 then
      return ("%s: %s"):format(covered.name, covered.why or "a resource")
    end
  end
  return "it names none"
end

local function check_coverage(world, case, command, seen)
  local reading = case.reading
  local gap = find_gap(seen, reading)
  if command.summary and command.summary.is_complete and gap then
    world:fail("claimed", "%s is complete without %s", command.name, gap)
  elseif command.summary and not command.summary.is_complete and not gap
    and not (reading.planned_only or has_failed_read(seen))
  then
    local said = describe_gap(command.report.document)
    world:fail("broken", "%s is not complete, and everything was read; %s", command.name, said)
  end
  for _, covered in ipairs(command.report.document.coverage) do
    local list = lists.by_type[covered.name]
    local is_asked = seen.lists[covered.name] ~= nil or not list or list.of_agent
    if covered.complete and (seen.lists[covered.name] == false or not is_asked) then
      world:fail("claimed", "the list of %s is called complete", covered.name)
    end
  end
end

-- ---- resources that a correct reader finds

--- True if nothing about it changed while the command was at work.
local function was_still(world, case, command, resource)
  local since = resource.since[case.subject.id] or resource.created
  return resource.created <= command.tick and since <= command.tick
    and not resource.is_deleted and world.workspace:may_see(resource)
end

local function is_covered(document, name)
  for _, covered in ipairs(document.coverage) do
    if covered.name == name then
      return covered.complete and covered.forbidden + covered.failed + covered.not_found == 0
    end
  end
end

--- True if the case says that it knows every resource of this kind.
local function is_claimed(case, document, resource, seen)
  local list, key = lists.by_type[resource.type], resource.type .. " " .. resource.id
  local read = seen.reads[key]
  if read and (read.is_stale or list and list.types[2] and not read.good) then
    return false -- the server hid it, or the id was read as the list's other type
  end
  if not resource.is_hidden and list and is_covered(document, list.name) then
    return true
  end
  return case.further[key] == true and document.is_complete
end

local function rows_by_key(document)
  local rows = {}
  for _, row in ipairs(document.rows) do
    rows[row.resource_type .. " " .. row.resource_id] = row
  end
  return rows
end

--- The model alone decides here: a role that was there all the time is in the rows.
local function check_model(world, case, command, seen)
  local document = command.report.document
  local rows = rows_by_key(document)
  document.is_complete = command.summary and command.summary.is_complete
  for _, resource in ipairs(world.workspace.resources) do
    local key = resource.type .. " " .. resource.id
    local roles = resource.roles[case.subject.id]
    if roles and was_still(world, case, command, resource) and not rows[key]
      and not case.reading.planned_only and is_claimed(case, document, resource, seen)
    then
      world:fail("missed", "%s: %s, and no row names it", key, records.text(roles))
    end
  end
end

--- How many of the roles that were seen are to go: at least, and at most. An undo that was killed
--- may have told nobody what it gave back.
local function count_left(case, seen)
  local least, most = 0, 0
  for key in pairs(seen.roles) do
    local given, is_kept = case.given[key], case.protected[key] and case.planned[key]
    if seen.reads[key].creator ~= case.subject.id and not is_kept and given ~= "yes" then
      least, most = least + (given and 0 or 1), most + 1
    end
  end
  return least, most
end

--- True if a read showed a role of the subject's own that the plan does not keep.
local function saw_role(case, seen)
  for key in pairs(seen.roles) do
    local is_kept = case.protected[key] and case.planned[key]
    if seen.reads[key].creator ~= case.subject.id and not is_kept then
      return true
    end
  end
  return false
end

--- What the answers showed decides here.
local function check_answers(world, case, command, seen)
  local rows = rows_by_key(command.report.document)
  for key, roles in pairs(seen.roles) do
    if not rows[key] or command.name == "plan" and not rows[key].action then
      world:fail("missed", "%s: a read showed %s, and no row names it", key, records.text(roles))
    end
  end
  if command.summary and command.summary.is_done and saw_role(case, seen) then
    world:fail("claimed", "%s: a role was seen, and all is said to be done", command.name)
  end
  local least, most = count_left(case, seen)
  local left = command.summary and #command.summary.left or least
  if left < least then
    world:fail("claimed", "%s: %d roles were seen, %d are left", command.name, least, left)
  elseif left > most then
    world:fail("broken", "%s: %d roles were seen, %d are left", command.name, most, left)
  end
end

local function check_plan(world, case, command, seen)
  for _, row in ipairs(command.report.document.rows) do
    local key = row.resource_type .. " " .. row.resource_id
    local roles = records.text(row.roles_before)
    local record = seen.reads[key]
    if row.action and roles ~= records.text(seen.roles[key]) then
      world:fail("missed", "%s: planned %q, read %q", key, roles, records.text(seen.roles[key]))
    elseif row.action == "remove" and case.protected[key] then
      world:fail("taken", "%s is protected, and is to be removed", key)
    elseif row.action == "remove" and record.creator == case.subject.id then
      world:fail("taken", "%s is the creator's, and is to be removed", key)
    end
  end
end

-- ---- residuals and the headline

--- The access that remains beside roles of their own: by kind, a text that the headline must hold.
local function remaining_access(case, seen)
  local found, subject = {}, case.subject
  local saw = seen.principals["/v1/workspace/members"]
  local member = saw and saw[subject.id]
  if seen.created > 0 then
    found.creator = "creator"
  end
  if member and member.seat_type == "workspace_admin" then
    found.admin_seat = "workspace admin"
  end
  if subject.kind == "user" and seen.holders.default then
    found.everyone = "every member"
  end
  if seen.anonymous > 0 then
    found.anonymous = "anybody"
  end
  for _, group in ipairs(seen.principals["/v1/workspace/groups"] or {}) do
    for _, name in ipairs(group.members) do
      local is_hers = name == subject.id or member and name:lower() == member.email:lower()
      if subject.kind == "user" and is_hers and seen.holders[group.id] then
        found["group " .. group.id] = group.name
      end
    end
  end
  return found
end

local function check_residuals(world, case, command, seen)
  local document, kinds = command.report.document, {}
  for _, residual in ipairs(document.residuals) do
    kinds[residual.kind] = true
    if not residual.text or not residual.next_step then
      world:fail("broken", "the residual %s says nothing", residual.kind)
    end
  end
  for name, text in pairs(remaining_access(case, seen)) do
    if not kinds[name:match "^%S+"] then
      world:fail("claimed", "%s: no residual names %s", command.name, name)
    elseif not document.headline:find(text, 1, true) then
      world:fail("claimed", "%s: the headline forgets %s: %s", command.name, name,
        document.headline)
    end
  end
end

local function check_headline(world, case, command, seen)
  local headline = command.report.document.headline
  local number = headline:match "the ([%d,]+) resources?"
  if headline:find(CLEAN, 1, true) and next(seen.roles) then
    world:fail("claimed", "%s: a role was seen on %s: %s", command.name, next(seen.roles), headline)
  elseif headline:find(NOTHING_ELSE, 1, true) and count_left(case, seen) > 0 then
    world:fail("claimed", "%s: %d roles were seen: %s", command.name, count_left(case, seen),
      headline)
  end
  if case.reading.planned_only and not headline:find(ALONE, 1, true) then
    world:fail("claimed", "%s does not say what was not read: %s", command.name, headline)
  elseif number and tonumber((number:gsub(",", ""))) > seen.read then
    world:fail("claimed", "%s: %d were read: %s", command.name, seen.read, headline)
  end
end

-- ---- for the judge

--- Where the command's last reading of the workspace is among the records; nil: it has none.
local function find_reading(all, command)
  local planned_only = command.options.planned_only
  local first = records.begin_of_reading(all, command.first, command.last, planned_only)
  return first and { first = first, last = command.last, planned_only = planned_only }
end

--- What the plan's reading showed: what may be removed.
local function note_plan(case, seen)
  case.planned = {}
  for key, record in pairs(seen.reads) do
    local roles = seen.roles[key]
    if roles then
      case.given[key] = nil
      case.planned[key] = { roles = records.text(roles), creator = record.creator }
    end
  end
end

--- Judge the last reading of a command that ended.
---@param world spec.proof.offboard.World
---@param command spec.proof.offboard.Command
function M.judge(world, command)
  local case = command.case
  local found = not command.err and find_reading(world.server.records, command)
  if not found then
    return
  end
  local seen = look(world, case, found)
  if command.made_plan then
    note_plan(case, seen)
  end
  if command.killed or not command.report or not command.report.document then
    return
  end
  case.reading = found
  check_coverage(world, case, command, seen)
  check_model(world, case, command, seen)
  check_answers(world, case, command, seen)
  check_residuals(world, case, command, seen)
  check_headline(world, case, command, seen)
  if command.name == "plan" then
    check_plan(world, case, command, seen)
  end
end

return M
