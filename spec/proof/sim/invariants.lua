--- What must hold in every world, checked while it runs. One watch for each process.

local servers = require "spec.proof.sim.server"
local sleeps = require "spec.proof.sim.sleeps"

local M = {}

local SINGLE_ATTEMPTS = 4
local SOON_MS = 0.001

---@class spec.proof.sim.Watch
local Watch = {}
Watch.__index = Watch

---@param world spec.proof.sim.World
---@param disk spec.proof.sim.Disk
---@param plan table of scenario
function M.new(world, server, disk, plan)
  return setmetatable({
    world = world,
    server = server,
    disk = disk,
    plan = plan,
    engine = false, -- set by the process
    tasks = {},
    runs = {},
    single_calls = {}, -- { call, key, op, due_ms, is_told }
    most_attempts = {}, -- of single calls that have options of their own, by key
    current = false, -- the task that runs
    pause_ends_ms = 0, -- of a Retry-After that the client has seen
    maximum = math.huge, -- requests at once, by a header that the client has seen
    active_ms = world.now, -- when a request last was in flight
    born_ms = world.now,
    steps = 0,
    stepped_ms = world.now,
    claims = {}, -- "never applied": checked again at the end of the world
    said_late = false,
  }, Watch)
end

function Watch:fail(...)
  self.world:fail(...)
end

-- ---- attempts

local function check_places(self, core)
  local count, window = core.active + 1, self.engine.throttle:window()
  if count > self.plan.max_concurrency then
    self:fail("broken", "%d in flight, more than max_concurrency", count)
  elseif count > window then
    self:fail("broken", "%d in flight, more than the window of %d", count, window)
  elseif count > self.maximum then
    self:fail("broken", "%d in flight, more than the server's %d", count, self.maximum)
  end
end

--- A bulk run may have fewer places than its client.
local function check_run_places(self, core, entry)
  local most, count = self.plan.run_concurrency, 1
  if not most or entry.owner:find "^s" then
    return
  end
  for _, other in pairs(core.attempts) do
    count = count + (other.entry and other.entry.owner == entry.owner and 1 or 0)
  end
  if count > most then
    self:fail("broken", "%d of %s in flight, more than its run's %d", count, entry.owner, most)
  end
end

local function check_pause(self)
  if self.world.now < self.pause_ends_ms - SOON_MS then
    local early_ms = self.pause_ends_ms - self.world.now
    self:fail("broken", "sent %.0f ms before Retry-After allows it", early_ms)
  end
end

--- True if the server cannot have applied the attempt. The client takes a 503 so.
local function is_harmless(attempt)
  local evidence = attempt.seen and attempt.evidence
  if not evidence or evidence.resent then
    return false
  end
  local status = evidence.curl_code == 0 and evidence.status
  return not evidence.sent or (status and (status == 503 or (status >= 400 and status < 500)))
end

local function check_entry(self, attempt)
  local entry = attempt.entry
  for i = entry.settled + 1, #entry.attempts do
    local earlier = entry.attempts[i]
    if not earlier.evidence and earlier.watch == self then
      self:fail("broken", "%s is in flight twice", entry.key)
    elseif attempt.op == "share" and not is_harmless(earlier) then
      self:fail("broken", "%s is shared again, after #%d may have been", entry.key, earlier.id)
    end
  end
  if attempt.op == "share" and (entry.taken_back or 0) > entry.settled then
    self:fail("broken", "%s is shared again, after somebody took it back", entry.key)
  end
  if entry.told_by == self then
    self:fail("broken", "%s is sent after its end was told", entry.key)
  elseif entry.is_confirmed then
    self:fail("lost", "%s is sent again after it was told to be confirmed", entry.key)
  end
end

--- If the order of a list changed, a target may get another role than before. A confirmation of the
--- earlier role is then of the past; a doubt about it is not.
local function give_up_others(self, entry)
  for _, other in ipairs(self.server.places[entry.place]) do
    if other ~= entry and (other.is_confirmed or self.disk:confirms(other.key)) then
      other.settled, other.is_confirmed = #other.attempts, false
    end
  end
end

--- A share of a run with a journal is sent after the journal says so on the disk.
local function check_intent(self, attempt)
  local entry = attempt.entry
  if attempt.op == "share" and entry.owner:find "^j" and not self.disk:intends(entry.key) then
    self:fail("broken", "%s is shared before the disk has its intent", entry.key)
  end
