--- What may become of one attempt, and how likely that is at which time.

local M = {}

-- How an attempt goes. `sent`: the request leaves. `reaches`: the server gets it. `applies`:
-- and does what it asks, false: never, "perhaps": either. `code`: libcurl's, where no answer
-- comes; `ms`: after so long, else after a round trip.
M.FATES = {
  good = { sent = true, reaches = true, applies = true },
  no_connection = { code = 7 },
  no_address = { code = 6 },
  connect_timeout = { code = 28, ms = 10000 },
  tls_failed = { code = 35 },
  untrusted = { code = 60 },
  lost = { sent = true, code = 56 },
  silent = { sent = true, code = 28, ms = 30000 },
  broken = { sent = true, reaches = true, applies = "perhaps", code = 56 },
  unanswered = { sent = true, reaches = true, applies = true, code = 28, ms = 30000 },
  late = { sent = true, reaches = true, applies = true, code = 28, ms = 30000, after_ms = 60000 },
  refused = { sent = true, reaches = true, applies = false, answer = "refused" },
  stopping = { sent = true, reaches = true, applies = false, answer = "stopping" },
  throttled = { sent = true, reaches = true, applies = false, answer = "throttled" },
  crowded = { sent = true, reaches = true, applies = false, answer = "crowded" },
  failed = { sent = true, reaches = true, applies = "perhaps", answer = "failed" },
  unavailable = { sent = true, reaches = true, applies = false, answer = "unavailable" },
  garbage = { sent = true, reaches = true, applies = "perhaps", answer = "garbage" },
}

-- Single faults in otherwise good weather.
local SPORADIC = {
  "no_connection",
  "connect_timeout",
  "tls_failed",
  "lost",
  "silent",
  "broken",
  "broken",
  "unanswered",
  "late",
  "refused",
  "throttled",
  "crowded",
  "failed",
  "failed",
  "unavailable",
  "garbage",
  "garbage",
}
local RARE = { "untrusted", "stopping", "no_address" }
local OUTAGES =
  { "no_connection", "connect_timeout", "lost", "silent", "broken", "failed", "unavailable" }
local STORMS = { "throttled", "throttled", "crowded", "unavailable" }

---@class spec.proof.sim.Weather
local Weather = {}
Weather.__index = Weather

local function draw_spell(random, from)
  local is_storm = random:chance(0.5)
  local is_endless = not is_storm and random:chance(0.2)
  return {
    from = from,
    till = is_endless and math.huge or from + random:spread(500, is_storm and 60000 or 240000),
    fate = random:pick(is_storm and STORMS or OUTAGES),
    share = random:chance(0.5) and 1 or 0.2 + 0.8 * random:next(),
  }
end

--- The weather of one process's life.
---@param random table
---@param from number ms
---@param calm boolean
function M.draw(random, from, calm)
  local self = setmetatable({
    random = random,
    latency_ms = random:spread(1, 500),
    is_steady = random:chance(0.3),
    faults = not calm and random:pick { 0, 0, 0.02, 0.1, 0.3 } or 0,
    rare = not calm and random:pick { 0, 0, 0, 0.003 } or 0,
    retry_after = random:pick { "none", "short", "short", "date", "long", "odd" },
    maximum = not calm and random:chance(0.1) and random:int(1, 8) or false,
    resends = not calm and random:pick { 0, 0, 0.05 } or 0,
    spells = {},
  }, Weather)
  while not calm and #self.spells < 3 and random:chance(0.4) do
    self.spells[#self.spells + 1] = draw_spell(random, from + random:spread(10, 60000))
  end
  return self
end

--- One attempt's fate, by the time it begins.
---@return string a key of FATES
function Weather:fate_at(now)
  local random = self.random
  for _, spell in ipairs(self.spells) do
    if now >= spell.from and now < spell.till and random:chance(spell.share) then
      return spell.fate
    end
  end
  if self.faults > 0 and random:chance(self.faults) then
    return random:pick(SPORADIC)
  elseif self.rare > 0 and random:chance(self.rare) then
    return random:pick(RARE)
  end
  return "good"
end

--- How long one way takes.
function Weather:latency()
  local random = self.random
  if self.is_steady then
    return self.latency_ms -- so that many end at the same time
  end
  local slow = random:chance(0.02) and 10 or 1
  return self.latency_ms * slow * (0.5 + random:next())
end

return M
