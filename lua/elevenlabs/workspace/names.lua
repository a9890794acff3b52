--- Names that a caller gives: those that are known, and how a message tells of others.

local cjson = require "elevenlabs.workspace.cjson"
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local texts = require "elevenlabs.workspace.text"

local M = {}

local MAX_QUOTED = 40 -- bytes

--- A caller's text as a message quotes it. Text that begins like a secret key is left out, because
--- it is there by mistake. What is not UTF-8 would spoil a terminal, and becomes "?".
---@param text string
---@return string
function M.quotable(text)
  if text:find "^sk_" then
    return "..."
  end
  return texts.utf8(text:sub(1, MAX_QUOTED), "?")
end

--- The message on a name that is none of `names`, with the nearest of them. A key that is no
--- string is told by its type.
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

--- Raise if a method was called with a dot: its first argument is `self` then. Clients, calls and
--- runs have a field `engine`.
---@param self any
---@param call string as it should be written
---@param level integer|nil which caller the error blames; default 3, the method's caller
function M.check_self(self, call, level)
  if type(self) ~= "table" or type(self.engine) ~= "table" then
    error("call it with a colon: " .. call, level or 3)
  end
end

--- A copy of a table whose names must be known. It is read raw; JSON's null is left out.
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