end

--- An attempt begins.
function Watch:attempt(core, attempt)
  attempt.watch = self
  self.active_ms = self.world.now
  check_places(self, core)
  check_pause(self)
  if attempt.entry then
    check_entry(self, attempt)
    check_intent(self, attempt)
    check_run_places(self, core, attempt.entry)
    give_up_others(self, attempt.entry)
    table.insert(attempt.entry.attempts, attempt)
  end
end

--- The client sees how an attempt ended.
function Watch:collected(evidence)
  evidence.attempt.seen, self.active_ms = true, self.world.now
  local answer = evidence.answer
  if answer and answer.asked_ms and evidence.attempt.op ~= "connect" then
    self.pause_ends_ms = math.max(self.pause_ends_ms, self.world.now + answer.asked_ms)
  end
  self.maximum = tonumber(evidence.headers["maximum-concurrent-requests"]) or self.maximum
end

Watch.step, Watch.sleep = sleeps.step, sleeps.sleep

-- ---- what is said

local function has_proof(entry, watch)
  for _, attempt in ipairs(entry and entry.attempts or {}) do
    local answer = attempt.seen and attempt.evidence.answer
    local applied = attempt.applied or attempt.op == "get"
    if answer and answer.proves and applied and (not watch or attempt.watch == watch) then
      return true
    end
  end
  return false
end

local function has_refusal(entry, watch)
  for _, attempt in ipairs(entry and entry.attempts or {}) do
    local status = attempt.seen and attempt.watch == watch and attempt.evidence.status or 0
    if status >= 400 and status < 500 then
      return true
    end
  end
  return false
end

--- A record goes into the journal.
function Watch:record(record)
  if record.outcome == "confirmed" then
    local key = servers.key_of(record)
    if not has_proof(self.server.entries[key]) then
      self:fail("false_confirmed", "the journal says of %s that it is confirmed", key)
    end
  elseif record.intent then
    local key = servers.key_of(record)
    self.server.intended[key] = self.server.intended[key] or self
  end
end

--- Every attempt is counted, and a single call has no more than it may.
local function check_attempts(self, entry, result)
  local is_single = entry and entry.owner:find "^s"
  local own = entry and self.most_attempts[entry.key]
  local most = is_single and (own or self.plan.max_attempts or SINGLE_ATTEMPTS) or math.huge
  local count = 0
  for _, attempt in ipairs(entry and entry.attempts or {}) do
    count = count + (attempt.watch == self and 1 or 0)
  end
  if result.attempts ~= count then
    local form = "%s tells of %d attempts and not of %d"
    self:fail("broken", form, entry and entry.key or "?", result.attempts, count)
  elseif count > most then
    self:fail("broken", "%s was tried %d times", entry.key, count)
  end
end

--- The end of an item or call is told.
---@param key string
---@param receipt table|nil
---@param err table|nil
function Watch:outcome(key, receipt, err)
  local entry = self.server.entries[key]
  local outcome = receipt and receipt.outcome or err.outcome
  self.world:note("told %s %s%s", outcome, key, err and " (" .. err.kind .. ")" or "")
  check_attempts(self, entry, receipt or err)
  if outcome == "confirmed" then
    local earlier = receipt.attempts == 0 and getmetatable(receipt).__name
    if not has_proof(entry, not earlier and self) then
      self:fail("false_confirmed", "%s is told to be confirmed", key)
    end
  elseif outcome == "refused" and not has_refusal(entry, self) then
    self:fail("broken", "%s is told to be refused, but nobody did", key)
  elseif err.field == "role" or err.ambiguous then
    return -- as another role of the same list was first: of this one nothing is claimed
  elseif outcome == "refused" or outcome == "not_sent" then
    self:claim(entry, outcome)
  end
end

