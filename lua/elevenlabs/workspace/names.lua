--- Names that a caller may use, and what was probably meant by another one.

local cjson = require "elevenlabs.workspace.cjson"
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"

local M = {}

--- Text of a caller's as a message quotes it: what begins like a secret key got there by
--- mistake.
---@param text string
---@return string
function M.quotable(text)
  return text:find "^sk_" and "..." or text:sub(1, 40)
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
