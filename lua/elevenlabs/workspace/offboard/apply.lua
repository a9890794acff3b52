--- A round that removes: it reads each planned resource, grants to the successor, removes, and reads
--- back. What is to be done follows from this reading, never from an older round.

local discovery = require "elevenlabs.workspace.offboard.discovery"
local key_of = require("elevenlabs.workspace.offboard.observer").key_of
local ledgers = require "elevenlabs.workspace.offboard.ledger"
local observer = require "elevenlabs.workspace.offboard.observer"
local replacement = require "elevenlabs.workspace.offboard.replacement"
local roles = require "elevenlabs.workspace.offboard.roles"
local rounds = require "elevenlabs.workspace.offboard.rounds"
local times = require "elevenlabs.workspace.offboard.times"
local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

local function planned_rows(ledger)
  local rows = {}
  for _, row in ipairs(ledger.rows) do
    if row.action == "remove" then
      rows[#rows + 1] = row
    end
  end
  return rows
end

-- ---- deciding

--- What is to be done with a resource that could not be read.
local function decide_unread(err)
  if discovery.became(err) == "not_found" then
    return "resource_gone"
  end
  return "unreadable", "the resource could not be read: " .. err.message
end

--- What is to be done with a resource that was read.
local function decide(row, seen)
  if seen.is_creator then
    return "creator"
  elseif not seen.roles[1] then
    -- The role is gone. If a removal may have done that, the removal is sent again, so that the
    -- server confirms it.
    return ledgers.is_doubtful(row) and "remove" or "gone"
  elseif ledgers.is_to_stay(row) then
    return "given_back"
  end
  return roles.are_same(seen.roles, row.roles) and "remove" or "changed"
end

--- Write a decision. The roles of a removal are those that it takes away.
local function write_decision(case, row, decision, why, taken)
  case:write {
    round = case.number,
    resource_id = row.resource_id,
    resource_type = row.resource_type,
    name = row.name,
    creator = row.creator,
    decision = decision,
    roles = taken,
    why = why,
    at = times.iso(),
  }
end

--- Read the planned resources, and decide on each.
---@return table<string, table> seen by key: the roles of each that is to be removed
---@return elevenlabs.workspace.Error|nil
local function read_and_decide(case, client, subject, options)
  local rows, seen_by_key = planned_rows(case.ledger), {}
  local err = rounds.read(client, rows, options, function(row, resource, problem)
    if not resource then
      write_decision(case, row, decide_unread(problem))
      return
    end
    local seen = observer.see(row, resource, subject.id)
    local decision = decide(row, seen)
    if decision == "remove" then
      local is_there = seen.roles[1] ~= nil
      seen_by_key[key_of(row)] = {
        roles = is_there and seen.roles or row.roles,
        map = is_there and case.plan.header.successor and seen.map or nil,
      }
    else
      write_decision(case, row, decision)
    end
  end)
  return seen_by_key, err
end

-- ---- the successor

local function describe_unseen(problem)
  if problem then
    return "the grant to the successor could not be read back: " .. problem.message
  end
  return "the grant to the successor is not seen yet"
end

--- The rows that need a grant. -> rows; by key: why a removal is withheld until its grant is seen; by
--- key: what no grant can give
local function choose_grants(rows, seen, successor)
  local needed, withheld, problems = {}, {}, {}
  for _, row in ipairs(rows) do
    local key = key_of(row)
    local map, role, problem = seen[key].map, nil, nil
    if map then -- a role that is gone already needs no successor
      role, problem = replacement.needed(map, seen[key].roles, successor.id)
    end
    if role then
      needed[#needed + 1] = row
      row.grant = role
      withheld[key] = "the grant to the successor was not confirmed"
    end
    problems[key] = problem
  end
  return needed, withheld, problems
end

--- Read the confirmed grants back. A grant that is seen withholds nothing any more.
---@return table<string, string[]> changed by key: the subject's roles, if they are others than before
---@return elevenlabs.workspace.Error|nil
local function read_grants_back(case, client, needed, seen, subject, withheld, options)
  local successor, changed, granted = case.plan.header.successor, {}, {}
  for _, row in ipairs(needed) do
    if row.granted.outcome == "confirmed" then
      granted[#granted + 1] = row
    else
      withheld[key_of(row)] = "the grant to the successor: " .. tostring(row.granted.why)
    end
  end
  local err = rounds.read_back(client, granted, options, function(row, resource, problem)
    local key, map = key_of(row), resource and roles.map(resource)
    local has = map and replacement.has(map, successor.id, row.grant)
    local own = map and roles.of(map, subject.id)
    changed[key] = own and not roles.are_same(own, seen[key].roles) and own or nil
    withheld[key] = not has and describe_unseen(problem) or nil
    return has or changed[key] ~= nil or problem ~= nil
  end)
  return changed, err
end

--- Grant what the successor needs. -> by key: why a row's removal is withheld; by key: the
--- subject's roles, if they are others than before the grant
local function grant(case, client, rows, seen, subject, options)
  local successor = case.plan.header.successor
  local needed, withheld, problems = choose_grants(rows, seen, successor)
  local err = rounds.change(case, client, "share", needed, function(row)
    return { user_email = successor.email, role = row.grant }
  end, options)
  if err then
    return nil, nil, err
  end
  local changed
  changed, err = read_grants_back(case, client, needed, seen, subject, withheld, options)
  for key, problem in pairs(problems) do
    withheld[key] = problem
  end
  return withheld, changed, err
end

--- Withhold the removals whose successor did not get the role. A role that changed meanwhile is not
--- touched.
local function withhold(case, engine, rows, withheld, changed, may_remove_anyway)
  local kept, give_turn = {}, turns.giver(engine)
  for _, row in ipairs(rows) do
    local why, own = withheld[key_of(row)], changed[key_of(row)]
    if own then
      write_decision(case, row, own[1] and "changed" or "gone")
    elseif why and not may_remove_anyway then
      write_decision(case, row, "withheld", why)
    else
      kept[#kept + 1] = row
    end
    give_turn()
  end
  return kept
end

-- ---- removing, and looking

local function write_read_back(case, row, read_back)
  case:write {
    round = case.number,
    resource_id = row.resource_id,
    resource_type = row.resource_type,
    read_back = read_back,
    at = times.iso(),
  }
end

--- Read the resources of the removals that were sent, until the role is gone.
local function read_back(case, client, subject, rows, options)
  local sent, seen, give_turn = {}, {}, turns.giver(client.engine)
  for _, row in ipairs(rows) do
    if row.answered == case.number and row.outcome ~= "not_sent" then
      sent[#sent + 1] = row
    end
  end
  local err = rounds.read_back(client, sent, options, function(row, resource, problem)
    local is_there = resource and roles.of(roles.map(resource), subject.id)[1] ~= nil
    seen[key_of(row)] = is_there and "still_there"
      or (resource or discovery.became(problem) == "not_found") and "gone"
      or "unreadable"
    return not is_there or row.outcome == "refused"
  end)
  for _, row in ipairs(sent) do
    if seen[key_of(row)] then
      write_read_back(case, row, seen[key_of(row)])
    end
    give_turn()
  end
  return err
end

--- Remove what is planned.
---@param case elevenlabs.workspace.offboard.Folder with the subject found and the command begun
---@param client elevenlabs.workspace.Client
---@param subject elevenlabs.workspace.offboard.Subject
---@param options table { remove_anyway, read_back_ms, cancellation, on_run, on_progress, on_step }
---@return elevenlabs.workspace.Error|nil why the round stopped early
function M.run(case, client, subject, options)
  local on_step = options.on_step or function() end
  on_step("reading", #planned_rows(case.ledger))
  local seen, err = read_and_decide(case, client, subject, options)
  if err then
    return err
  end
  local rows = {}
  for _, row in ipairs(planned_rows(case.ledger)) do
    rows[#rows + 1] = seen[key_of(row)] and row
  end
  if case.plan.header.successor and rows[1] then
    on_step("granting", #rows)
    local withheld, changed
    withheld, changed, err = grant(case, client, rows, seen, subject, options)
    if err then
      return err
    end
    rows = withhold(case, client.engine, rows, withheld, changed, options.remove_anyway)
  end
  local give_turn = turns.giver(client.engine)
  for _, row in ipairs(rows) do
    write_decision(case, row, "remove", nil, seen[key_of(row)].roles)
    give_turn()
  end
  local _, unwritten = case:sync() -- a removal is sent after its decision is on the disk
  if unwritten then
    return unwritten
  end
  on_step("removing", #rows)
  err = rounds.change(case, client, "unshare", rows, function()
    return { [subject.target.field] = subject.target.value }
  end, options)
  if err then
    return err
  end
  on_step("reading_back", #rows)
  err = read_back(case, client, subject, rows, options)
  _, unwritten = case:sync()
  return err or unwritten
end

--- How many removals an apply would send at most.
---@param case elevenlabs.workspace.offboard.Folder
---@return integer
function M.count(case)
  return #planned_rows(case.ledger)
end

return M
