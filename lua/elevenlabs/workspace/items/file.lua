--- Items from files: a row of CSV or a line of JSON each.

local columns = require "elevenlabs.workspace.items.columns"
local content = require "elevenlabs.workspace.items.content"
local csv = require "elevenlabs.workspace.items.csv"
local errors = require "elevenlabs.workspace.error"
local item = require "elevenlabs.workspace.items.item"
local lines = require "elevenlabs.workspace.items.lines"
local names = require "elevenlabs.workspace.names"
local objects = require "elevenlabs.workspace.items.objects"
local source = require "elevenlabs.workspace.items.source"

local M = {}

-- ---- what both have

--- `rows` gives what the file holds row by row or line by line: each kind has its own.
local File = source.kind()
File.is_file = true

local function column_of(self, field)
  for i, name in ipairs(self.columns or {}) do
    if name == field then
      return i
    end
  end
end

local function place_of(self, column)
  local place = ("%s, line %d"):format(self.name, self.rows.number)
  return column and ("%s, column %d"):format(place, column) or place
end

local function describe(self, what, column)
  return errors.one_line(place_of(self, column) .. ": " .. what)
end

local function problem(self, what, column, field)
  return { message = describe(self, what, column), field = field }
end

function File:place(field)
  local column = self.rows and field and column_of(self, field)
  if column then
    return ("%s (%s)"):format(place_of(self, column), field)
  end
  return self.rows and place_of(self)
end

function File:is_ready()
  return not self.rows
    or not self.file.is_ready
    or self.rows:is_buffered()
    or self.file:is_ready()
end

function File:rewind()
  if not self.rows or not self.start or not self.file:seek("set", self.start) then
    return false
  end
  self.rows, self.columns = self.rows_of(lines.new(self.file)), nil
  return true
end

function File:close()
  if self.rows then
    self.file:close() -- Lua itself keeps standard input open
  end
  self.rows = nil
end

function File:ignore(field)
  self.ignores[field] = false
  for i, name in ipairs(self.columns or {}) do
    if name == field then
      self.columns[i], self.ignored_columns[i] = false, field
    end
  end
end

