--- Items from files: a row of CSV or a line of JSON each.

local csv = require "elevenlabs.workspace.items.csv"
local errors = require "elevenlabs.workspace.error"
local item = require "elevenlabs.workspace.items.item"
local lines = require "elevenlabs.workspace.items.lines"
local names = require "elevenlabs.workspace.names"
local source = require "elevenlabs.workspace.items.source"

local json = require("elevenlabs.workspace.cjson").new()
json.decode_max_depth(64)
json.decode_invalid_numbers(false)

local M = {}

-- ---- what both have

--- `rows` reads the file from the start, by `reader`, which each kind has.
local File = source.kind()
File.is_file = true

--- Names that begin so are notes that a program left for people: no field of an item.
local function is_note(name)
  return name:sub(1, 1) == "_"
end

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
  self.rows, self.columns = self.reader(self.file), nil
  return true
end

function File:close()
  if self.rows then
    self.file:close() -- Lua itself keeps standard input open
  end
  self.rows = nil
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

--- A source of this kind, at its first row.
local function open(kind, path, fields)
  local copy, err = copy_fields(fields)
  if not copy then
    return nil, err
  end
  local file, name = open_file(path)
  if not file then
    return nil, name
  end
  return setmetatable({
    file = file,
    start = file:seek "cur", -- before anything is read; nil for a pipe
    name = name,
    fields = copy,
    rows = kind.reader(file),
  }, kind)
end

-- ---- CSV

local Csv = source.kind(File)
Csv.reader = csv.reader

local function misnamed(self, field, what, column)
  return nil, errors.invalid(names.quotable(field), describe(self, what, column))
end

--- What the columns of the header are: the field of each, or false for a note.
local function name_columns(self, header)
  local columns, seen = {}, {}
  if #header == 1 and header[1]:find(";", 1, true) then
    return misnamed(self, "path", "columns must be separated by commas, not by semicolons")
  end
  for i, name in ipairs(header) do
    if is_note(name) then
      columns[i] = false
    elseif not item.is_field(name) then
      return misnamed(self, name, names.unknown("column", name, item.FIELDS), i)
    elseif seen[name] then
      return misnamed(self, name, ("a second column %s"):format(name), i)
    else
      columns[i], seen[name] = name, true
    end
  end
  if not seen.resource_id and self.fields.resource_id == nil then
    return misnamed(self, "resource_id", "there is no column resource_id")
  end
  return columns
end

--- Read the first row. Where it names no columns the file is of no use, and closed.
---@return true|nil, elevenlabs.workspace.Error|nil
local function read_header(self)
  local header, what, column = self.rows:next()
  local err
  if header then
    self.columns, err = name_columns(self, header)
  elseif what then
    err = errors.invalid("path", describe(self, what, column))
  else
    err = errors.invalid("path", self.name .. " is empty: its first row must name the columns")
  end
  if err then
    self:close()
    return nil, err
  end
  return true
end

local FLAGS = { ["true"] = true, ["false"] = false }

--- The fields of a row; nil and the one whose cell cannot be its value. A row has a cell
--- for each column.
local function read_cells(columns, cells)
  local row = {}
  for i, name in ipairs(columns) do
    local value = cells[i]
    if name == "allow_unknown_resource_type" and value ~= "" then
      value = FLAGS[value]
      if value == nil then
        return nil, name
      end
    end
    if name and value ~= "" then
      row[name] = value
    end
  end
  return row
end

local function check_count(self, cells)
  local count, expected = #cells, #self.columns
  if count ~= expected then
    local what = "the row has %d cells, but the header %d"
    return problem(self, what:format(count, expected), math.min(count, expected) + 1)
  end
end

function Csv:next()
  if not self.rows then
    return nil
  end
  if not self.columns then -- rewound: somebody may have written another header by now
    local ok, err = read_header(self)
    if not ok then
      return nil, { message = err.message }
    end
  end
  local cells, what, column = self.rows:next()
  if not cells then
    return nil, what and problem(self, what, column)
  end
  local mismatch = check_count(self, cells)
  if mismatch then
    return nil, mismatch
  end
  local row, field = read_cells(self.columns, cells)
  if not row then
    return nil, problem(self, field .. " must be true or false", column_of(self, field), field)
  end
  return item.complete(row, self.fields)
end

---@param path string|file*
---@param fields table|nil
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil
function M.from_csv(path, fields)
  local self, err = open(Csv, path, fields)
  if not self then
    return nil, err
  end
  local ok
  ok, err = read_header(self)
  return ok and self, err
end

-- ---- JSON, an object a line

local Jsonl = source.kind(File)
Jsonl.reader = lines.new

--- The fields of an object; nil, what is wrong and the field.
local function read_object(object)
  local row = {}
  for name, value in next, object do
    if not is_note(name) then
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

--- The fields of a line; nil, what is wrong and the field.
local function read_line(line)
  local object, why = json.decode(line)
  if why then
    return nil, "not JSON: " .. why
  elseif not line:find "^%s*{" then
    return nil, "not a JSON object"
  end
  return read_object(object)
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
  local row, what, field = read_line(line)
  if not row then
    return nil, problem(self, what, nil, field)
  end
  return item.complete(row, self.fields)
end

---@param path string|file*
---@param fields table|nil
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil
function M.from_jsonl(path, fields)
  return open(Jsonl, path, fields)
end

return M
