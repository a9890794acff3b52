--- The places of one client in a limit that others share: how many requests it may have in flight,
--- and what it tells the store. Pure but for `exchange`: time comes from outside.
---
--- The face to an engine. `in_flight` counts requests under way; `wants` counts these and the calls
--- that could be sent at once.
---   places, has_place, paused_until, begin, succeeded, cut, cap, pause: as throttle/window.lua
---   due_at(in_flight, wants): when to call `exchange`; nil: not before one of the two changes
---   exchange(in_flight, wants): talks to the store; call it outside a step. It may yield.
---   why(now): why there is no place, for people; nil if there is one, if none was asked for, or if
---   the limit pauses
---   problem(now): why the store grants no place to anybody
---   park(is_parked), is_parked(), probe_failed(): one probe of an outage for all
---   forked(): this process is the child of the one that joined
---   window(), warning: for people
---
--- Why the sum in flight never exceeds the window: a lease is counted here from the moment when the
--- message was sent, and in the store from the later moment when the message was read. So a client
--- sends no request after its lease ended in the store, and has none in flight when the store gives
--- its places to others.

local M = {}

local HEARTBEAT_MS = 1000
local MESSAGES_A_HEARTBEAT = 20 -- at most
local CUTS = { crowded = 0.7, busy = 0.5 }

--- What keeps the state of a limit. `send` may yield.
---@class elevenlabs.workspace.limits.Store
---@field send fun(self, message: table): table|nil, string|nil a reply; or nil and why not

---@class elevenlabs.workspace.limits.Places
---@field warning string|nil the store may lose its state
local Places = {}
Places.__index = Places

---@param parts table { store, now = function() -> ms of a clock that never steps, random =
--- function() -> [0, 1), max_concurrency, attempt_timeout_ms, heartbeat_ms = nil }
---@return elevenlabs.workspace.limits.Places
function M.new(parts)
  return setmetatable({
    store = parts.store,
    now = parts.now,
    random = parts.random,
    max_concurrency = parts.max_concurrency,
    attempt_ms = parts.attempt_timeout_ms,
    beat = parts.heartbeat_ms or HEARTBEAT_MS,
    id = false,
    seq = 0,
    asking = false, -- the message whose reply is awaited
    joined = false, -- the store may have places of this client
    sent_ms = 0, -- when the last message was sent
    share = 0,
    lease_until_ms = 0,
    -- No more than this until the next reply: the store may have cut the share to it.
    bound = math.huge,
    told = { wants = 0, flying = 0, successes = 0 }, -- the last message that was answered
    reply = { window = 0, cuts = 0, pauses = 0, ups = 0 }, -- the last
    failure = false, -- why the last message was not answered
    peak = 0, -- the most in flight since the last message
    successes = 0,
    begun = 0, -- attempts so far; an attempt's mark is its place in this count
    cut_mark = 0, -- attempts up to this one were begun before the last cut was known
    pause_mark = 0,
    paused_until_ms = 0,
    -- Each is told once. To set one allocates nothing.
    cut_news = false, -- the factor, ...
    cut_seen = 0, -- ... and how many cuts were known then
    pause_news = false, -- its end, ...
    pause_asked = false, -- ... whether the server asked for it, ...
    pause_seen = false, -- ... and how many pauses were known then
    cap_news = false, -- the maximum
    maximum = false, -- the last that a server named
    parked = false,
    begun_probe = false, -- the number of the last probe that was begun
    probed = false, -- ... and of the last that failed
  }, Places)
end

-- ---- what an engine asks

--- How many may be in flight at this time, as far as known.
---@return integer
function Places:places(now_ms)
  if now_ms < self.paused_until_ms or now_ms >= self.lease_until_ms then
    return 0
  elseif self.parked then
    return self.reply.probe and self.reply.probe ~= self.begun_probe and 1 or 0
  end
  return math.min(self.share, self.bound, self.max_concurrency)
end

--- True if one more may be in flight now.
---@return boolean
function Places:has_place(in_flight, now_ms)
  return in_flight < self:places(now_ms)
end

--- When the pause ends. If there is no pause, this time has passed.
---@return number ms
function Places:paused_until()
  return self.paused_until_ms
end

--- How many of all clients may be in flight, as far as known.
---@return integer
function Places:window()
  return math.floor(self.reply.window)
end

--- Why the store grants no place to anybody: it does not answer, or is new. A reply that is lost
--- alone is no reason: the lease lasts.
---@return string|nil
function Places:problem(now_ms)
  if now_ms < self.lease_until_ms and math.min(self.share, self.bound) > 0 then
    return nil
  elseif self.failure then
    return "the limit's store is out of reach: " .. self.failure
  elseif self.reply.quiet_ms then
    local text = "the limit's store is new or has lost its state: nothing is sent for %.0f s"
    return text:format(self.reply.quiet_ms / 1000)
  end
