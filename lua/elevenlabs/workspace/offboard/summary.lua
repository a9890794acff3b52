--- The summary of a case. It begins with the headline: what access remains, and what could not be
--- read. It says no more than was seen.

local ledgers = require "elevenlabs.workspace.offboard.ledger"
local lefts = require "elevenlabs.workspace.offboard.left"
local residuals = require "elevenlabs.workspace.offboard.residuals"
local texts = require "elevenlabs.workspace.text"

local M = {}

--- How the planned removals ended.
---@class elevenlabs.workspace.offboard.Totals
---@field total integer Planned removals: the sum of the four outcomes.
---@field confirmed integer Removals that the server confirmed.
---@field refused integer Removals that the server refused.
---@field unconfirmed integer Removals that were sent, and of which nobody can know.
---@field not_sent integer Removals that were not sent.

--- What is known of a case. `print` shows the headline first.
---@class elevenlabs.workspace.offboard.Summary
---@field headline string What access remains, and what could not be read.
--- "planned": nothing was changed yet. "ended": the last command that changes roles ended. "cut":
--- it did not end.
---@field state "planned"|"ended"|"cut"
---@field subject elevenlabs.workspace.offboard.Subject Who leaves.
--- Access that no removal ends, or that nobody can look for.
---@field residuals elevenlabs.workspace.offboard.Residual[]
--- The subject's own roles that are left.
---@field remains elevenlabs.workspace.offboard.Residual[]
--- Resources on which the subject had a role of its own at the last reading, each with the reason in
--- `why_left`. A removal that the server confirmed after that reading is not among them.
---@field left elevenlabs.workspace.offboard.Row[]
---@field totals elevenlabs.workspace.offboard.Totals How the planned removals ended.
--- How many removals were seen to be gone, were not, or could not be read.
---@field read_back {gone: integer, still_there: integer, unreadable: integer}
---@field withheld integer Removals that waited for a grant that was not confirmed.
---@field given_back integer Roles that undo gave back.
--- Roles that undo may have given back after the last reading, and nobody knows.
---@field maybe_given_back integer
--- Roles that the last undo did not give back.
---@field not_given_back elevenlabs.workspace.offboard.Row[]
---@field protected integer Resources that the plan protects.
---@field unreadable integer Resources of the case that the last reading could not read.
--- True if all lists, and all resources that they name, were read: of the resource types of the plan, if
--- the plan has some alone.
---@field is_complete boolean
--- True if all is as it should be, on what the key can list and read: everything was read after the
--- last change, no removal was refused, is unconfirmed or waits for the successor, and no role of the
--- subject's own is left or was given back. Roles that the plan keeps, protected ones and a creator's, do
--- not count. Nor do other resource types, if the plan has some alone.
---@field is_done boolean
local Summary = { __name = "elevenlabs.workspace.offboard.summary", __concat = texts.concat }

local OUTCOMES = { "confirmed", "refused", "unconfirmed", "not_sent" }

local function describe_totals(totals)
  local parts = { ("total %d"):format(totals.total) }
  for i, name in ipairs(OUTCOMES) do
    parts[i + 1] = ("%s %d"):format(name, totals[name])
  end
  return table.concat(parts, " ")
end

function Summary.__tostring(self)
  return self.headline .. "\n" .. describe_totals(self.totals)
end

-- ---- counting

--- True if the row is a removal of this case.
local function is_removal(row)
  return row.action == "remove" or (row.action == nil and row.outcome ~= nil)
end

--- True if the subject has a role that undo gave back, as far as is known.
local function has_gift(ledger, row)
  return lefts.is_gift_newer(ledger, row) or (ledgers.is_to_stay(row) and row.seen == "kept")
end

local function count(ledger)
  local totals = { total = 0, confirmed = 0, refused = 0, unconfirmed = 0, not_sent = 0 }
  local read_back = { gone = 0, still_there = 0, unreadable = 0 }
  local given_back, maybe, withheld = 0, 0, 0
  for _, row in ipairs(ledger.rows) do
    if is_removal(row) then
      local outcome = row.outcome or "not_sent"
      totals.total, totals[outcome] = totals.total + 1, totals[outcome] + 1
    end
    if row.read_back then
      read_back[row.read_back] = read_back[row.read_back] + 1
    end
    withheld = withheld + (row.decision == "withheld" and 1 or 0)
    given_back = given_back + (has_gift(ledger, row) and 1 or 0)
    maybe = maybe + (lefts.is_doubt_newer(ledger, row) and 1 or 0)
  end
  return totals, read_back, given_back, maybe, withheld
