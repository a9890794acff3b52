--- The report as CSV: a line for each resource. The first columns are those that `unshare --from`
--- and `share --from` read. The other names begin with _, so that both commands ignore them.

local csv = require "elevenlabs.workspace.items.csv"
local roles = require "elevenlabs.workspace.offboard.roles"
local texts = require "elevenlabs.workspace.text"

local M = {}

--- The columns. `target` stands for the column that names the subject.
local COLUMNS = {
  "resource_id",
  "resource_type",
  "target",
  "role",
  "_name",
  "_creator",
  "_roles_before",
  "_action",
  "_reason",
  "_outcome",
  "_why",
  "_read_back",
  "_seen",
  "_roles_now",
  "_status",
  "_request_id",
  "_at",
  "_attempts",
  "_granted_role",
  "_granted_outcome",
  "_granted_at",
  "_given_back_role",
  "_given_back_outcome",
  "_given_back_at",
}

--- The column and the value that name the subject to the commands. A service account is named by
--- a key, which is not in a document; a person without an address has no name for the commands.
local function target_of(subject)
  if subject.kind == "group" then
    return "group_id", subject.id
  elseif subject.kind == "user" and subject.label:find("@", 1, true) then
    return "user_email", subject.label
  end
  return "_subject", subject.id
end

--- The cells of a row by column.
local function values_of(row, target)
  local granted, given_back = row.granted or {}, row.given_back or {}
  return {
    resource_id = row.resource_id,
    resource_type = row.resource_type,
    target = target,
    role = roles.highest(row.roles_before), -- as undo gives it back
    _name = row.name,
    _creator = row.creator,
    _roles_before = table.concat(row.roles_before, " "),
    _action = row.action,
    _reason = row.reason,
    _outcome = row.outcome,
    _why = row.why,
    _read_back = row.read_back,
    _seen = row.seen,
    _roles_now = table.concat(row.roles_now or {}, " "),
    _status = row.status and texts.number(row.status),
    _request_id = row.request_id,
    _at = row.at,
    _attempts = row.attempts and texts.number(row.attempts),
    _granted_role = granted.role,
    _granted_outcome = granted.outcome,
    _granted_at = granted.at,
    _given_back_role = given_back.role,
    _given_back_outcome = given_back.outcome,
    _given_back_at = given_back.at,
  }
end

--- Write the rows of a document.
---@param document table
---@param write fun(text: string)
function M.write(document, write)
  local column, target = target_of(document.subject)
  local header = {}
  for i, name in ipairs(COLUMNS) do
    header[i] = name == "target" and column or name
  end
  write(csv.row(header))
  for _, row in ipairs(document.rows) do
    local values, cells = values_of(row, target), {}
    for i, name in ipairs(COLUMNS) do
      cells[i] = texts.cell(texts.utf8(values[name] or ""))
    end
    write(csv.safe_row(cells))
  end
end

return M
