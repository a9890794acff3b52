--- Reads a line of JSON lines: one object, whose names are the fields of an item.

local item = require "elevenlabs.workspace.items.item"
local names = require "elevenlabs.workspace.names"

local json = require("elevenlabs.workspace.cjson").new()
json.decode_max_depth(64)
json.decode_invalid_numbers(false)

local M = {}

-- ---- names that an object has twice: lua-cjson keeps only the last value

--- The place of the closing quote of the string that begins at `at`. The text is valid JSON.
local function string_end(text, at)
  repeat
    at = text:find('["\\]', at + 1)
    local is_escape = text:byte(at) == 92
    at = is_escape and at + 1 or at
  until not is_escape
  return at
end

--- The first name that the object has twice. Objects within it are not looked at.
local function find_repeated(text)
  local seen, depth, at = {}, 0, text:find '["{}%[%]]'
  while at do
    local byte = text:sub(at, at)
    local to = at
    if byte == '"' then
      to = string_end(text, at)
      if depth == 1 and text:find("^%s*:", to + 1) then
        local name = json.decode("[" .. text:sub(at, to) .. "]")[1]
        if seen[name] then
          return name
        end
        seen[name] = true
      end
    else
      depth = depth + ((byte == "{" or byte == "[") and 1 or -1)
    end
    at = text:find('["{}%[%]]', to + 1)
  end
end

--- A name that the object has twice; nil if there is none. If the text has as many colons as the
--- object has names, no name can come twice. That is so of almost every line, and quick to see.
local function repeated(text, object)
  local count, _, colons = 0, text:gsub(":", ":")
  for _ in next, object do
    count = count + 1
  end
  return colons ~= count and find_repeated(text) or nil
end

-- ---- fields

--- The fields of an object; or nil, what is wrong and the field.
local function read_object(object, ignored)
  local row = {}
  for name, value in next, object do
    if ignored[name] ~= nil then
      ignored[name] = ignored[name] or not item.is_absent(value)
    elseif not item.is_note(name) then
      local misfit = item.misfit(name, value)
      if misfit then
        return nil, misfit, names.quotable(name)
      end
      if not item.is_absent(value) then
        row[name] = value
      end
    end
  end
  return row
end

--- The fields of a line; or nil, what is wrong and the field.
---@param line string
---@param ignored table<string, boolean> fields to leave out: set to true if one has a value
---@return elevenlabs.workspace.Item|nil
---@return string|nil what
---@return string|nil field
function M.read(line, ignored)
  local object, why = json.decode(line)
  if line:find("\0", 1, true) then
    return nil, "not JSON: a NUL byte" -- lua-cjson ends at it without an error
  elseif why then
    return nil, "not JSON: " .. why
  elseif not line:find "^%s*{" then
    return nil, "not a JSON object"
  end
  local name = repeated(line, object)
  if name then
    local shown = names.quotable(name)
    return nil, ('the name "%s" is given twice'):format(shown), shown
  end
  return read_object(object, ignored)
end

return M
