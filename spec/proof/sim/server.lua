--- The server as a model: who has which role, and what became of each request. It knows what
--- the client must not guess.

local M = {}

local BODIES = {
  ok = '{"status":"ok"}',
  [400] = '{"detail":{"status":"bad","message":"no"}}',
  [401] = '{"detail":{"code":"invalid_api_key","message":"no"}}',
  [402] = '{"detail":{"type":"payment_required","message":"no"}}',
  [403] = '{"detail":"no"}',
  [404] = '{"detail":{"code":"not_found","message":"no such resource"}}',
  [409] = '{"detail":{"message":"at the same time"}}',
  [422] = '{"detail":[{"loc":["body","user_email"],"msg":"bad"}]}',
  [429] = '{"detail":{"code":"rate_limit_exceeded","message":"slower"}}',
  crowded = '{"detail":{"code":"too_many_concurrent_requests","message":"fewer"}}',
}
local REFUSALS = { 400, 404, 404, 403, 409, 422 }
local STOPPING = { 401, 402, 302 }
local FAILURES = { 500, 500, 502, 504 }
-- 200 that proves nothing, and what is neither yes nor no.
local GARBAGE = {
  { status = 200, body = "<html>", whole = true },
  { status = 200, body = '{"status":', whole = false },
  { status = 200, body = "", whole = false },
  { status = 200, body = "12", whole = false },
  { status = 200, body = BODIES[403], whole = true },
  { status = 200, body = "", whole = true, head_ended = false },
  { status = 200, body = "\255", whole = true },
  { status = 204, body = "", whole = true },
  { status = 304, body = "", whole = true },
}

--- What is known of one item: its requests, and what others did.
---@class spec.proof.sim.Entry
---@field attempts table[] all that were begun
---@field settled integer so many of them are of the past: confirmed, and given up since
---@field taken_back integer|nil so many were begun when somebody took back what one had done

---@class spec.proof.sim.Server
local Server = {}
Server.__index = Server

function M.new(world)
  return setmetatable({
    world = world,
    roles = {},
    entries = {},
    places = {},
    list = {},
    intended = {}, -- by key: the watch of who first wrote down that it will be shared
  }, Server)
end

local TARGETS = { "user_email", "group_id", "workspace_api_key_id" }

--- Whom an item concerns, without the role.
local function place_of(args)
  for _, name in ipairs(TARGETS) do
    if args[name] then
      return (args.resource_id or "") .. "|" .. args[name]
    end
  end
  return args.resource_id or ""
end

--- What an item is known by.
function M.key_of(args)
  local place = place_of(args)
  return args.role and place .. "|" .. args.role or place
end

--- The entry of these arguments, made at first use.
---@return spec.proof.sim.Entry
function Server:entry(args)
  local key = M.key_of(args)
  local entry = self.entries[key]
  if not entry then
    entry = {
      key = key,
      place = place_of(args),
      role = args.role,
      owner = args.resource_id:match "^(%w+)-",
      attempts = {},
      settled = 0,
      applied = 0, -- times
      refusal = self.world.random:chance(0.1) and self.world.random:pick { 404, 422, 400 },
    }
    self.entries[key] = entry
    self.places[entry.place] = self.places[entry.place] or {}
    table.insert(self.places[entry.place], entry)
    self.list[#self.list + 1] = entry
    self.roles[entry.place] = not args.role and "viewer" or nil
  end
  return entry
end

-- ---- answers

local function iso_date(seconds)
  return os.date("!%a, %d %b %Y %H:%M:%S GMT", seconds)
end

--- Headers that ask for a pause, and how long that is where it binds the client.
local function draw_retry_after(self, weather)
  local random, kind = self.world.random, weather.retry_after
  if kind == "none" or random:chance(0.2) then
    return {}
  elseif kind == "odd" then
    return { ["retry-after"] = random:pick { "-5", "1e20", "soon", "99999999999", "" } }
  end
  local long = kind == "long"
  local seconds = random:int(0, long and 400 or 20)
  local headers = { ["retry-after"] = ("%d"):format(seconds) }
  if kind == "date" then
    local date = self.world:wall_s() + random:int(-86400, 86400)
    headers = { ["retry-after"] = iso_date(date + seconds), date = iso_date(date) }
  end
  return headers, seconds <= 300 and seconds * 1000 or nil
end

local ANSWERS = {}

function ANSWERS.refused(self)
  local status = self.world.random:pick(REFUSALS)
  return { status = status, body = BODIES[status] }
end

function ANSWERS.stopping(self)
  local status = self.world.random:pick(STOPPING)
  return { status = status, body = BODIES[status] or "" }
end

function ANSWERS.throttled(self, weather)
  local headers, asked_ms = draw_retry_after(self, weather)
  return { status = 429, body = BODIES[429], headers = headers, asked_ms = asked_ms }
end

function ANSWERS.crowded()
  return { status = 429, body = BODIES.crowded }
end

function ANSWERS.failed(self)
  return { status = self.world.random:pick(FAILURES), body = "" }
end

function ANSWERS.unavailable(self, weather)
  local headers, asked_ms = draw_retry_after(self, weather)
  return { status = 503, body = "", headers = headers, asked_ms = asked_ms }
end

function ANSWERS.garbage(self)
  local answer = {}
  for name, value in pairs(self.world.random:pick(GARBAGE)) do
    answer[name] = value
  end
  return answer
end

--- The answer to a request that arrives now. `proves`: it is the yes that a confirmation needs.
---@param attempt table { op, entry }
---@param fate table of weather.FATES
function Server:answer(attempt, fate, weather)
  local answer
  if fate.answer then
    answer = ANSWERS[fate.answer](self, weather)
  elseif attempt.entry and attempt.entry.refusal then
    answer = { status = attempt.entry.refusal, body = BODIES[attempt.entry.refusal] }
  else
    answer = { status = 200, body = BODIES.ok, proves = true }
  end
  answer.headers = answer.headers or {}
  if weather.maximum then
    answer.headers["maximum-concurrent-requests"] = ("%d"):format(weather.maximum)
  end
  return answer
end

-- ---- changes

--- Do what a request asks for.
function Server:apply(attempt)
  local entry = attempt.entry
  if not entry or entry.refusal or attempt.op == "get" then
    return
  end
  entry.applied, attempt.applied = entry.applied + 1, true
  self.roles[entry.place] = attempt.op == "share" and entry.role or nil
  self.world:note("applied #%d %s %s", attempt.id, attempt.op, entry.key)
end

--- Somebody else takes a role or gives it back, at random moments.
function Server:meddle()
  if #self.list == 0 then
    return
  end
  local entry = self.world.random:pick(self.list)
  local had = self.roles[entry.place]
  self.roles[entry.place] = not had and (entry.role or "viewer") or nil
  if had and entry.applied > 0 then
    entry.taken_back = #entry.attempts
  end
  self.world:note("somebody else %s %s", had and "takes back" or "grants", entry.key)
end

return M
