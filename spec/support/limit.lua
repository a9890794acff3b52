--- A limit over a store of the spec's own.

local places = require "elevenlabs.workspace.limits.places"

local M = {}

--- A store's reply to a message: two places for three seconds.
---@param message table
---@param changes table|nil
---@return table
function M.reply(message, changes)
  local reply = {
    seq = message.seq,
    share = 2,
    lease_ms = 3000,
    window = 20,
    cuts = 1,
    pauses = 1,
    pause_ms = 0,
    life = 7,
    ups = 1,
  }
  for name, value in pairs(changes or {}) do
    reply[name] = value
  end
  return reply
end

--- A limit for clients.
---@param send fun(message: table): table|nil, string|nil may yield
---@return elevenlabs.workspace.Limit
function M.over(send)
  return {
    join = function(_, parts)
      parts.store = {
        send = function(_, message)
          return send(message)
        end,
      }
      return places.new(parts)
    end,
  }
end

--- False in Lua 5.1 itself, in which nothing can yield through a pcall.
M.can_yield = rawget(_G, "jit") ~= nil or _VERSION ~= "Lua 5.1"

return M
