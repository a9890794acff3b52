--- Takes secrets out of what is shown to people: errors, receipts, events.

local M = {}

M.MASK = "[secret]"

--- Replace a secret wherever it stands in a value's strings.
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

--- A function that takes secrets out of a value. The secrets live in it alone:
--- no field of a client or call shows one.
---@param secrets string[] an empty one is none
function M.masker(secrets)
  return function(value)
    for _, secret in ipairs(secrets) do
      value = secret == "" and value or without(value, secret)
    end
    return value
  end
end

return M