end

--- The rows that stay as they are because the plan protects them.
local function protected_count(ledger)
  local protected = 0
  for _, row in ipairs(ledger.rows) do
    protected = protected + (row.reason == "protected" and row.seen ~= "gone" and 1 or 0)
  end
  return protected
end

local function unread_rows(ledger)
  local unread = 0
  for _, row in ipairs(ledger.rows) do
    unread = unread + (row.seen == "unreadable" and 1 or 0)
  end
  return unread
end

-- ---- the headline

--- What could not be listed or read; nil if there is nothing.
local function describe_unread(reading)
  local parts, lists, unreadable = {}, 0, 0
  for name in pairs(reading.unread) do
    parts[#parts + 1] = "the " .. name:gsub("_", " ")
  end
  table.sort(parts)
  for _, covered in ipairs(reading.coverage) do
    lists = lists + (not (covered.complete or covered.by_nature) and 1 or 0)
    unreadable = unreadable + covered.forbidden + covered.not_found + covered.failed
  end
  if lists > 0 then
    parts[#parts + 1] = texts.plural(lists, "list") .. " of resources"
  end
  if unreadable > 0 then
    parts[#parts + 1] = texts.plural(unreadable, "resource")
  end
  return parts[1] and table.concat(parts, ", ")
end

local function access_parts(self, own, names_left)
  local parts = {}
  if #self.left > 0 and names_left then
    parts[1] = ("a role of %s on %s"):format(own, residuals.resources(#self.left))
  end
  if self.given_back > 0 then
    parts[#parts + 1] = "roles that undo gave back on " .. residuals.resources(self.given_back)
  end
  if self.maybe_given_back > 0 then
    local where = residuals.resources(self.maybe_given_back)
    parts[#parts + 1] = ("roles that undo may have given back on %s: verify"):format(where)
  end
  if self.protected > 0 then
    parts[#parts + 1] = "roles on " .. residuals.resources(self.protected) .. " that are protected"
  end
  for _, residual in ipairs(self.residuals) do
    parts[#parts + 1] = residual.is_access and residual.text or nil
  end
  return parts
end

local CHANGES = { apply = true, undo = true }

--- The last command since the plan that changes roles; nil if there is none.
local function last_change(ledger)
  for i = #ledger.commands, 1, -1 do
    local command = ledger.commands[i]
    if CHANGES[command.command] then
      return command
    elseif command.command == "plan" then
      return nil
    end
  end
end

local function describe_state(self, ledger)
  if self.state == "cut" then
    local text = "The last %s did not end: run it again. So far %d of %d removals are confirmed."
    local totals = self.totals
    return text:format(last_change(ledger).command, totals.confirmed, totals.total)
  end
end

--- "the 1,204 resources that this key can list and read"
local function describe_read(ledger)
  local reading, types = ledger.reading, ledger.plan.header.resource_types
  local which = "that this key can list and read"
  if reading.planned_only then
    which = "of the case, which alone were read"
  elseif types then
    which = ("of the types %s %s"):format(table.concat(types, ", "), which)
  end
  return ("the %s %s"):format(texts.plural(reading.read, "resource"), which)
end

--- What the last reading saw, if that is not what is left now, or if nothing was removed yet.
local function describe_seen(self, ledger, own, seen)
  local label, read = self.subject.label, describe_read(ledger)
  if seen.gone == 0 then
    local text = "%s has a role of %s on %s of %s."
    return text:format(label, own, texts.count(#self.left), read)
  end
  local text = "At the last reading %s had a role of %s on %s of %s."
  text = text:format(label, own, texts.count(seen.count), read)
  if seen.confirmed > 0 then
    local were = seen.confirmed == 1 and "was" or "were"
    local removals = texts.plural(seen.confirmed, "removal")
    text = ("%s After that reading %s %s confirmed."):format(text, removals, were)
  end
  return text
end

--- "No role of their own is left on the 1,204 resources that this key can list and read."
local function describe_own(self, ledger, own)
  local given = self.given_back + self.maybe_given_back
  local stays = given + self.protected + (self.creates and 1 or 0) > 0
  local where = describe_read(ledger)
  if #self.left == 0 then
    return ("No %srole of %s is left on %s."):format(stays and "other " or "", own, where)
  elseif ledger.reading.planned_only then
    return ("This is of %s."):format(where)
  end
end

---@param seen table of `left.rows`
local function headline(self, ledger, seen)
  local own = self.subject.kind == "user" and "their own" or "its own"
  local reading, sentences = ledger.reading, {}
  local function say(text)
    sentences[#sentences + 1] = text or nil
  end
  say(describe_state(self, ledger))
  local is_about_reading = seen.gone > 0 or (reading.by == "plan" and #self.left > 0)
  local parts = access_parts(self, own, not is_about_reading)
  if is_about_reading then
    say(describe_seen(self, ledger, own, seen))
    say(parts[1] and "Access that the plan does not end: " .. table.concat(parts, "; ") .. ".")
  else
    say(parts[1] and "Access remains: " .. table.concat(parts, "; ") .. ".")
    say(describe_own(self, ledger, own))
  end
  local unread = describe_unread(reading)
  say(unread and "Not all could be read: " .. unread .. ".")
  return table.concat(sentences, " ")
end

-- ---- a summary

local function state_of(ledger)
  local last = last_change(ledger)
  return not last and "planned" or last.ended_at and "ended" or "cut"
end

--- The roles that the last undo did not give back, with the reasons, if no round came after it.
local function not_given_back(ledger)
  local rows, last = {}, last_change(ledger)
  for _, row in ipairs(ledger.rows) do
    local back = row.given_back
    local is_last = back and last and back.round == last.number
    rows[#rows + 1] = is_last and back.outcome ~= "confirmed" and row or nil
  end
  return rows
end

--- The subject's own roles that are left, each with the advice that residuals have.
---@return elevenlabs.workspace.offboard.Residual[]
local function remains(self, own, ledger)
  local list = {}
  local function add(kind, number, text, next_step)
    if number > 0 then
      list[#list + 1] = {
        kind = kind,
        is_access = true,
        text = ("%s on %s"):format(text, residuals.resources(number)),
        next_step = next_step,
        count = number,
      }
    end
  end
  local left = #self.left
  if self.state == "planned" then
    return list
  end
  add(
    "left",
    self.withheld,
    "a role that waits for the successor",
    "give the successor another role there, or apply --remove-anyway"
  )
  add(
    "left",
    left - math.min(left, self.withheld),
    ("a role of %s"):format(own),
    self.state == "cut" and last_change(ledger).command == "apply" and "run apply again"
      or "see the reason beside the resource. Then plan again with --again, and apply; or use the"
        .. " key of an admin of these resources"
  )
  local again = "plan again with --again to take it"
  add("given_back", self.given_back, "a role that undo gave back", again)
  add("protected", self.protected, "a protected role", "plan again without --protect to take it")
  return list
end

local function is_done(self, ledger)
  local totals, last = self.totals, last_change(ledger)
  local failed = totals.refused + totals.unconfirmed + self.withheld
  local is_seen = self.state ~= "cut" and (not last or ledger.reading.number > last.number)
  return is_seen
    and self.is_complete
    and self.unreadable + failed + #self.left + self.given_back + self.maybe_given_back == 0
end

---@param subject elevenlabs.workspace.offboard.Subject
---@param ledger elevenlabs.workspace.offboard.Ledger with a reading
---@return elevenlabs.workspace.offboard.Summary
function M.new(subject, ledger)
  local left, seen = lefts.rows(ledger)
  local self = {
    subject = subject,
    state = state_of(ledger),
    residuals = ledger.reading.residuals,
    left = left,
    protected = protected_count(ledger),
    unreadable = unread_rows(ledger),
    not_given_back = not_given_back(ledger),
    is_complete = ledger.reading.is_complete and not ledger.reading.planned_only,
  }
  self.totals, self.read_back, self.given_back, self.maybe_given_back, self.withheld =
    count(ledger)
  for _, residual in ipairs(self.residuals) do
    self.creates = self.creates or residual.kind == "creator"
  end
  self.is_done = is_done(self, ledger)
  self.headline = headline(self, ledger, seen)
  self.remains = remains(self, self.subject.kind == "user" and "their own" or "its own", ledger)
  return setmetatable(self, Summary)
end

return M