function File:ignored()
  local list = {}
  for field, was_there in pairs(self.ignores) do
    list[#list + 1] = was_there and field or nil
  end
  table.sort(list)
  return list[1] and list or nil
end

--- The fields that every item has, copied.
local function copy_fields(fields)
  local copy = {}
  for name, value in next, fields or {} do
    local misfit = item.misfit(name, value)
    if misfit then
      local field = type(name) == "string" and names.quotable(name) or "fields"
      return nil, errors.invalid(field, misfit)
    end
    if not item.is_absent(value) then
      copy[name] = value
    end
  end
  return copy
end

--- -> file, what people call it; or nil and an error
local function open_file(path)
  if type(path) ~= "string" then
    return path, type(path) == "table" and path.name or "the input"
  elseif path == "-" then
    return io.stdin, "standard input"
  end
  local file, why = io.open(path, "rb")
  if not file then
    return nil, errors.invalid("path", "cannot open " .. why)
  end
  local _, failure = file:read(0) -- a folder opens, but does not read
  if failure then
    file:close()
    return nil, errors.invalid("path", ("cannot read %s: %s"):format(path, failure))
  end
  return file, errors.one_line(path)
end

--- A file of a kind that is not known yet, at its beginning.
local function open(path, fields)
  local copy, err = copy_fields(fields)
  if not copy then
    return nil, err
  end
  local file, name = open_file(path)
  if not file then
    return nil, name
  end
  local start = file:seek "cur" -- before anything is read; nil for a pipe
  return {
    file = file,
    start = start,
    name = name,
    fields = copy,
    lines = lines.new(file),
    ignores = {}, -- fields of the rows that no item gets: true once a row had one
    ignored_columns = {}, -- the same by column, until a row had one
  }
end

--- A source of this kind, from a file as `open` gives it. A file that is no such is closed.
local function begin(kind, file)
  local self = setmetatable(file, kind)
  local what = content.misfit(self.lines:peek(), kind.format)
  self.rows, self.lines = self.rows_of(self.lines), nil
  if what then
    self:close()
    return nil, errors.invalid("path", self.name .. " " .. what)
  end
  local ok, err = self:read_head()
  return ok and self, err
end

-- ---- CSV

local Csv = source.kind(File)
Csv.format = "csv"
Csv.rows_of = csv.over

local MOST_NAMED = 100 -- columns

--- An error that names all that is wrong with the columns.
local function misnamed(self, wrong)
  local details = {}
  for i = 1, math.min(#wrong, MOST_NAMED) do
    details[i] = describe(self, wrong[i].what, wrong[i].column)
  end
  local more = #wrong > 1 and (" (and %d more)"):format(#wrong - 1) or ""
  local message = ("%s%s; %s"):format(details[1], more, columns.HELP)
  local err = errors.invalid(names.quotable(wrong[1].name), message)
  err.details = details
  return err
end

--- The columns of the header; nil and an error.
local function name_columns(self, header)
  local misfit = columns.misfit(header)
  if misfit then
    return nil, errors.invalid("path", describe(self, ("%s; %s"):format(misfit, columns.HELP)))
  end
  local found, wrong = columns.name(header)
  if wrong[1] then
    return nil, misnamed(self, wrong)
  end
  for i, name in ipairs(found) do
    if self.ignores[name] ~= nil then
      found[i], self.ignored_columns[i] = false, name
    end
    self.has_id = self.has_id or name == "resource_id"
  end
  return found
end

--- The first row that is not blank and no `sep=,` line.
local function next_header(self)
  local header, what, column
  repeat
    header, what, column = self.rows:next()
    local is_declaration = header and content.declared_separator(table.concat(header, ","))
  until not header or not (is_declaration or columns.is_blank(header))
  return header, what, column
end

--- Read the first row. If it names no columns the file is of no use, and closed.
---@return true|nil, elevenlabs.workspace.Error|nil
function Csv:read_head()
  local header, what, column = next_header(self)
  local err
  if header then
    self.has_id = self.fields.resource_id ~= nil
    self.columns, err = name_columns(self, header)
  elseif what then
    err = errors.invalid("path", describe(self, what, column))
  else
    err = errors.invalid("path", self.name .. " is empty: its first row must name the columns")
  end
  if not err and not self.has_id then
    err = errors.invalid("resource_id", describe(self, "there is no column resource_id"))
  end
  if err then
    self:close()
    return nil, err
  end
  return true
end

local function check_count(self, cells)
  local count, expected = #cells, #self.columns
  if count ~= expected then
    local what = "the row has %d cells, but the header %d"
    return problem(self, what:format(count, expected), math.min(count, expected) + 1)
  end
end

--- Nothing but names of columns: two files were joined.
local function check_header(self, cells)
  if columns.is_header(cells) then
    local what = "%s repeats the header: were two files joined? Take the line out"
    return { message = errors.one_line(what:format(place_of(self))) }
  end
end

local function see_ignored(self, cells)
  for i, field in next, self.ignored_columns do
    if cells[i] ~= "" then
      self.ignores[field], self.ignored_columns[i] = true, nil
    end
  end
end

-- A row that begins with a byte up to this one may be blank: a space, a quote, a comma.
local LAST_BLANK, UNDERSCORE, BYTE_ORDER_MARK = 44, 95, 239

--- The next row that is not blank; nil and a problem if there is none or it is broken.
local function next_row(self)
  local rows = self.rows
  local cells, what, column = rows:next()
  while cells and rows.first <= LAST_BLANK and columns.is_blank(cells) do
    cells, what, column = rows:next()
  end
  if not cells then
    return nil, what and problem(self, what, column)
  end
  local first, wrong = rows.first, nil
  if first == UNDERSCORE or first == BYTE_ORDER_MARK or item.TYPES[cells[1]] then
    wrong = check_header(self, cells)
  end
  wrong = wrong or check_count(self, cells)
  return not wrong and cells, wrong
end

function Csv:next()
  if not self.rows then
    return nil
  end
  if not self.columns then -- rewound: somebody may have written another header by now
    local ok, err = self:read_head()
    if not ok then
      return nil, { message = err.message }
    end
  end
  local cells, wrong = next_row(self)
  if not cells then
    return nil, wrong
  end
  if next(self.ignored_columns) then
    see_ignored(self, cells)
  end
  local row, field = columns.read(self.columns, cells, self.rows.may_be_protected)
  if not row then
    return nil, problem(self, field .. " must be true or false", column_of(self, field), field)
  end
  return item.complete(row, self.fields)
end

-- ---- JSON, an object a line

local Jsonl = source.kind(File)
Jsonl.format = "jsonl"

function Jsonl.rows_of(its_lines)
  return its_lines
end

function Jsonl.read_head()
  return true
end

function Jsonl:next()
  if not self.rows then
    return nil
  end
  local line, why
  repeat
    line, why = self.rows:next()
  until not line or line:find "%S"
  if not line then
    return nil, why and problem(self, why)
  end
  local row, what, field = objects.read(line, self.ignores)
  if not row then
    return nil, problem(self, what, nil, field)
  end
  return item.complete(row, self.fields)
end

-- ---- opening

local FORMATS = { csv = Csv, jsonl = Jsonl }

--- As `items.from_csv`, `items.from_jsonl` and `items.from_file`.
---@param format "csv"|"jsonl"|nil nil: by name and content
local function open_as(format, path, fields)
  local file, err = open(path, fields)
  if not file then
    return nil, err
  end
  format = format or content.format(path, file.lines:peek())
  return begin(FORMATS[format], file)
end

function M.from_csv(path, fields)
  return open_as("csv", path, fields)
end

function M.from_jsonl(path, fields)
  return open_as("jsonl", path, fields)
end

function M.from_file(path, fields)
  return open_as(nil, path, fields)
end

return M
