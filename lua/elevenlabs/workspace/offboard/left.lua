--- The rows on which the subject has a role of its own that is to go, as far as was seen, each with
--- the reason for people.

local ledgers = require "elevenlabs.workspace.offboard.ledger"

local M = {}

-- What the last verify saw on a row that is left.
local SEEN = {
  still_there = "the role is still there",
  changed = "another role than was planned",
  came_back = "the role came back after the removal",
  new = "a role that the plan does not have",
}

--- True if the last undo of the row came after the last reading.
local function is_undo_newer(ledger, row)
  return row.given_back ~= nil and row.given_back.round > ledger.reading.number
end

--- True if undo gave a role back after the last reading.
---@return boolean
function M.is_gift_newer(ledger, row)
  return is_undo_newer(ledger, row) and ledgers.is_to_stay(row)
end

--- True if undo may have given a role back after the last reading, and nobody knows.
---@return boolean
function M.is_doubt_newer(ledger, row)
  return is_undo_newer(ledger, row) and ledgers.is_gift_doubtful(row)
end

--- True if undo saw a role after the last reading, and no answer says that undo gave it.
local function has_role_again(ledger, row)
  return is_undo_newer(ledger, row)
    and row.given_back.read_back == "there"
    and not ledgers.is_given_back(row)
end

--- True if the last reading saw a role that is to go, or undo saw one since.
local function is_seen(ledger, row)
  if has_role_again(ledger, row) then
    return true
  elseif ledger.reading.by == "plan" then
    return row.action == "remove"
  end
  return SEEN[row.seen] ~= nil
end

--- What a round found out about a row after the last reading.
---@return "given_back"|"confirmed"|"gone"|nil since "given_back": undo gave a role back. "confirmed": the
--- server confirmed the removal. "gone": a round read the resource and saw no role. Nil: as far as anybody
--- knows, the role is left
local function since_reading(ledger, row)
  local last = ledger.reading.number
  if M.is_gift_newer(ledger, row) then
    return "given_back"
  elseif has_role_again(ledger, row) or not row.round or row.round <= last then
    return nil
  end
  local saw_none = row.decision == "gone"
    or row.decision == "resource_gone"
    or row.read_back == "gone"
  local is_confirmed = row.outcome == "confirmed" and row.answered > last
  local saw_role = row.read_back == "still_there"
    or not (saw_none or row.decision == "unreadable" or row.answered == row.round)
  if is_confirmed and not saw_role then
    return "confirmed"
  end
  return saw_none and "gone" or nil
end

--- Why a row is left.
local function describe(ledger, row)
  if has_role_again(ledger, row) then
    return "undo saw a role there, and no answer says that undo gave it"
  elseif row.why then
    local failed = ("%s: %s"):format(row.outcome, row.why)
    return row.seen and ("%s; %s"):format(SEEN[row.seen], failed) or failed
  elseif row.outcome ~= "confirmed" then
    return SEEN[row.seen] or "not removed yet"
  elseif row.seen == "still_there" or row.read_back == "still_there" then
    return "the role is still there, though the server confirmed the removal"
  end
  return SEEN[row.seen] or SEEN.came_back
end

---@param ledger elevenlabs.workspace.offboard.Ledger with a reading
---@return elevenlabs.workspace.offboard.Row[] left each with `why_left`
---@return {count: integer, gone: integer, confirmed: integer} seen how many rows had a role that is
--- to go at the last reading, how many of these roles went since, and how many of those by a removal
--- that the server confirmed
function M.rows(ledger)
  local left, seen = {}, { count = 0, gone = 0, confirmed = 0 }
  for _, row in ipairs(ledger.rows) do
    local is_left = is_seen(ledger, row)
    if is_left then
      local since = since_reading(ledger, row)
      seen.count = seen.count + 1
      seen.confirmed = seen.confirmed + (since == "confirmed" and 1 or 0)
      seen.gone = seen.gone + ((since == "confirmed" or since == "gone") and 1 or 0)
      is_left = not since
    end
    row.why_left = is_left and describe(ledger, row) or nil
    left[#left + 1] = is_left and row or nil
  end
  return left, seen
end

return M
