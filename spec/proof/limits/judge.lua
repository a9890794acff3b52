--- What must hold in every simulated world, whatever befalls it.

local M = {}

---@class spec.proof.limits.Judge
local Judge = {}
Judge.__index = Judge

local BEAT, LEASE, LEAP = 1000, 3000, 2000
local AT_ONCE_MS = 60
local SLACK_MS = 10 -- of clocks that go at other rates

---@param world spec.proof.limits.World
function M.new(world)
  return setmetatable({
    world = world,
    windows = {}, -- { at, window }, the newest last
    pauses = {}, -- { at, until_ms } of the world's clock
    successes = 0, -- of all clients, since the window last changed
    cut_at = -math.huge,
    growths = 0,
    cuts = 0,
    members = {}, -- by the id of their messages
    stepped_at = -math.huge,
  }, Judge)
end

---@param service spec.proof.limits.Service
function Judge:watch(service)
  self.service = service
end

-- ---- requests

--- The largest window that a client may still go by: one that lost touch goes by its last lease,
--- and keeps its places while a store that lost its state learns of them.
local function allowed(self)
  if self.service.says_maximum then
    return self.service.capacity
  end
  local since = self.world.now - 4 * (LEASE + LEAP) - 3 * self.service.attempt_ms
  local most = 4
  for i = #self.windows, 1, -1 do
    most = math.max(most, self.windows[i].window)
    if self.windows[i].at < since then
      break
    end
  end
  return most
end

local function check_pauses(self, member)
  local now = self.world.now
  for _, pause in ipairs(self.pauses) do
    local slack = self.stepped_at >= pause.at and LEAP or SLACK_MS
    if now > pause.at + LEASE + SLACK_MS and now < pause.until_ms - slack then
      self.world:fail("broken", "%s sends into a pause of all", member:name())
    end
  end
end

function Judge:begins(member, attempt)
  for _, other in pairs(self.members) do
    if attempt.is_probe and other.probe and other.places:is_parked() then
      self.world:fail("broken", "%s probes beside %s", member:name(), other:name())
    end
  end
  if self.world.now > (member.read_at or -math.huge) + LEASE + SLACK_MS then
    self.world:fail("broken", "%s sends after its lease has ended in the store", member:name())
  end
  check_pauses(self, member)
end

function Judge:began(member)
  local in_flight, most = self.service.in_flight, allowed(self)
  if in_flight > most then
    local form = "%s sends, and %d are in flight where %d may be"
    self.world:fail("over_limit", form, member:name(), in_flight, most)
  end
end

function Judge:succeeded()
  self.successes = self.successes + 1
end

--- A pause must be told at once, if the client can.
function Judge:paused(member)
  if member.places.asking or member.places.failure then
    return
  end
  local at = self.world.now
  self.world:after(AT_ONCE_MS, function()
    if not member.is_dead and member.stopped_until < at and (member.asked_at or 0) < at then
      self.world:fail("broken", "%s does not tell of its pause at once", member:name())
    end
  end)
end

function Judge:asked(member, message)
  member.asked_at = self.world.now
  self.members[message.id] = member
  member.id = message.id
end

-- ---- the store

--- One cut for one overload: the attempt that led to a cut was begun after the cut before.
local function check_cut(self, member)
  local attempt = member.cut_attempt
  if attempt and attempt.at < self.cut_at then
    self.world:fail("broken", "%s has the window cut twice for one overload", member:name())
  end
  self.cut_at, self.cuts = self.world.now, self.cuts + 1
end

--- One growth for a full window of successes.
local function check_growth(self, before, after)
  if self.successes < math.floor(before.window) then
    local form = "the window grows to %d after %d successes"
    self.world:fail("broken", form, math.floor(after.window), self.successes)
  end
  self.growths = self.growths + 1
end

--- Successes of which the store has not heard.
local function count_unreported(self, clients)
  local count = 0
  for id, member in pairs(self.members) do
    local client = clients[id]
    count = count + member.places.successes - (client and client.successes or 0)
  end
  return count
end

local function check_places(self, clients)
  for id, client in pairs(clients) do
    local member = self.members[id]
    if client.held > 0 and (not member or member.id ~= id) then
      self.world:fail("lost", "%d places are held for nobody", client.held)
    end
  end
end

local function check_sums(self, state, clients)
  local held = 0
  for _, client in pairs(clients) do
    held = held + client.held
  end
  if held ~= state.held then
    self.world:fail("broken", "%d places are held, and the sum is %d", held, state.held)
  end
end

--- A message changed the state. `before` is nil if the state was lost.
function Judge:store_changed(before, after, clients, message, member)
  member.read_at = self.world.now
  check_places(self, clients)
  check_sums(self, after, clients)
  local was_lost = not self.state
  self.state = after
  if not was_lost and before.cuts ~= after.cuts and message.cut then
    check_cut(self, member)
  end
  if not was_lost and after.pauses > before.pauses then
    local until_ms = self.world.now + after.paused_until - after.time
    table.insert(self.pauses, { at = self.world.now, until_ms = until_ms })
  end
  if was_lost or before.window ~= after.window then
    if not was_lost and after.window > before.window then
      check_growth(self, before, after)
    end
    self.successes = count_unreported(self, clients)
    table.insert(self.windows, { at = self.world.now, window = math.floor(after.window) })
  end
end

function Judge:store_lost()
  self.pauses, self.state = {}, nil
  self.cut_at = -math.huge
end

function Judge:clock_stepped()
  self.stepped_at = self.world.now
end

M.BEAT, M.LEASE, M.LEAP = BEAT, LEASE, LEAP

return M
