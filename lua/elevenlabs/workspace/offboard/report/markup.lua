--- HTML that is safe to fill with any value, and numbers and times as a person reads them.

local texts = require "elevenlabs.workspace.text"

local M = {}

local ENTITIES = {
  ["&"] = "&amp;",
  ["<"] = "&lt;",
  [">"] = "&gt;",
  ['"'] = "&quot;",
  ["'"] = "&#39;",
}

--- Text for HTML, between tags and in quoted attributes. Control characters and characters that
--- turn text are shown as escapes, because a reader must see what a name holds.
---@param value any
---@return string
function M.escape(value)
  local text = texts.visible(texts.utf8(tostring(value)))
  return (text:gsub("[&<>\"']", ENTITIES))
end

--- Fill a template: {name} is escaped, {!name} is HTML already. A value that is nil is left out.
---@param template string
---@param values table
---@return string
function M.fill(template, values)
  return (
    template:gsub("{(!?)([%w_]+)}", function(is_html, name)
      local value = values[name]
      if value == nil then
        return ""
      end
      return is_html == "!" and value or M.escape(value)
    end)
  )
end

--- A string for a style sheet, in quotes. Only characters without a meaning in CSS and in HTML stay
--- as they are.
---@param value string
---@return string
function M.css_string(value)
  local text = texts.visible(texts.utf8(value))
  text = text:gsub("[^%w .,:@_+\128-\255-]", function(character)
    return ("\\%06X"):format(character:byte())
  end)
  return '"' .. text .. '"'
end

M.count, M.plural = texts.count, texts.plural

local MONTHS = {
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
}

--- "2026-11-29T17:00:03Z" -> "29 November 2026, 17:00:03 UTC". Any other text stays as it is.
---@param at string
---@return string
function M.moment(at)
  local year, month, day, time = at:match "^(%d%d%d%d)-(%d%d)-(%d%d)T(%d%d:%d%d:%d%d)[%d.]*Z$"
  local name = MONTHS[tonumber(month)]
  return name and ("%d %s %s, %s UTC"):format(tonumber(day), name, year, time) or at
end

--- The short form for tables: "2026-11-29 17:00:03Z".
---@param at string
---@return string
function M.stamp(at)
  return (at:gsub("^(%d%d%d%d%-%d%d%-%d%d)T", "%1 "))
end

return M