end

--- Why there is no place, if some were asked for.
---@return string|nil
---@return boolean|nil is_outage the service does not answer
function Places:why(now_ms)
  if not self.joined or now_ms < self.paused_until_ms or self:places(now_ms) > 0 then
    return nil
  end
  local problem = self:problem(now_ms)
  if problem then
    return problem
  elseif self.parked and self.told.parked then
    return "the service does not answer: one client of the limit tries at a time", true
  end
  return self.asking and "the limit's store is asked for a place"
    or "other clients have all places of the limit"
end

-- ---- what an engine tells

--- An attempt is made.
---@param in_flight integer including this attempt
---@return integer mark for `cut` and `pause`
function Places:begin(in_flight)
  self.begun = self.begun + 1
  self.peak = math.max(self.peak, in_flight)
  self.begun_probe = self.parked and self.reply.probe or self.begun_probe
  return self.begun
end

--- An attempt ended without a sign of overload.
function Places:succeeded()
  self.successes = self.successes + 1
end

--- The server cannot keep up. The window of all is cut once per round trip.
---@param mark integer of the attempt
---@param load "crowded"|"busy" too many at once, or too much work
---@return boolean changed
function Places:cut(mark, load)
  if mark <= self.cut_mark then
    return false
  end
  self.cut_mark = self.begun
  self.cut_news, self.cut_seen = CUTS[load], self.reply.cuts
  self.share = math.max(1, math.floor(self.share * CUTS[load]))
  return true
end

--- The server said how many it takes at once.
---@param maximum integer
function Places:cap(maximum)
  if maximum ~= self.maximum then
    self.maximum, self.cap_news = maximum, math.max(1, maximum)
  end
end

--- What the server asked for stays asked for.
local function set_pause_news(self, until_ms, asked, pauses)
  self.pause_asked = asked or (self.pause_news and self.pause_asked)
  self.pause_news, self.pause_seen = until_ms, pauses
end

--- Pause until `until_ms`, unless a longer pause is set. Own pauses are random. Only one of all
--- clients is set per round trip: the longest of many would not be random.
---@param mark integer of the attempt
---@param asked boolean the server asked for this pause
---@return boolean longer whether the pause is longer now
function Places:pause(mark, until_ms, asked)
  if until_ms <= self.paused_until_ms or (not asked and mark <= self.pause_mark) then
    return false
  end
  self.paused_until_ms, self.pause_mark = until_ms, self.begun
  set_pause_news(self, until_ms, asked, self.reply.pauses)
  return true
end

--- The circuit of this client is open (true), or closed again. While it is open, the client has no
--- place, but one if it is to make the probe for all.
---@param is_parked boolean
function Places:park(is_parked)
  self.parked = is_parked
end

--- True if the outage ended: the probe of any client succeeded since `park(true)`. Then
--- `is_parked` is false without a `park(false)`.
---@return boolean
function Places:is_parked()
  return self.parked
end

--- The attempt of this client's probe failed.
function Places:probe_failed()
  self.probed = self.begun_probe
end

--- The parent of this process goes on with its places. The child joins anew.
function Places:forked()
  self.id, self.asking, self.joined, self.failure = false, false, false, false
  self.share, self.lease_until_ms, self.bound = 0, 0, math.huge
  self.told = { wants = 0, flying = 0, successes = self.successes }
end

-- ---- exchanges

local function has_news(self)
  local has_parked = self.parked ~= (self.told.parked or false)
  return self.cut_news or self.pause_news or self.cap_news or has_parked
end

--- True if the client could use more places, and might get them now.
local function wants_more(self, in_flight, wants)
  local told, reply = self.told, self.reply
  wants = math.min(wants, self.max_concurrency)
  if wants <= self.share or in_flight < self.share then
    return false
  end
  local has_filled = self.successes - told.successes >= math.max(1, self.share)
  return wants > told.wants or (has_filled and reply.window ~= reply.most)
end

--- Places that are to be given back, and are used no more.
local function gives_back(self, in_flight)
  return self.told.flying > self.share and in_flight <= self.share
end

--- When `exchange` is to be called. nil: not before `in_flight` or `wants` changes.
---@param in_flight integer
---@param wants integer including those in flight
---@return number|nil ms in the past if it is due
function Places:due_at(in_flight, wants)
  if not self.joined and wants == 0 and not has_news(self) then
    return nil
  end
  local is_urgent = not self.joined
    or has_news(self)
    or wants_more(self, in_flight, wants)
    or gives_back(self, in_flight)
  if is_urgent and not self.asking and not self.failure then
    return self.sent_ms + self.beat / MESSAGES_A_HEARTBEAT
  end
  return self.sent_ms + self.beat
