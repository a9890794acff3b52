--- The document of a case: everything that its report shows, as one table.

local json = require "elevenlabs.workspace.json"
local principals = require "elevenlabs.workspace.offboard.principals"
local sha256 = require "elevenlabs.workspace.offboard.sha256"
local summaries = require "elevenlabs.workspace.offboard.summary"
local times = require "elevenlabs.workspace.offboard.times"
local turns = require "elevenlabs.workspace.engine.turns"
local version = require "elevenlabs.workspace.version"

local M = {}

-- ---- rows

local COPIED = {
  "resource_id",
  "resource_type",
  "name",
  "creator",
  "action",
  "reason",
  "outcome",
  "why",
  "read_back",
  "status",
  "request_id",
  "at",
  "attempts",
  "granted",
  "given_back",
  "seen",
}

local function row_of(row, reading)
  local copy = {}
  for _, name in ipairs(COPIED) do
    copy[name] = row[name]
  end
  copy.roles_before = json.list(row.action and row.roles or row.removed and row.removed.roles or {})
  copy.roles_now = row.roles_now and json.list(row.roles_now)
  if row.removed and row.given_back and row.given_back.round < row.removed.round then
    copy.given_back = nil -- the role was removed again
  end
  local back = copy.given_back
  if back and back.round > reading.number and back.read_back == "there" then
    copy.seen, copy.roles_now = "kept", json.list { back.role } -- undo read it back
  end
  return copy
end

local function rows_of(ledger, engine)
  local list, give_turn = json.list {}, turns.giver(engine)
  for i, row in ipairs(ledger.rows) do
    list[i] = row_of(row, ledger.reading)
    give_turn()
  end
  return list
end

--- True if the removal leaves the creator as the only principal.
local function leaves_creator_alone(row)
  return row.outcome == "confirmed"
    and row.is_creators_alone
    and not (row.granted and row.granted.outcome == "confirmed")
end

local function only_creator(ledger, subject)
  local list = json.list {}
  for _, row in ipairs(subject.id ~= principals.EVERYBODY and ledger.rows or {}) do
    if leaves_creator_alone(row) then
      list[#list + 1] = {
        resource_id = row.resource_id,
        resource_type = row.resource_type,
        name = row.name,
      }
    end
  end
  return list
end

-- ---- the rest

--- The files on which the report stands.
local function files_of(case, engine)
  local list = json.list {}
  local function add(name)
    local file = io.open(case:path(name))
    if file then
      file:close()
      list[#list + 1] = { name = name, sha256 = sha256.file(case:path(name), engine) }
    end
  end
  for _, command in ipairs(case.ledger.commands) do
    add(("plan-%d.jsonl"):format(command.number))
  end
  add "plan.jsonl"
  add "case.jsonl"
  for _, command in ipairs(case.ledger.commands) do
    for _, op in ipairs { "share", "unshare" } do
      add(case:journal(command.number, op):match "[^/]*$")
    end
  end
  return list
end

local LIMITS = json.list {
  "The report says what this API key could list and read at the time that it names. The key sees"
    .. " what its owner may see.",
  "Somebody may have granted a role after that time.",
  "The API has no list of pending invitations, of a member's own API keys, or of the kinds that are"
    .. " named above.",
  "The checksums of the files find accidents. They prove nothing against a person who can write the"
    .. " folder of the case.",
}

local COMMAND = { "command", "number", "began_at", "ended_at", "operator", "host", "arguments" }

local function commands_of(ledger)
  local list = json.list {}
  for i, command in ipairs(ledger.commands) do
    list[i] = {}
    for _, name in ipairs(COMMAND) do
      list[i][name] = command[name]
    end
    list[i].round, list[i].number = command.number, nil
  end
  return list
end

local function label_of(party)
  return party and { kind = party.kind, id = party.id, label = party.label or party.email }
end

--- Roles that are left come before what no removal ends.
local function all_remains(summary, reading)
  local list = json.list {}
  for _, given in ipairs { summary.remains, reading.residuals } do
    for _, residual in ipairs(given) do
      list[#list + 1] = residual
    end
  end
  return list
end

---@param case elevenlabs.workspace.offboard.Folder
---@param engine elevenlabs.workspace.Engine|nil gives the host its turns
---@return table document
function M.make(case, engine)
  local header, ledger = case.plan.header, case.ledger
  turns.give(engine) -- a summary is one piece
  local summary, reading = summaries.new(header.subject, ledger), ledger.reading
  turns.give(engine)
  return {
    format = "elevenlabs-workspace report 1",
    headline = summary.headline,
    made_at = times.iso(),
    subject = label_of(header.subject),
    replace_by = label_of(header.successor),
    note = header.note,
    server = header.server,
    owner = header.owner,
    tool = "elevenlabs-workspace " .. version,
    planned_at = header.made_at,
    commands = commands_of(ledger),
    read_at = reading.at,
    read_by = reading.by,
    planned_only = reading.planned_only,
    coverage = reading.coverage,
    unread = reading.unread,
    unknown = reading.unknown,
    without_list = case.plan.reading.without_list,
    rows = rows_of(ledger, engine),
    totals = summary.totals,
    read_back = summary.read_back,
    residuals = all_remains(summary, reading),
    only_creator = only_creator(ledger, header.subject),
    files = files_of(case, engine),
    limits = LIMITS,
  }
end

return M
