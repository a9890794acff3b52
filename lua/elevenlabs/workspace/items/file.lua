--- A file as a source of items, whatever its format.

local content = require "elevenlabs.workspace.items.content"
local errors = require "elevenlabs.workspace.error"
local item = require "elevenlabs.workspace.items.item"
local lines = require "elevenlabs.workspace.items.lines"
local names = require "elevenlabs.workspace.names"
local source = require "elevenlabs.workspace.items.source"

local M = {}

-- `rows` is nil once the file is closed. It has `next`, `number` (the line) and `is_buffered`.
local File = source.kind()
File.is_file = true

--- A kind of file, for one format. It defines `format`, `rows_of(lines)`, `next` and `read_head`,
--- which reads the text before the first item.
---@return table
function M.kind()
  return source.kind(File)
end

--- The number of the column that holds this field; nil if there is no such column.
function M.column_of(self, field)
  for i, name in ipairs(self.columns or {}) do
    if name == field then
      return i
    end
  end
end

--- The place of the last row, as people count.
---@param column integer|nil
function M.place_of(self, column)
  local place = ("%s, line %d"):format(self.name, self.rows.number)
  return column and ("%s, column %d"):format(place, column) or place
end

--- What is wrong, after its place.
function M.describe(self, what, column)
  return errors.one_line(M.place_of(self, column) .. ": " .. what)
end

---@return elevenlabs.workspace.ItemProblem
function M.problem(self, what, column, field)
  return { message = M.describe(self, what, column), field = field }
end

function File:place(field)
  local column = self.rows and field and M.column_of(self, field)
  if column then
    return ("%s (%s)"):format(M.place_of(self, column), field)
  end
  return self.rows and M.place_of(self)
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
    self.file:close() -- Lua keeps standard input open
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

--- A copy of the fields that every item has, checked.
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

---@return file*|nil
---@return string|elevenlabs.workspace.Error name for people, or an error
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
  local _, failure = file:read(0) -- a folder can be opened, but not read
  if failure then
    file:close()
    return nil, errors.invalid("path", ("cannot read %s: %s"):format(path, failure))
  end
  return file, errors.one_line(path)
end

--- Open a file whose format is not known yet.
---@param path string|file*
---@param fields table|nil
---@return table|nil file for `begin`
---@return elevenlabs.workspace.Error|nil
function M.open(path, fields)
  local copy, err = copy_fields(fields)
  if not copy then
    return nil, err
  end
  local file, name = open_file(path)
  if not file then
    return nil, name
  end
  local start = file:seek "cur" -- nil for a pipe
  return {
    file = file,
    start = start,
    name = name,
    fields = copy,
    lines = lines.new(file),
    ignores = {}, -- by field that no item gets: true once a row had a value for it
    ignored_columns = {}, -- such fields by column, until a row had a value
  }
end

--- Make an open file a source of this kind. If its content is of another format, close it.
---@param kind table
---@param file table of `open`
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil
function M.begin(kind, file)
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

return M
