--- What a store does with a client's message: one text that runs as a script in Redis, in nginx's
--- workers over their shared dictionary, and in simulations. Pure: state, message and clock come
--- from outside.

local M = {}

--- A chunk that returns { new, decide }. It runs on Redis's Lua 5.1 too. In steady state a message
--- costs the same for any number of clients: sums and the plan are kept in the state, and all
--- clients are read only if these may have changed, or if clients wait for a turn.
M.SOURCE = [==[
-- In heartbeats: how long a lease lasts, how far one message may move the limit's time, and how
-- long a client keeps its one place while others wait for a place.
local LEASE, LEAP, TURN = 3, 2, 3
local FIRST_WINDOW, MIN_WINDOW = 4, 1
local MAX_PAUSE_MS = 300000
local FIRST_PROBE_MS, MAX_PROBE_MS = 1000, 30000

-- ---- the state and its time

-- `server` names the store's process. The state of another process may be an old copy.
local function new(now, server, is_quiet)
  return {
    server = server,
    time = 0, -- the limit's own time, in ms: all other times are of this clock
    seen = now, -- the store's clock at the last message
    quiet = is_quiet, -- clients of a lost state may still have requests in flight
    born = 0,
    longest_ms = 0, -- the longest attempt time-out of any client
    window = FIRST_WINDOW,
    successes = 0, -- since the window last changed
    -- These count from `now`, so that no number of a lost state comes again: how often the window
    -- was cut, how often the pause became longer, probes, and outages that ended.
    life = now,
    cuts = now,
    pauses = now,
    probes = now,
    ups = now,
    paused_until = 0,
    probe_at = 0,
    probe_until = 0,
    probe_ms = FIRST_PROBE_MS,
    is_reserved = false, -- one place is kept free for the probe
    held = 0, -- sums over all clients: places, ...
    peak = 0, -- ... the most in flight since the message before the last
    in_use = 0, -- ... clients that hold or want places
    parked = 0, -- ... clients that wait for the end of an outage
    share = 0, -- the plan: an equal share for each client that wants more, ...
    extras = 0, -- ... and how many of these may have one place more
    over = 0, -- clients that hold more than the share
    next_end = 0, -- when the first lease ends
  }
end

-- The store's clock may step. So the limit's time never goes back, and goes at most LEAP
-- heartbeats on at once: each client sends more often. Places are given back later by as much.
local function advance(state, now, beat)
  local gone = math.max(0, now - state.seen)
  if state.in_use > 0 then
    gone = math.min(gone, LEAP * beat)
  end
  state.time, state.seen = state.time + gone, now
end

local function end_quiet(state, message)
  state.longest_ms = math.max(state.longest_ms, message.attempt_ms)
  local quiet_ms = (LEASE + LEAP) * message.beat + state.longest_ms
  local left_ms = state.born + quiet_ms - state.time
  state.quiet = state.quiet and left_ms > 0
  return state.quiet and left_ms or nil
end

-- Add a client to the sums, or take it out (-1).
local function count(state, client, sign)
  state.held = state.held + sign * client.held
  state.peak = state.peak + sign * client.peak
  state.in_use = state.in_use + ((client.held > 0 or client.wants > 0) and sign or 0)
  state.parked = state.parked + (client.parked and sign or 0)
  state.over = state.over + (client.held > state.share and sign or 0)
end

-- ---- what a client reports

local function set_window(state, window)
  state.window = math.max(MIN_WINDOW, math.min(state.most or math.huge, window))
  state.successes, state.is_changed = 0, true
end

-- An attempt from before the last cut tells nothing new: its client did not know of the cut.
local function cut(state, message)
  if message.cut and message.cuts == state.cuts then
    state.cuts = state.cuts + 1
    set_window(state, state.window * message.cut)
  end
  if message.most then
    state.most = message.most
    if state.window > state.most then
      set_window(state, state.most)
    end
  end
end

-- Of the clients' own pauses, which are random, only the first of a round trip counts.
local function pause(state, message)
  local pause_ms = math.min(message.pause_ms or 0, MAX_PAUSE_MS)
  local is_news = message.asked or message.pauses == state.pauses
  if is_news and pause_ms > 0 and state.time + pause_ms > state.paused_until then
    state.paused_until, state.pauses = state.time + pause_ms, state.pauses + 1
  end
end

-- One growth a full window of successes, if the clients together used the window.
local function grow(state, own)
  if state.successes + 1 > state.window then
    local is_full = state.peak + own.peak + 1 > state.window
    if is_full and state.window ~= state.most then
      set_window(state, state.window + 1)
    end
    state.successes = 0
  end
end

-- Successes are counted since the client began: a message whose reply was lost counts once.
local function record(state, own, message)
  state.successes = state.successes + message.successes - own.successes
  own.successes = message.successes
  if message.parked and not own.parked and state.parked == 0 then
    state.probe_ms, state.probe_at = FIRST_PROBE_MS, state.time + FIRST_PROBE_MS
  end
  own.seq, own.peak, own.wants, own.parked =
    message.seq, message.peak, message.wants, message.parked
  own.ends = state.time + LEASE * message.beat
  own.back = own.ends + message.attempt_ms + LEAP * message.beat
end

-- ---- the plan

-- The largest equal share, and how many clients may have one place more. Clients that want less
-- than the share leave the rest to others.
local function equal_share(wants, places)
  local left, unsettled = places, #wants
  table.sort(wants)
  for _, want in ipairs(wants) do
    local share = math.floor(left / unsettled)
    if want > share then
      return share, left - share * unsettled
    end
    left, unsettled = left - want, unsettled - 1
  end
  return places, 0 -- more than anyone wants
end

local function shares(state, client)
  return client.wants > 0 and not client.parked and state.time < client.ends
end

-- Forget the clients whose leases and places have ended, and plan anew. `own` is in no sum.
local function plan(state, clients, own, own_id)
  local wants, others = { shares(state, own) and own.wants or nil }, {}
  state.next_end, state.is_changed = own.ends, nil
  for id, client in pairs(clients.all()) do
    local ends = state.time < client.ends and client.ends or client.held > 0 and client.back or 0
    if id ~= own_id and ends <= state.time then
      clients.set(id, nil)
    elseif id ~= own_id then
      state.next_end = math.min(state.next_end, ends)
      others[#others + 1] = client
      wants[#wants + 1] = shares(state, client) and client.wants or nil
    end
  end
  state.share, state.extras =
    equal_share(wants, math.floor(state.window) - (state.prober and 1 or 0))
  state.held, state.peak, state.in_use, state.parked, state.over = 0, 0, 0, 0, 0
  for _, client in ipairs(others) do
    count(state, client, 1)
  end
end

-- What the plan knows of a client.
local function demand(state, client)
  return client.parked and 0 or math.min(client.wants, state.share + 1)
end

-- ---- one probe of an outage for all

local function is_first_to_probe(state, clients, own, own_id)
  for id, client in pairs(clients.all()) do
    local is_earlier = client.probed < own.probed or (client.probed == own.probed and id < own_id)
    if id ~= own_id and client.parked and is_earlier and state.time < client.ends then
      return false
    end
  end
  return true
end

local function end_probe(state, failed)
  state.prober, state.is_reserved, state.is_changed = nil, false, true
  state.ups = state.ups + (failed and 0 or 1)
  state.probe_ms = failed and math.min(MAX_PROBE_MS, state.probe_ms * 2) or FIRST_PROBE_MS
  state.probe_at = state.time + state.probe_ms
end

-- The prober comes back parked if its probe failed, and not parked if the outage is over.
local function probe(state, clients, message, own)
  local is_prober = state.prober == message.id
  local has_failed = is_prober and message.probed == state.probes
  if is_prober and not message.parked then
    end_probe(state, false)
  elseif has_failed or (state.prober and state.time >= state.probe_until) then
    end_probe(state, true)
  end
  local may_begin = not state.prober and not state.quiet and state.time >= state.probe_at
  if message.parked and may_begin and is_first_to_probe(state, clients, own, message.id) then
    state.probes, state.is_reserved, state.is_changed = state.probes + 1, true, true
    state.prober, state.probe_until, own.probed = message.id, own.back, state.probes
  end
end

-- ---- who may hold how many places

-- More clients than places: each has one for a while, and the longest waiting is next. `since` is
-- when a client got its place or lost it.
local function turn(state, clients, message, own, free)
  local holds = own.held > 0
  if holds and state.time - own.since < TURN * message.beat then
    return 1
  elseif not holds and free == 0 then
    return 0
  end
  local waiting, earlier = 0, 0
  for id, client in pairs(clients.all()) do
    if id ~= message.id and shares(state, client) then
      waiting = waiting + (client.held == 0 and 1 or 0)
      if (client.held > 0) == holds and client.since < own.since then
        earlier = earlier + 1
      end
    end
  end
  if holds then
    return earlier < waiting - free + 1 and 0 or 1
  end
  return earlier < free and 1 or 0
end

-- How many places the client is to have, whether or not they are free.
local function target(state, clients, message, own, free)
  if own.parked then
    return state.prober == message.id and 1 or 0
  elseif own.wants <= state.share then
    return own.wants
  elseif state.share == 0 then
    return turn(state, clients, message, own, free)
  end
  return state.share + (state.over < state.extras and 1 or 0)
end

-- A client keeps the places of what it has in flight. Any other is granted only if it is free.
local function grant(state, clients, message, own)
  local is_prober = state.prober == message.id
  local reserved = state.is_reserved and not is_prober and 1 or 0
  local free = math.max(0, math.floor(state.window) - state.held - reserved)
  local share = state.quiet and math.min(message.had, message.wants)
    or math.min(target(state, clients, message, own, free), free)
  local held = math.max(share, message.flying)
  if (held > 0) ~= (own.held > 0) then
    own.since = state.time
  end
  own.held = held
  state.is_reserved = state.is_reserved and not (is_prober and held > 0)
  return share
end

-- ---- a message

-- Another process holds the state: an empty one, or an old copy. Each client joins anew.
local function lose(state, clients, now, server)
  state.life, state.cuts, state.pauses, state.probes, state.ups = now, now, now, now, now
  state.server, state.quiet, state.born = server, true, state.time
  state.prober, state.is_reserved = nil, false
  for other in pairs(clients.all()) do
    clients.set(other, nil)
  end
end

-- The client of the message, out of all sums. Its places may be others' if its time is over.
local function meet(state, own, message)
  if own and state.time < own.back then
    count(state, own, -1)
    return own
  end
  state.is_changed = true
  return { held = 0, wants = 0, since = state.time, successes = message.successes, probed = 0 }
end

local function report(state, clients, message, own)
  local before = demand(state, own)
  record(state, own, message)
  cut(state, message)
  pause(state, message)
  grow(state, own)
  probe(state, clients, message, own)
  if state.is_changed or state.time >= state.next_end or demand(state, own) ~= before then
    plan(state, clients, own, message.id)
  end
end

-- `clients` holds the clients of the state: get(id), set(id, client or nil), all().
-- -> state, reply. No reply: the message is older than another of its client.
local function decide(state, clients, message, now, server)
  state = state or new(now, server, true)
  advance(state, now, message.beat)
  if state.server ~= server then
    lose(state, clients, now, server)
  end
  local own = clients.get(message.id)
  if own and message.seq <= own.seq then
    return state
  end
  local quiet_ms = end_quiet(state, message)
  own = meet(state, own, message)
  report(state, clients, message, own)
  local share = grant(state, clients, message, own)
  count(state, own, 1)
  clients.set(message.id, own)
  return state, {
    seq = message.seq,
    share = share,
    lease_ms = LEASE * message.beat,
    window = math.floor(state.window),
    most = state.most,
    cuts = state.cuts,
    pauses = state.pauses,
    pause_ms = math.max(0, state.paused_until - state.time),
    life = state.life,
    quiet_ms = quiet_ms,
    ups = state.ups,
    probe = share > 0 and state.prober == message.id and state.probes or nil,
  }
end

return { new = new, decide = decide }
]==]

local load = rawget(_G, "loadstring") or load

--- The chunk's functions.
---@return { new: function, decide: function }
function M.load()
  return assert(load(M.SOURCE, "=limits/script"))()
end

return M
