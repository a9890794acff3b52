--- Names that a caller may use, and what was probably meant by another one.

local cjson = require "elevenlabs.workspace.cjson"
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"

local M = {}

local MOST_QUOTED = 40 -- bytes

--- How many bytes a UTF-8 character has, by its first byte.
local function character_length(byte)
  return byte < 0xc2 and 0 or byte < 0xe0 and 2 or byte < 0xf0 and 3 or byte < 0xf5 and 4 or 0
end

--- The bytes of these beyond ASCII, with "?" for each that is no UTF-8.
local function replace_broken(bytes)
  local out, at = {}, 1
  while at <= #bytes do
    local length = character_length(bytes:byte(at))
    local character = length > 0 and bytes:sub(at, at + length - 1) or ""
    local is_whole = #character == length and character:find "^.[\128-\191]+$" ~= nil
    out[#out + 1] = is_whole and character or "?"
    at = at + (is_whole and length or 1)
  end
  return table.concat(out)
end

--- Text of a caller's as a message quotes it: what begins like a secret key got there by
--- mistake. What is not UTF-8 becomes "?": it would spoil a terminal.
---@param text string
---@return string
function M.quotable(text)
  if text:find "^sk_" then
    return "..."
  end
  local cut = text:sub(1, MOST_QUOTED)
  return (cut:gsub("[\128-\255]+", replace_broken))
end

--- Of a name that is none of `names`, with the nearest of them. Other keys are named by type.
---@param kind string "field", "column"...
---@param name any
---@param names string[]
---@return string
function M.unknown(kind, name, names)
  if type(name) ~= "string" then
    return ("%s names must be strings, got a %s"):format(kind, type(name))
  end
  local near = core.nearest(name, names)
  local hint = near and (": did you mean %s?"):format(near) or ""
  return ('unknown %s "%s"%s'):format(kind, M.quotable(name), hint)
end

--- Raise, in the name of its caller's caller, where a method was called with a dot: `self` is
--- then the first argument. Clients, calls and runs hold their engine.
---@param self any
---@param call string as it should be written
---@param level integer|nil of its caller's caller, for `error`; default 3
function M.check_self(self, call, level)
  if type(self) ~= "table" or type(self.engine) ~= "table" then
    error("call it with a colon: " .. call, level or 3)
  end
end

--- The values of a table under their known names, read raw. JSON's null is none.
---@param kind string
---@param given table
---@param names string[]
---@return table|nil copy
---@return elevenlabs.workspace.Error|nil
function M.copy(kind, given, names)
  local known, copy = {}, {}
  for _, name in ipairs(names) do
    known[name] = true
  end
  for name, value in next, given do
    if not known[name] then
      local field = type(name) == "string" and M.quotable(name) or type(name)
      return nil, errors.invalid(field, M.unknown(kind, name, names))
    end
    if value ~= cjson.null then
      copy[name] = value
    end
  end
  return copy
end

return M
