--- JSON text for people and programs. lua-cjson writes an empty list as {} and, in Lua 5.3 and
--- later, a whole number as 429.0. Here the API's own lists and those of `M.list` stay lists. Any
--- other empty list is {}: nothing tells it from an empty map.

local cjson = require "elevenlabs.workspace.cjson"

local M = {}

-- Fields of the API and of reports that hold lists, and maps of lists.
local LISTS = { share_options = true, members = true, key_ids = true, reasons = true }
local MAPS_OF_LISTS = { role_to_group_ids = true }

-- The metatable of a list that was marked as one.
local List = {}

--- Mark an array, so that it is a list when it is empty too.
---@param array table
---@return table array
function M.list(array)
  return setmetatable(array, List)
end

local encode

local function encode_list(list)
  local parts = {}
  for i, entry in ipairs(list) do
    parts[i] = encode(entry)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

--- The keys of a decoded map, sorted.
---@param map table
---@return string[]
function M.sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function encode_map(map, holds_lists)
  local parts = {}
  for i, key in ipairs(M.sorted_keys(map)) do
    local value = map[key]
    local is_list = type(value) == "table" and (holds_lists or LISTS[key])
    local text = is_list and encode_list(value) or encode(value, MAPS_OF_LISTS[key])
    parts[i] = encode(key) .. ":" .. text
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function encode_number(number)
  if number ~= number or number == math.huge or number == -math.huge then
    return "null" -- JSON has no such number
  end
  if number % 1 == 0 and math.abs(number) < 2 ^ 53 then
    return ("%d"):format(number)
  end
  local short = ("%.14g"):format(number)
  return tonumber(short) == number and short or ("%.17g"):format(number)
end

function encode(value, holds_lists)
  if type(value) == "number" then
    return encode_number(value)
  elseif type(value) ~= "table" then
    return (cjson.encode(value):gsub("\\/", "/")) -- a slash needs no escape
  elseif #value > 0 or getmetatable(value) == List then
    return encode_list(value)
  end
  return encode_map(value, holds_lists)
end

--- One line of JSON, keys sorted.
---@param value any tables, strings, numbers, booleans and cjson.null
---@return string
function M.encode(value)
  return encode(value)
end

return M
