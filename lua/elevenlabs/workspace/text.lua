--- Text for people: what a terminal or a log may show, and how values join with text.

local M = {}

-- Bidirectional controls and line separators: U+200E, U+200F, U+2028 to U+202E and U+2066 to
-- U+2069, as UTF-8.
local ESCAPES, SPACES = {}, {}
for _, range in ipairs { { 0x200E, 0x200F }, { 0x2028, 0x202E }, { 0x2066, 0x2069 } } do
  for code = range[1], range[2] do
    local second, third = 128 + math.floor(code / 64) % 64, 128 + code % 64
    local character = string.char(226, second, third)
    ESCAPES[character], SPACES[character] = ("\\u{%04X}"):format(code), " "
  end
end
local ARABIC_MARK = "\216\156" -- U+061C turns text too

local TURNING = "\226[\128\129][\128-\191]" -- those of ESCAPES, and others

local function escape_turning(text)
  return (text:gsub(TURNING, ESCAPES):gsub(ARABIC_MARK, "\\u{061C}"))
end

local function space_controls(text)
  return (text:gsub("[%c\127]", " "):gsub("\194[\128-\159]", " "))
end

--- One line that is safe to show. Control characters, U+0080 to U+009F included, become spaces.
--- Bidirectional controls become escapes.
---@param text string
---@return string
function M.one_line(text)
  return escape_turning(space_controls(text))
end

--- A cell of a table for people and for `--from`: one line that is safe to show. Bidirectional controls
--- become spaces too. A changed id has a space. `--from` refuses an id with a space, so a changed id
--- never names another resource.
---@param text string
---@return string
function M.cell(text)
  return (space_controls(text):gsub(TURNING, SPACES):gsub(ARABIC_MARK, " "))
end

--- The text with an escape for each control character and each character that turns text.
---@param text string
---@return string
function M.visible(text)
  text = text:gsub("[%c\127]", function(byte)
    return ("\\x%02X"):format(byte:byte())
  end)
  text = text:gsub("\194([\128-\159])", function(byte)
    return ("\\u{%X}"):format(byte:byte())
  end)
  return escape_turning(text)
end

-- ---- UTF-8

local REPLACEMENT = "\239\191\189" -- U+FFFD

--- How many bytes a UTF-8 character has, by its first byte; 0 if no character begins with it.
local function character_length(byte)
  return byte < 0xc2 and 0 or byte < 0xe0 and 2 or byte < 0xf0 and 3 or byte < 0xf5 and 4 or 0
end

-- The second byte of a character is in a smaller range after these first bytes: a longer form of
-- a shorter character, half of a surrogate pair, or a code above U+10FFFF would result.
local SECOND = {
  [0xe0] = "^[\160-\191]",
  [0xed] = "^[\128-\159]",
  [0xf0] = "^[\144-\191]",
  [0xf4] = "^[\128-\143]",
}

--- The UTF-8 character that begins there; nil if none does.
local function character_at(bytes, at)
  local first = bytes:byte(at)
  local length = character_length(first)
  local character = bytes:sub(at, at + length - 1)
  local is_whole = length > 0
    and #character == length
    and character:find "^.[\128-\191]+$"
    and (not SECOND[first] or character:find(SECOND[first], 2))
  return is_whole and character or nil
end

--- The text as UTF-8: each byte that is part of no character is replaced.
---@param text string
---@param replacement string|nil default U+FFFD, the replacement character
---@return string
function M.utf8(text, replacement)
  return (
    text:gsub("[\128-\255]+", function(bytes)
      local out, at = {}, 1
      while at <= #bytes do
        local character = character_at(bytes, at)
        out[#out + 1] = character or replacement or REPLACEMENT
        at = at + (character and #character or 1)
      end
      return table.concat(out)
    end)
  )
end

-- ---- values

--- The `__concat` of every value that has a `__tostring`.
---@return string
function M.concat(left, right)
  return tostring(left) .. tostring(right)
end

--- A number as the user wrote it, without the ".0" of a float.
---@param number number
---@return string
function M.number(number)
  return ("%.14g"):format(number)
end

--- 1204 -> "1,204"
---@param number integer
---@return string
function M.count(number)
  local digits = ("%.0f"):format(number)
  return (digits:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end

--- "1 resource", "1,204 resources"
---@param number integer
---@param noun string
---@return string
function M.plural(number, noun)
  return M.count(number) .. " " .. noun .. (number == 1 and "" or "s")
end

return M
