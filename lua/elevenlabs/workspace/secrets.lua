--- Takes secrets out of what people see and what files keep: errors, receipts, events, refused items.

local M = {}

M.MASK = "[secret]"

--- Replace a secret in all strings of a value, in the keys of tables too.
local function without(value, secret)
  if type(value) == "string" then
    local from, to = value:find(secret, 1, true)
    while from do
      value = value:sub(1, from - 1) .. M.MASK .. value:sub(to + 1)
      from, to = value:find(secret, from + #M.MASK, true)
    end
    return value
  elseif type(value) ~= "table" then
    return value
  end
  local masked = {}
  for k, v in pairs(value) do
    masked[without(k, secret)] = without(v, secret)
  end
  return masked
end

-- As EW_SHORTEST_SECRET of the core: a shorter key may be a part of a text by chance.
local SHORTEST = 12 -- bytes

--- True if a user's text is the key or holds the key.
---@param text string
---@param key string|false
---@return boolean
function M.holds(text, key)
  return key and (text == key or (#key >= SHORTEST and text:find(key, 1, true) ~= nil))
end

--- A copy of a user's table without secrets. Nobody has checked the table, so no metamethod of the
--- table runs. An inner table is not copied: an inner table may hold itself.
---@param mask fun(value: any): any
---@param given table
---@return table
function M.in_fields(mask, given)
  local copy = {}
  for name, value in next, given do
    name = type(name) == "string" and mask(name) or name
    copy[name] = type(value) == "string" and mask(value) or value
  end
  return copy
end

--- A function that takes secrets out of a value. The secrets are in this function alone: no field
--- of a client or call shows one.
---@param secrets string[] an empty string is no secret; of two that overlap the first is replaced
function M.masker(secrets)
  local list = {}
  for _, secret in ipairs(secrets) do
    list[#list + 1] = secret ~= "" and secret or nil
  end
  return function(value)
    for i = 1, #list do
      value = without(value, list[i])
    end
    return value
  end
end

--- A masker of the key and of what `mask` takes out. The key is in this function alone.
---@param mask fun(value: any): any
---@param key string an empty one is no secret
---@return fun(value: any): any
function M.with_key(mask, key)
  if key == "" then
    return mask
  end
  return function(value)
    return mask(without(value, key))
  end
end

return M
