--- Tells from the beginning of a file what the file really is. People rename files, and some
--- spreadsheets write CSV with semicolons, with tabs or as UTF-16.

local item = require "elevenlabs.workspace.items.item"

local M = {}

local AS_CSV = 'save the list as "CSV UTF-8 (comma delimited)"'
local UNPACK = "is compressed: unpack the file first"

-- Compared as text: patterns of Lua 5.1 cannot hold a NUL.
local BEGINNINGS = {
  { "PK\3\4", "is a workbook or another zip file: " .. AS_CSV },
  { "PK\5\6", "is an empty zip file: " .. AS_CSV },
  { "\208\207\17\224", "is a workbook of an old kind (.xls): " .. AS_CSV },
  { "\31\139", UNPACK .. " (gunzip)" },
  { "BZh", UNPACK .. " (bunzip2)" },
  { "\2537zXZ", UNPACK .. " (unxz)" },
  { "\40\181\47\253", UNPACK .. " (unzstd)" },
  { "%PDF", "is a PDF: " .. AS_CSV },
  { "{\\rtf", "is a text of a word processor (RTF): " .. AS_CSV },
}

local UTF_16 = "is UTF-16: save the file as UTF-8 (iconv -f UTF-16 -t UTF-8)"
local OLD_MAC = [[has line ends of CR alone: save the file with LF (tr '\r' '\n')]]
local MARKUP = "is HTML or XML, perhaps a page that asks for a password: " .. AS_CSV
local ARRAY = "is a JSON array: write one object a line (jq -c '.[]')"
local SPREAD = "is JSON with objects over several lines: write one object a line (jq -c .)"
local JSON = "is JSON, not CSV: give the file a name that ends in .jsonl"
local CSV = "is CSV, not JSON: give the file a name that ends in .csv"

local function is_utf_16(text)
  local a, b, c, d = text:byte(1, 4)
  if (a == 255 and b == 254) or (a == 254 and b == 255) then
    return true
  end
  return d ~= nil and ((a == 0 and c == 0) or (b == 0 and d == 0))
end

local function what_bytes_say(text)
  if is_utf_16(text) then
    return UTF_16
  end
  for _, beginning in ipairs(BEGINNINGS) do
    if text:sub(1, #beginning[1]) == beginning[1] then
      return beginning[2]
    end
  end
end

--- The first line that is not blank, without white space around it; and whether the line is whole.
local function first_line(text)
  local line, newline = text:match "^%s*([^\n]*)(\n?)"
  return line:match "^.*%S" or "", newline ~= ""
end

-- ---- separators

local SEPARATORS = { { ";", "semicolons" }, { "\t", "tabs" }, { "|", "bars" } }

local function separated_by(name)
  return ("columns are separated by %s: save the file as CSV with commas"):format(name)
end

--- True if the line names a known column when it is split at this character.
local function names_columns(line, separator)
  for cell in line:gmatch("[^" .. separator .. "]+") do
    local from = cell:match '[^%s"].*' -- in two steps, as one pattern takes quadratic time
    if from and item.is_field(from:match '^.*[^%s"]') then
      return true
    end
  end
  return false
end

--- The separator of a `sep=` line, which spreadsheets write and read.
---@param line string
---@return string|nil
function M.declared_separator(line)
  return line:match '^"?[sS][eE][pP]=(.)"?$'
end

--- What is wrong with the separators of a header; nil if nothing is.
---@param line string
---@return string|nil
function M.foreign_separator(line)
  local declared = M.declared_separator(line)
  for _, separator in ipairs(SEPARATORS) do
    local character, name = separator[1], separator[2]
    local is_between = line:find(character, 1, true) and names_columns(line, character)
    local is_alone = not line:find(",", 1, true) and line:find(character, 1, true)
    if declared == character or (not declared and (is_between or is_alone)) then
      return separated_by(name)
    end
  end
  return declared and declared ~= "," and separated_by "another character" or nil
end

-- ---- the file

local function what_is_no_csv(line)
  if line:find "^%[" then
    return ARRAY
  elseif line:find "^{" then
    return JSON
  end
  local foreign = M.foreign_separator(line)
  return foreign and "is CSV whose " .. foreign
end

local function what_is_no_jsonl(line, is_complete)
  if line:find "^%[" then
    return ARRAY
  elseif is_complete and line:find "^{" and line:find "[{,%[]$" then
    return SPREAD
  elseif not line:find "^{" and names_columns(line, ",;\t") then
    return CSV
  end
end

--- Why the file is not of this format, and how to convert it: the rest of a sentence that begins
--- with the file's name. nil if it may be of this format.
---@param text string what the file begins with
---@param format "csv"|"jsonl"
---@return string|nil
function M.misfit(text, format)
  local line, is_complete = first_line(text)
  local what = what_bytes_say(text)
  if what then
    return what
  elseif line:find "^<" then
    return MARKUP
  elseif line:find "\r" then
    return OLD_MAC
  elseif format == "csv" then
    return what_is_no_csv(line)
  end
  return what_is_no_jsonl(line, is_complete)
end

local ENDINGS = { csv = "csv", jsonl = "jsonl", ndjson = "jsonl", json = "jsonl" }

--- The format in which to read a file: by the end of its name, or else by its beginning.
---@param path any
---@param text string what the file begins with
---@return "csv"|"jsonl"
function M.format(path, text)
  local ending = type(path) == "string" and path:match "%.(%w+)$" or ""
  local line = first_line(text)
  return ENDINGS[ending:lower()] or line:find "^[{%[]" and "jsonl" or "csv"
end

return M
