--- What is known of a case: its resources, its commands and its last reading. It is made from the
--- plan, the log and the journals of the rounds, and from what the command at work adds.

local json = require "elevenlabs.workspace.json"
local key_of = require("elevenlabs.workspace.offboard.observer").key_of
local reading = require "elevenlabs.workspace.offboard.reading"
local roles = require "elevenlabs.workspace.offboard.roles"
local turns = require "elevenlabs.workspace.engine.turns"

local M = {}

--- One resource of the case.
---@class elevenlabs.workspace.offboard.Row
---@field resource_id string The id of the resource.
---@field resource_type string The type of the resource.
---@field name string|nil The name of the resource.
---@field creator string|nil The id of the user who made the resource.
---@field roles string[] The roles of the subject when the resource was planned.
--- True if only the subject and the creator had a role when the resource was planned.
---@field is_creators_alone boolean|nil
---@field action "remove"|"keep"|nil What the plan says. Nil if the plan does not have the resource.
---@field reason string|nil Why the role is kept.
---@field grant string|nil The role that the successor gets first.
---@field problem string|nil Why the successor cannot get the roles.
---@field planned integer|nil The number of the command that planned the row.
---@field outcome string|nil The outcome of the removal. Nil if nothing was decided yet.
---@field why string|nil Why the outcome is not confirmed, for people.
---@field why_left string|nil Why the role is left, for people. On each row of `summary.left`.
---@field status integer|nil The HTTP status of the removal.
---@field request_id string|nil The server's name for the request.
---@field attempts integer|nil Attempts of the removal that were begun.
---@field at string|nil When the answer came, in UTC.
--- What was seen when the resource was read after the removal.
---@field read_back "gone"|"still_there"|"unreadable"|nil
--- The roles that the last round took, or may have taken.
---@field removed {round: integer, roles: string[], at: string}|nil
---@field granted elevenlabs.workspace.offboard.Gift|nil What the successor got.
---@field given_back elevenlabs.workspace.offboard.Gift|nil What undo gave back.
---@field seen elevenlabs.workspace.offboard.RowSeen|nil What the last verify saw.
--- The roles that the subject had when the resource was read last. Nil if no reading saw any.
---@field roles_now string[]|nil

--- A role that a round gave, or did not give.
---@class elevenlabs.workspace.offboard.Gift
---@field to string|nil The address of the member who gets the role.
---@field role string|nil The role. Nil if share cannot give the role, because it is a custom one.
---@field outcome string The outcome of the share.
---@field at string When the answer came, in UTC.
---@field why string|nil Why the outcome is not confirmed, for people.
---@field round integer|nil The number of the undo.
--- What was seen when undo read the resource again.
---@field read_back "there"|"not_seen"|"unreadable"|nil

--- What the last verify saw on a resource.
---@alias elevenlabs.workspace.offboard.RowSeen
---| "gone" # The subject has no role of its own.
---| "still_there" # The subject has the role that was planned.
---| "changed" # The subject has another role than was planned.
---| "came_back" # The subject has a role, though a round had read the removal back.
---| "new" # The subject has a role on a resource that the plan does not have.
---| "kept" # The role was to stay, or was given back.
---| "unreadable" # The resource could not be read.
---| "resource_gone" # The resource is not there any more.

---@class elevenlabs.workspace.offboard.Ledger
---@field rows elevenlabs.workspace.offboard.Row[]
---@field commands table[] { command, number, began_at, ended_at, operator, host, arguments }
---@field has_sent table<integer, boolean> by round: a change was sent
---@field plan elevenlabs.workspace.offboard.Plan|nil
---@field reading elevenlabs.workspace.offboard.Reading|nil the last one that ended
local Ledger = {}
Ledger.__index = Ledger

---@return elevenlabs.workspace.offboard.Ledger
function M.new()
  return setmetatable({
    rows = {},
    by_key = {},
    commands = {},
    by_number = {},
    has_sent = {},
  }, Ledger)
end