end

local function new_id(random)
  local parts = {}
  for i = 1, 4 do
    parts[i] = ("%08x"):format(math.floor(random() * 2 ^ 32))
  end
  return table.concat(parts)
end

--- The message that is due. Until its reply came, the client uses no more places than it names.
---@return table
function Places:ask(in_flight, wants)
  if self.asking then
    self:fail(self.asking, "no answer in time")
  end
  local now_ms, pause, cut = self.now(), self.pause_news, self.cut_news
  self.id, self.seq = self.id or new_id(self.random), self.seq + 1
  wants = math.max(in_flight, math.min(wants, self.max_concurrency))
  local message = {
    id = self.id,
    seq = self.seq,
    beat = self.beat,
    attempt_ms = self.attempt_ms,
    joins = not self.joined or nil,
    flying = in_flight,
    wants = wants,
    had = now_ms < self.lease_until_ms and self.share or 0,
    peak = self.peak,
    successes = self.successes,
    cut = cut or nil,
    cuts = cut and self.cut_seen or nil,
    most = self.cap_news or nil,
    pause_ms = pause and math.max(0, pause - now_ms) or nil,
    asked = pause and self.pause_asked or nil,
    pauses = pause and self.pause_seen or nil,
    parked = self.parked or nil,
    probed = self.probed or nil,
  }
  local unsaid = {
    cut = cut,
    cut_seen = self.cut_seen,
    pause = pause,
    pause_asked = self.pause_asked,
    pause_seen = self.pause_seen,
    cap = self.cap_news,
  }
  self.asking, self.unsaid = message, unsaid -- from here on nothing allocates
  self.cut_news, self.pause_news, self.cap_news = false, false, false
  self.sent_ms, self.joined, self.peak = now_ms, true, in_flight
  self.bound = math.min(self.bound, in_flight)
  return self.asking
end

--- No reply came. The store may have read the message, or will read it later.
---@param message table of `ask`
---@param why string
function Places:fail(message, why)
  if message ~= self.asking then
    return
  end
  local unsaid = self.unsaid
  self.asking, self.failure = false, why
  if unsaid.cut and not self.cut_news then
    self.cut_news, self.cut_seen = unsaid.cut, unsaid.cut_seen
  end
  if unsaid.pause and self.pause_news then
    self.pause_asked = self.pause_asked or unsaid.pause_asked
  elseif unsaid.pause then
    set_pause_news(self, unsaid.pause, unsaid.pause_asked, unsaid.pause_seen)
  end
  self.cap_news = self.cap_news or unsaid.cap
  self.peak = math.max(self.peak, message.peak)
end

--- The store lost its state: it knows neither the pause nor the server's maximum.
local function tell_again(self, now_ms)
  if now_ms < self.paused_until_ms and not self.pause_news then
    set_pause_news(self, self.paused_until_ms, true, false)
  end
  self.cap_news = self.cap_news or self.maximum
end

--- What the reply says of all clients.
local function learn(self, reply, now_ms)
  local before = self.reply
  local is_lost = before.life and reply.life ~= before.life
  if reply.cuts ~= before.cuts then
    self.cut_mark = self.begun
  end
  if reply.pauses ~= before.pauses then
    self.pause_mark = self.begun
  end
  self.paused_until_ms = math.max(self.paused_until_ms, now_ms + reply.pause_ms)
  if is_lost then
    tell_again(self, now_ms)
  elseif before.life and reply.ups ~= before.ups then
    self.parked = false
  end
  if reply.policy and reply.policy ~= "noeviction" then
    self.warning = "Redis may lose the limit's state: its maxmemory-policy is " .. reply.policy
  end
  self.reply = reply
end

--- The reply came. The lease counts from when the message was sent.
---@param message table of `ask`
---@param reply table of the store
function Places:take(message, reply)
  if message ~= self.asking or reply.seq ~= message.seq then
    return
  end
  self.asking, self.failure, self.told = false, false, message
  self.share, self.bound = math.floor(reply.share), math.huge -- JSON makes floats of integers
  self.lease_until_ms = self.sent_ms + reply.lease_ms
  self.joined = message.wants > 0
  learn(self, reply, self.now())
end

--- Tell the store, and learn how many may be in flight. Errors of the store are kept for `why`.
---@param in_flight integer
---@param wants integer including those in flight
function Places:exchange(in_flight, wants)
  local message = self:ask(in_flight, wants)
  local ok, reply, why = pcall(self.store.send, self.store, message)
  if ok and reply then
    self:take(message, reply)
  else
    self:fail(message, tostring(ok and why or reply))
  end
end

return M
