--- The simulated store and the way to it: messages come late or never, and so do replies. The store
--- runs the script that Redis runs, over a clock that steps.

local cjson = require "cjson"

local M = {}

---@class spec.proof.limits.SimStore
local Store = {}
Store.__index = Store

---@param world spec.proof.limits.World
---@param protocol table of the script
---@param judge spec.proof.limits.Judge
function M.new(world, protocol, judge)
  return setmetatable({
    world = world,
    protocol = protocol,
    judge = judge,
    version = cjson.encode { clients = {} },
    old = false, -- a copy that a restart may bring back
    runs = 1,
    offset = world.random:int(0, 10 ^ 12),
    loss = 0, -- how often a message or a reply is lost
    late = 0, -- ... or comes much later
  }, Store)
end

local function accessors(clients)
  return {
    get = function(id)
      return clients[id]
    end,
    set = function(id, client)
      clients[id] = client
    end,
    all = function()
      return clients
    end,
  }
end

--- A message is read. -> the reply's text
function Store:read(text, member)
  local version, message = cjson.decode(self.version), cjson.decode(text)
  local before = version.state
  local now = math.floor(self.world.now + self.offset)
  local earlier = {}
  for field, value in pairs(before or {}) do
    earlier[field] = value
  end
  local clients = accessors(version.clients)
  local reply
  version.state, reply =
    self.protocol.decide(before, clients, message, now, "run" .. self.runs)
  if not reply then
    return nil
  end
  self.version = cjson.encode(version)
  self.judge:store_changed(earlier, version.state, version.clients, message, member)
  return cjson.encode(reply)
end

--- A delay in a network that is mostly quick.
local function delay(self)
  local random = self.world.random
  return random:chance(self.late) and random:spread(100, 8000) or random:spread(0.1, 20)
end

--- Send a message for a member, whose `took` gets the reply's text.
function Store:send(member, text, took)
  local world = self.world
  local function is_lost()
    return world.random:chance(self.loss) or world.now < member.cut_off_until
  end
  if is_lost() then
    return
  end
  world:after(delay(self), function()
    local reply = self:read(text, member)
    if reply and not is_lost() then
      world:after(delay(self), function()
        took(reply)
      end)
    end
  end)
end

-- ---- what befalls a store

function Store:step(ms)
  self.world:note("the store's clock steps by %.0f ms", ms)
  self.offset = self.offset + ms
  self.judge:clock_stepped()
end

--- It restarts without its state, or with an older one.
function Store:restart(with_old)
  self.world:note("the store restarts %s", with_old and "with an old state" or "empty")
  self.runs = self.runs + 1
  self.version = with_old and self.old or cjson.encode { clients = {} }
  self.judge:store_lost()
end

--- Somebody flushed it.
function Store:flush()
  self.world:note "the store is flushed"
  self.version = cjson.encode { clients = {} }
  self.judge:store_lost()
end

function Store:snapshot()
  self.old = self.version
end

return M