--- The row of a resource; made if there is none.
---@param item table { resource_id, resource_type }
---@return elevenlabs.workspace.offboard.Row
function Ledger:row(item)
  local key = key_of(item)
  local row = self.by_key[key]
  if not row then
    row = { resource_id = item.resource_id, resource_type = item.resource_type, roles = {} }
    self.by_key[key] = row
    self.rows[#self.rows + 1] = row
  end
  return row
end

--- The row of a resource; nil if there is none.
---@param item table
---@return elevenlabs.workspace.offboard.Row|nil
function Ledger:find(item)
  return self.by_key[key_of(item)]
end

--- The resources of all rows, and those that the caller of the plan named.
---@return elevenlabs.workspace.Item[]
function Ledger:items()
  local items = {}
  for i, row in ipairs(self.rows) do
    items[i] = { resource_id = row.resource_id, resource_type = row.resource_type }
  end
  for _, given in ipairs(self.plan.given) do
    items[#items + 1] = given
  end
  return items
end

local PLANNED =
  { "name", "creator", "roles", "is_creators_alone", "action", "reason", "grant", "problem" }

---@param plan elevenlabs.workspace.offboard.Plan
---@param engine elevenlabs.workspace.Engine|nil gives the host its turns
function Ledger:take_plan(plan, engine)
  local give_turn = turns.giver(engine)
  for _, planned in ipairs(plan.rows) do
    local row = self:row(planned)
    for _, name in ipairs(PLANNED) do
      row[name] = planned[name]
    end
    json.list(row.roles)
    row.planned = plan.header.number
    give_turn()
  end
  self.plan, self.reading = plan, plan.reading
end

-- ---- the log

-- What a decision of apply not to remove means. The text tells people.
local NOT_REMOVED = {
  gone = "the role was gone before the removal",
  changed = "the roles changed since the plan",
  creator = "the subject created the resource",
  given_back = "undo gave the role back: a new plan takes it",
  withheld = "the successor did not get the role",
  unreadable = "the resource could not be read",
  resource_gone = "the resource is gone",
}

local function take_decision(row, record)
  row.decision, row.round, row.read_back = record.decision, record.round, nil
  row.name, row.creator = row.name or record.name, row.creator or record.creator
  if record.decision == "remove" then
    row.to_remove = { round = record.round, roles = record.roles }
  elseif not (row.outcome and M.is_removed(row)) then
    row.outcome = "not_sent"
    row.why = record.why or NOT_REMOVED[record.decision]
  end
end

local function take_undo(row, record)
  row.given_back = {
    role = record.role,
    outcome = "not_sent",
    at = record.at,
    why = record.why,
    round = record.round,
  }
end

local function take_verify(self, record)
  if record.resource_id then
    local row = self:row(record)
    row.verified = { seen = record.seen, number = record.verify }
    row.name, row.creator = row.name or record.name, row.creator or record.creator
    row.roles_now = record.roles and json.list(record.roles)
  elseif self.pending then
    self.pending:take(record)
  end
end

local OF_A_ROUND =
  { "decision", "outcome", "why", "status", "request_id", "attempts", "at", "read_back" }

--- The plan at hand was made by this command, after all rounds and readings before. A removal that
--- the plan names is yet to be made. What rounds removed is kept: undo can give it back.
local function begin_plan(self, give_turn)
  self.reading = self.plan.reading
  for _, row in ipairs(self.rows) do
    row.seen = nil
    for _, name in ipairs(row.action and OF_A_ROUND or {}) do
      row[name] = nil
    end
    give_turn()
  end
end

local function begin(self, record, give_turn)
  if self.plan and self.plan.header.number == record.number then
    begin_plan(self, give_turn)
  end
  local command = {
    command = record.began,
    number = record.number,
    began_at = record.at,
    began_s = record.s,
    operator = record.operator,
    host = record.host,
    arguments = record.arguments,
  }
  table.insert(self.commands, command)
  self.by_number[record.number] = command
  self.pending = record.began == "verify"
    and reading.new {
      by = "verify",
      at = record.at,
      number = record.number,
      planned_only = record.planned_only,
    }
end

local function finish(self, record, give_turn)
  local command = self.by_number[record.ended]
  command.ended_at = record.at
  if command.command ~= "verify" then
    return
  end
  self.reading = self.pending
  for _, row in ipairs(self.rows) do
    local verified = row.verified
    row.seen = verified and verified.number == record.ended and verified.seen or nil
    give_turn()
  end
end

--- Take a record of the log.
---@param record table
---@param engine elevenlabs.workspace.Engine|nil gives the host its turns
function Ledger:take(record, engine)
  if record.began then
    begin(self, record, turns.giver(engine))
  elseif record.ended then
    finish(self, record, turns.giver(engine))
  elseif record.decision then
    take_decision(self:row(record), record)
  elseif record.undo then
    take_undo(self:row(record), record)
  elseif record.read_back then
    self:row(record).read_back = record.read_back
  elseif record.given_back then
    self:row(record).given_back.read_back = record.given_back
  elseif record.verify then
    take_verify(self, record)
  end
end

-- ---- rounds

--- What became of a removal.
local function take_removal(row, round, result)
  row.outcome, row.why = result.outcome, result.message
  row.status, row.request_id = result.status, result.request_id
  row.attempts, row.at = result.attempts, result.at
  row.read_back = nil
  if result.outcome == "confirmed" or result.outcome == "unconfirmed" then
    row.removed = { round = round, roles = (row.to_remove or row).roles, at = result.at }
  end
  row.answered = round
end

local function gift_of(item, result)
  return {
    to = item.user_email,
    role = result.role,
    outcome = result.outcome,
    at = result.at,
    why = result.message,
  }
end

--- Take what a round's bulk run or its journal says of one item.
---@param round integer
---@param op "unshare"|"share"
---@param item table
---@param result table { outcome, message, status, request_id, attempts, at, role }
function Ledger:take_result(round, op, item, result)
  local row = self:row(item)
  self.has_sent[round] = self.has_sent[round] or result.outcome ~= "not_sent"
  if op == "unshare" then
    take_removal(row, round, result)
  elseif self.by_number[round].command == "undo" then
    row.given_back = gift_of(item, result)
    row.given_back.round = round
  else
    row.granted = gift_of(item, result)
  end
end

--- Nobody knows all answers of a round whose removals had begun. Each removal without an answer may
--- have been sent.
---@param round integer
---@param why string for people
---@param engine elevenlabs.workspace.Engine|nil gives the host its turns
function Ledger:take_unanswered(round, why, engine)
  local give_turn = turns.giver(engine)
  for _, row in ipairs(self.rows) do
    local decided = row.to_remove
    if decided and decided.round == round and row.answered ~= round then
      row.outcome, row.why = "unconfirmed", why
      row.status, row.request_id, row.attempts, row.at = nil, nil, nil, nil
      row.removed = decided
    end
    give_turn()
  end
end

-- ---- for commands

local function is_gift_after_removal(row)
  local back = row.given_back
  return row.removed ~= nil and back ~= nil and back.round > row.removed.round
end

--- True if undo gave a role back after the last removal, and the server confirmed it.
---@param row elevenlabs.workspace.offboard.Row
---@return boolean
function M.is_given_back(row)
  return is_gift_after_removal(row) and row.given_back.outcome == "confirmed"
end

--- True if undo may have given a role back after the last removal, and nobody knows.
---@param row elevenlabs.workspace.offboard.Row
---@return boolean
function M.is_gift_doubtful(row)
  local back = row.given_back
  return is_gift_after_removal(row)
    and back.outcome == "unconfirmed"
    and back.read_back ~= "there"
    and back.read_back ~= "not_seen"
end

--- True if a removal may have been applied and nobody saw a confirmation. A role that undo gave back
--- since settles the doubt.
---@param row elevenlabs.workspace.offboard.Row
---@return boolean
function M.is_doubtful(row)
  return row.outcome == "unconfirmed" and not M.is_given_back(row)
end

--- True if a role that undo gave back is to stay: no later plan takes the role away.
---@param row elevenlabs.workspace.offboard.Row
---@return boolean
function M.is_to_stay(row)
  return M.is_given_back(row) and (row.planned or 0) < row.given_back.round
end

--- True if a round took the role away, and no undo gave one back since.
---@param row elevenlabs.workspace.offboard.Row
---@return boolean
function M.is_removed(row)
  return row.removed ~= nil and not M.is_given_back(row)
end

--- The role that undo gives: the highest preset one of those that were removed; nil if none is.
---@param row elevenlabs.workspace.offboard.Row
---@return string|nil
function M.role_to_give_back(row)
  return row.removed and roles.highest(row.removed.roles)
end

return M