--- The client says that nothing was applied, and that nothing will be.
function Watch:claim(entry, outcome)
  if entry then
    table.insert(self.claims, { entry = entry, outcome = outcome, attempts = #entry.attempts })
  end
end

--- At the end of the world.
function Watch:check_claims()
  for _, claim in ipairs(self.claims) do
    for i = 1, claim.attempts do
      if claim.entry.attempts[i].applied then
        local form = "%s is told to be %s, but #%d was applied"
        self:fail("broken", form, claim.entry.key, claim.outcome, claim.entry.attempts[i].id)
        break
      end
    end
  end
end

-- ---- bulk runs

--- An item's end is told. `owner` is of the run: { told, journal, ... }.
function Watch:told(owner, item, receipt, err)
  local key = servers.key_of(item)
  if owner.told[item.n] then
    self:fail("broken", "%s is told twice", key)
  end
  owner.told[item.n] = receipt and receipt.outcome or err.outcome
  owner.count = owner.count + 1
  self:outcome(key, receipt, err)
  local entry = self.server.entries[key]
  if entry and not (err and err.kind == "invalid_argument") then
    entry.told_by = self
  end
  if receipt and owner.journal then
    if not self.disk:confirms(key) then
      self:fail("false_confirmed", "%s is told before the disk has it", key)
    end
    entry.is_confirmed = true
  end
end

local OUTCOMES = { "confirmed", "refused", "unconfirmed", "not_sent" }

local function check_sum(self, owner, report)
  local counts, sum = {}, 0
  for _, outcome in pairs(owner.told) do
    counts[outcome] = (counts[outcome] or 0) + 1
  end
  for _, outcome in ipairs(OUTCOMES) do
    sum = sum + report[outcome]
    if report[outcome] ~= (counts[outcome] or 0) then
      local form = "%s reports %d %s, but told of %d"
      self:fail("broken", form, owner.name, report[outcome], outcome, counts[outcome] or 0)
    end
  end
  if report.total ~= sum or report.total ~= owner.count then
    local form = "%s reports %d items in all, but told of %d"
    self:fail("broken", form, owner.name, report.total, owner.count)
  end
end

--- A run has ended with this report.
function Watch:report(owner, report)
  check_sum(self, owner, report)
  local taken = report.total + report.duplicates
  if report.exhausted and taken ~= #owner.items then
    self:fail("lost", "%s: %d of %d items have an end", owner.name, taken, #owner.items)
  elseif owner.taken and taken ~= owner.taken then
    self:fail("lost", "%s took %d items, %d have an end", owner.name, owner.taken, taken)
  end
end

-- If every answer is the same, a run may stop in good weather too.
local MAY_STOP = { refusals = true, permission = true }

--- True if an earlier life may have sent this share: it began an attempt, or wrote an intent.
local function is_in_doubt(self, item)
  local key = servers.key_of(item)
  local entry, watch = self.server.entries[key], self.server.intended[key]
  for _, attempt in ipairs(entry and entry.attempts or {}) do
    if attempt.watch ~= self and not is_harmless(attempt) then
      return true
    end
  end
  return watch ~= nil and watch ~= self
end

--- The report of the last life, in good weather: every item is settled.
function Watch:settled(owner, report)
  if MAY_STOP[report.stopped] then
    return
  elseif report.stopped or not report.exhausted then
    local why = report.stop_message
    self:fail("lost", "%s stopped in good weather: %s", owner.name, why or "not exhausted")
  end
  for _, item in ipairs(owner.items) do
    local outcome = owner.told[item.n]
    local fits = outcome == "confirmed" or outcome == "refused" or item.is_odd
    local doubted = owner.op == "share" and outcome == "unconfirmed" and is_in_doubt(self, item)
    if not fits and not doubted then
      self:fail("lost", "%s is %s at the end", servers.key_of(item), outcome or "forgotten")
    end
  end
end

-- ---- calls

--- At the end of a life, with the client closed: { call, key } of each that was begun, and how
--- often its end was an event.
function Watch:calls(calls, ends, stats)
  for _, entry in ipairs(calls) do
    local call = entry.call
    if not call:done() then
      self:fail("lost", "call %d (%s) has no end", call.number, entry.key)
    elseif not entry.is_told then
      local _, err = call:result() -- of a get it is the resource, and the receipt is inside
      self:outcome(entry.key, not err and call.ending or nil, err)
    end
  end
  for number = 1, stats.calls do
    if ends[number] ~= 1 then
      self:fail("broken", "call %d has %d ends", number, ends[number] or 0)
    end
  end
  if stats.waiting ~= 0 or stats.in_flight ~= 0 then
    self:fail("lost", "%d wait, %d are in flight", stats.waiting, stats.in_flight)
  end
end

return M
