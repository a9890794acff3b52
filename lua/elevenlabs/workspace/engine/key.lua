--- The API key, or the user's function that gives the key. The key is in closures alone: no field
--- shows it.

local secrets = require "elevenlabs.workspace.secrets"

local M = {}

local function invalid(message)
  return { kind = "invalid_argument", field = "api_key", message = message }
end

--- Ask the user's function. It may raise or return nonsense.
local function ask(f)
  local ok, key = pcall(f)
  if not ok then
    return nil, invalid "api_key raised an error"
  elseif key == nil or (key ~= false and type(key) ~= "string") then
    return nil, invalid("api_key must give a string (or false for none), got " .. type(key))
  end
  return key
end

---@class elevenlabs.workspace.Key
--- True: `get` calls a function of the user's, which may do anything. No step may be under way.
---@field is_asked boolean
--- Masks the client's secrets, and the key that is known.
---@field mask fun(value: any): any
--- -> the key that is known: the user's string, or what the user's function gave last. false: none
---@field known fun(): string|false
--- -> the key (false: none) and a function that masks it, as it masks the client's other secrets;
--- or nil and a failure
---@field get fun(): string|false|nil, function|table

---@param api_key string|false|function
---@param mask fun(value: any): any masks the client's other secrets
---@return elevenlabs.workspace.Key
function M.new(api_key, mask)
  if type(api_key) ~= "function" then
    local key_mask = api_key and secrets.with_key(mask, api_key) or mask
    return {
      is_asked = false,
      mask = key_mask,
      known = function()
        return api_key
      end,
      get = function()
        return api_key, key_mask
      end,
    }
  end
  local known, known_mask = false, mask
  return {
    is_asked = true,
    mask = function(value)
      return known_mask(value)
    end,
    known = function()
      return known
    end,
    get = function()
      local key, failure = ask(api_key)
      if key == nil then
        return nil, failure
      end
      local key_mask = key and secrets.with_key(mask, key) or mask
      known, known_mask = key, key_mask
      return key, key_mask
    end,
  }
end

return M
