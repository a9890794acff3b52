--- The store of a limit in a shared dictionary of nginx, for all workers of one nginx.
---
--- A dictionary has single atomic operations and no scripts. So each change of the state is a new
--- version, under a key of its own: of the workers that read one version, only one can add the next.
--- A worker may be killed between any two operations: the newest version is whole. The clock is the
--- machine's monotonic one, which all workers share.

local cjson = require "elevenlabs.workspace.cjson"
local core = require "elevenlabs.workspace.core"
local script = require "elevenlabs.workspace.limits.script"

local M = {}

local protocol = script.load()

local KEPT = 16 -- versions
local MAX_UNCOUNTED = 1000
local TRIES = 200
local SERVER = "nginx" -- a reload keeps the dictionary; a restart ends all requests too

---@class elevenlabs.workspace.limits.SharedDict: elevenlabs.workspace.limits.Store
local SharedDict = {}
SharedDict.__index = SharedDict

--- What a version holds, for the script.
local function open(text)
  local version = text and cjson.decode(text) or { clients = {} }
  local clients = version.clients
  return version,
    {
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

--- Where to look for the newest version: `at` counts versions, but for those whose workers were
--- killed before they counted. It begins anywhere, so that no number is used again after the
--- dictionary was flushed.
local function newest(self)
  local dict = self.dict
  dict:safe_add(self.prefix .. "at", math.floor(core.random() * 2 ^ 40))
  local at = dict:get(self.prefix .. "at")
  local version = at
  while at and dict:get(self.prefix .. (version + 1)) do
    version = version + 1
  end
  return at, version
end

--- True if the version became the newest. A worker that stood still may add a version that was
--- removed meanwhile, or flushed: then `at` is far from it.
local function add(self, version, text)
  local dict, key = self.dict, self.prefix .. version
  local ok, why = dict:safe_add(key, text)
  if not ok then
    return false, why
  end
  local at = dict:get(self.prefix .. "at")
  if not at or at >= version + KEPT or at < version - MAX_UNCOUNTED then
    dict:delete(key)
    return false, "exists"
  end
  at = dict:incr(self.prefix .. "at", 1)
  if at then
    dict:delete(self.prefix .. (at - KEPT))
  end
  return true
end

--- One try. -> whether it is over, what `change` gave, why not
local function try(self, change)
  local at, version = newest(self)
  if not at then
    return true, nil, "the shared dictionary is full"
  end
  local text = self.dict:get(self.prefix .. version)
  if not text and self.dict:get(self.prefix .. "at") ~= at then
    return false -- newer ones have come
  end
  local new, clients = open(text)
  local result
  new.state, result = change(new.state, clients)
  if not result then
    return true, nil, "a later message came before this one"
  end
  local ok, why = add(self, version + 1, cjson.encode(new))
  return ok or why ~= "exists", ok and result or nil, why
end

local function transact(self, change)
  for _ = 1, TRIES do
    local is_over, result, why = try(self, change)
    if is_over then
      return result, why
    end
  end
  return nil, "the shared dictionary is changed by too many workers"
end

--- One exchange.
---@param message table
---@return table|nil reply
---@return string|nil why not
function SharedDict:send(message)
  return transact(self, function(state, clients)
    return protocol.decide(state, clients, message, math.floor(core.now()), SERVER)
  end)
end

--- A store made while nginx starts knows that no request is in flight, if the dictionary is new.
---@param dict table ngx.shared.NAME
---@param name string of the limit
---@param is_starting boolean
---@return elevenlabs.workspace.limits.SharedDict
function M.new(dict, name, is_starting)
  local self =
    setmetatable({ dict = dict, prefix = "elevenlabs-workspace:" .. name .. ":" }, SharedDict)
  if is_starting then
    transact(self, function(state)
      return state or protocol.new(math.floor(core.now()), SERVER, false), not state
    end)
  end
  return self
end

return M
