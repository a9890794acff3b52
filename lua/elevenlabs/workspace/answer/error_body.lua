--- What the body of an error says: in the service's shapes, in those of other services, or as a
--- page that a gateway or a firewall sends instead. It decides no outcome.

local cjson = require "elevenlabs.workspace.cjson"
local json = require "elevenlabs.workspace.json"
local texts = require "elevenlabs.workspace.text"

local M = {}

local MAX_EXCERPT = 200

--- What an error's body says.
---@class elevenlabs.workspace.Said
---@field message string|nil
---@field code string|nil
---@field type string|nil
---@field field string|nil
---@field request_id string|nil
---@field excerpt string|nil how the body begins, if it has no message
---@field page string|nil how a web page begins; a web page is not the service's answer

-- ---- pieces

--- The string, cut to at most `longest` bytes and not inside a character; nil if it is no string or
--- empty.
local function text(value, longest)
  if type(value) ~= "string" or value == "" then
    return nil
  elseif #value <= longest then
    return value
  end
  return (value:sub(1, longest):gsub("[\192-\247][\128-\191]*$", ""))
end

M.text = text

--- "user_email", "must not be empty" from an entry of a 422 list.
local function read_entry(entry)
  if type(entry) ~= "table" then
    return nil, text(entry, 200)
  end
  local path = {}
  for _, step in ipairs(type(entry.loc) == "table" and entry.loc or {}) do
    if type(step) == "string" and step ~= "body" then
      path[#path + 1] = step
    end
  end
  return text(table.concat(path, "."), 100), text(entry.msg, 200) or text(entry.message, 200)
end

--- A 422's list of { loc, msg, type }, or another list of errors.
local function read_list(list)
  local messages, first_field = {}, nil
  for i = 1, math.min(#list, 5) do
    local field, message = read_entry(list[i])
    first_field = first_field or field
    messages[i] = (field and field .. ": " or "") .. (message or "invalid")
  end
  return { field = first_field, message = text(table.concat(messages, "; "), 500) }
end

-- ---- the service's own

--- The published error bodies, and those of older servers, in one shape.
---@param detail any the body's `detail`
---@return elevenlabs.workspace.Said
function M.read_detail(detail)
  if type(detail) == "string" then
    return { message = text(detail, 500) }
  elseif type(detail) ~= "table" then
    return {}
  elseif #detail > 0 then
    return read_list(detail)
  end
  return {
    code = text(detail.code, 100) or text(detail.status, 100), -- `status` is the older name
    type = text(detail.type, 100),
    message = text(detail.message, 500),
    field = text(detail.param, 100),
    request_id = text(detail.request_id, 128),
  }
end

--- What the members `error`, `errors` and `message` say, which other services use.
local function read_others(value)
  local said, details = {}, nil
  for _, name in ipairs { "error", "errors" } do
    if not said.message and (type(value[name]) == "table" or type(value[name]) == "string") then
      said, details = M.read_detail(value[name]), value[name]
    end
  end
  said.message = said.message or text(value.message, 500)
  said.code = said.code or text(value.code, 100)
  return said, details
end

-- ---- excerpts

-- A character of more than one byte; table 3-7 of the Unicode Standard.
local CHARACTERS = {
  "^[\194-\223][\128-\191]",
  "^\224[\160-\191][\128-\191]",
  "^[\225-\236\238\239][\128-\191][\128-\191]",
  "^\237[\128-\159][\128-\191]",
  "^\240[\144-\191][\128-\191][\128-\191]",
  "^[\241-\243][\128-\191][\128-\191][\128-\191]",
  "^\244[\128-\143][\128-\191][\128-\191]",
}

--- The character that begins there, or nil; and the byte there as an escape.
local function character_at(bytes, at)
  local character = bytes:match("^[%z\1-\127]", at)
  for i = 1, not character and #CHARACTERS or 0 do
    character = character or bytes:match(CHARACTERS[i], at)
  end
  return character or nil, ("\\x%02X"):format(bytes:byte(at))
end

--- The beginning of a text, in characters that a terminal shows.
local function excerpt(bytes)
  local parts, length, at = {}, 0, 1
  while at <= #bytes do
    local character, escape = character_at(bytes, at)
    local shown = character and texts.visible(character) or escape
    length = length + #shown
    if length > MAX_EXCERPT then
      parts[#parts + 1] = "..."
      break
    end
    parts[#parts + 1] = shown
    at = at + (character and #character or 1)
  end
  return table.concat(parts)
end

--- On one line, without blanks at its ends.
local function squeeze(bytes)
  return (bytes:gsub("[ \t\r\n]+", " "):gsub("^ ", ""):gsub(" $", ""))
end

-- ---- web pages

local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'", nbsp = " " }

local function decode_entity(name)
  local digits, base = name:match "^#(%d+)$", 10
  if not digits then
    digits, base = name:match "^#[xX](%x+)$", 16
  end
  local code = digits and #digits <= 7 and tonumber(digits, base)
  if code then
    return code >= 32 and code < 127 and string.char(code) or nil
  end
  return ENTITIES[name] -- nil: it stays as it is
end

-- What is between these beginnings and ends is no text.
local SILENT = { { "<!--", "-->" }, { "<script", "</script" }, { "<style", "</style" } }

--- Where the markup that begins here ends; nil: nowhere. Each byte is read a few times at most,
--- also if the page is hostile.
local function markup_end(page, lower, from)
  for _, silent in ipairs(SILENT) do
    if lower:sub(from, from + #silent[1] - 1) == silent[1] then
      from = lower:find(silent[2], from, true)
      break
    end
  end
  return from and page:find(">", from, true)
end

--- The words of a page, with a blank for each piece of markup.
local function without_markup(page)
  local lower, parts, at = page:lower(), {}, 1
  while at do
    local from = page:find("<", at, true)
    parts[#parts + 1] = page:sub(at, from and from - 1)
    local ends = from and markup_end(page, lower, from)
    at = ends and ends + 1
  end
  return squeeze((table.concat(parts, " "):gsub("&(#?%w+);", decode_entity)))
end

local function title_of(page)
  local lower = page:lower()
  local from = lower:find("<title", 1, true)
  from = from and lower:find(">", from, true)
  local ends = from and lower:find("</title", from, true)
  return ends and without_markup(page:sub(from + 1, ends - 1)) or ""
end

local function is_markup(body)
  return body:find "^%s*<" ~= nil
end

--- An entity may hide a key, so the words are masked after decoding.
local function read_page(page, mask)
  local words = title_of(page)
  words = words ~= "" and words or without_markup(page)
  local message = "the answer is a web page, not the service's"
  words = excerpt(mask(words))
  return { page = words ~= "" and message .. ': "' .. words .. '"' or message }
end

-- ---- what is neither of the service's shapes nor a page

--- A cut or damaged JSON text may still hold escapes, and they may hide a key.
local function without_escapes(body)
  return (body:gsub("\\u00([2-7]%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end):gsub("\\/", "/"))
end

local function read_text(body, mask)
  if body:find "%z" then
    return {} -- no text
  end
  local words = excerpt(squeeze(mask(without_escapes(body))))
  return { excerpt = words ~= "" and words or nil }
end

local function has_content(value)
  if type(value) == "table" then
    return next(value) ~= nil
  end
  return value ~= cjson.null
end

--- What a body says that has no shape of the service's.
---@param body string as it came
---@param value any the decoded body, without secrets; nil: it is no JSON
---@param mask fun(value: any): any
---@return elevenlabs.workspace.Said
---@return any details its `error` or `errors`
function M.read_other(body, value, mask)
  if value == nil then
    body = mask(body)
    return is_markup(body) and read_page(body, mask) or read_text(body, mask), nil
  elseif type(value) == "string" then
    return { message = text(value, 500) }, nil
  end
  local said, details = {}, nil
  if type(value) == "table" then
    said, details = read_others(value)
  end
  if not said.message and has_content(value) then
    said.excerpt = excerpt(json.encode(value))
  end
  return said, details
end

return M
