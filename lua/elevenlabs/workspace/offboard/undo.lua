--- A round that gives back the roles that rounds removed, if a reading just before shows that the
--- subject has none.

local errors = require "elevenlabs.workspace.error"
local ledgers = require "elevenlabs.workspace.offboard.ledger"
local names = require "elevenlabs.workspace.names"
local observer = require "elevenlabs.workspace.offboard.observer"
local roles = require "elevenlabs.workspace.offboard.roles"
local rounds = require "elevenlabs.workspace.offboard.rounds"
local times = require "elevenlabs.workspace.offboard.times"
local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

--- The ids as a set of those that were not met yet; nil: there is no choice.
local function set_of(ids)
  local set = ids and {}
  for _, id in ipairs(ids or {}) do
    set[id] = true
  end
  return set
end

--- The rows that a round took a role from.
---@param case elevenlabs.workspace.offboard.Folder
---@param resource_ids string[]|nil of these alone
---@return elevenlabs.workspace.offboard.Row[]|nil
---@return elevenlabs.workspace.Error|nil if no role was removed from one of them
function M.candidates(case, resource_ids)
  local wanted, unmet, rows = set_of(resource_ids), set_of(resource_ids), {}
  for _, row in ipairs(case.ledger.rows) do
    if ledgers.is_removed(row) and (not wanted or wanted[row.resource_id]) then
      rows[#rows + 1] = row
      if unmet then
        unmet[row.resource_id] = nil
      end
    end
  end
  local id = unmet and next(unmet)
  if id then
    local message = "no role was removed on %s, or undo gave the role back"
    return nil, errors.invalid("resource_ids", message:format(names.quotable(id)))
  end
  return rows
end

--- When the oldest of their rounds began.
---@param case elevenlabs.workspace.offboard.Folder
---@param rows elevenlabs.workspace.offboard.Row[]
---@return integer|nil seconds since 1970
function M.oldest(case, rows)
  local oldest
  for _, row in ipairs(rows) do
    local began_s = case.ledger.by_number[row.removed.round].began_s
    oldest = math.min(oldest or began_s, began_s)
  end
  return oldest
end

--- Why nothing is given back; nil: a role is.
local function refuse(row, resource, err, subject_id)
  local role = ledgers.role_to_give_back(row)
  if not role then
    local own = table.concat(row.removed.roles, ", ")
    return "the API cannot give back the custom role " .. own
  elseif not resource then
    return "the resource could not be read: " .. err.message
  end
  local seen = observer.see(row, resource, subject_id)
  local _, count = roles.principals(seen.map)
  if seen.roles[1] then
    return "the subject has a role again: " .. table.concat(seen.roles, ", ")
  elseif seen.is_creator then
    return "the subject created the resource"
  elseif count >= roles.MAX_PRINCIPALS then
    return ("the resource has %d principals already, and takes no more"):format(count)
  end
end

local function write(case, row, fields)
  fields.round, fields.at = case.number, times.iso()
  fields.resource_id, fields.resource_type = row.resource_id, row.resource_type
  case:write(fields)
end

--- Read the rows, and choose those that get a role. -> rows, or nil and why the reading stopped
local function choose(case, client, subject, rows, options)
  local chosen = {}
  local err = rounds.read(client, rows, options, function(row, resource, problem)
    local why = refuse(row, resource, problem, subject.id)
    if why then
      write(case, row, { undo = true, role = ledgers.role_to_give_back(row), why = why })
    else
      chosen[#chosen + 1] = row
    end
  end)
  return not err and chosen or nil, err
end

--- Read back what was given.
local function read_back(case, client, subject, rows, options)
  local seen, give_turn = {}, turns.giver(client.engine)
  local err = rounds.read_back(client, rows, options, function(row, resource)
    local own = resource and roles.of(roles.map(resource), subject.id)
    seen[row] = not own and "unreadable" or own[1] and "there" or "not_seen"
    return seen[row] == "there" or row.given_back.outcome ~= "confirmed"
  end)
  for _, row in ipairs(rows) do
    if seen[row] then
      write(case, row, { given_back = seen[row] })
    end
    give_turn()
  end
  return err
end

--- Give back what was removed from these rows.
---@param case elevenlabs.workspace.offboard.Folder with the command begun
---@param client elevenlabs.workspace.Client
---@param subject elevenlabs.workspace.offboard.Subject
---@param candidates elevenlabs.workspace.offboard.Row[]
---@param options table { read_back_ms, cancellation, on_run, on_progress, on_step }
---@return elevenlabs.workspace.Error|nil why the round stopped early
function M.run(case, client, subject, candidates, options)
  local on_step = options.on_step or function() end
  on_step("reading", #candidates)
  local rows, err = choose(case, client, subject, candidates, options)
  if not rows then
    return err
  end
  on_step("giving_back", #rows)
  err = rounds.change(case, client, "share", rows, function(row)
    return {
      [subject.target.field] = subject.target.value,
      role = ledgers.role_to_give_back(row),
    }
  end, options)
  if err then
    return err
  end
  on_step("reading_back", #rows)
  err = read_back(case, client, subject, rows, options)
  local _, unwritten = case:sync()
  return err or unwritten
end

return M
