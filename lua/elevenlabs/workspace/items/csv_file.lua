--- A CSV file as a source of items: each row is an item.

local columns = require "elevenlabs.workspace.items.columns"
local content = require "elevenlabs.workspace.items.content"
local csv = require "elevenlabs.workspace.items.csv"
local errors = require "elevenlabs.workspace.error"
local files = require "elevenlabs.workspace.items.file"
local item = require "elevenlabs.workspace.items.item"
local names = require "elevenlabs.workspace.names"

local column_of, describe, place_of, problem =
  files.column_of, files.describe, files.place_of, files.problem

local Csv = files.kind()
Csv.format = "csv"
Csv.rows_of = csv.over

local MAX_NAMED = 100 -- columns

--- An error that names every wrong column.
local function misnamed(self, wrong)
  local details = {}
  for i = 1, math.min(#wrong, MAX_NAMED) do
    details[i] = describe(self, wrong[i].what, wrong[i].column)
  end
  local more = #wrong > 1 and (" (and %d more)"):format(#wrong - 1) or ""
  local message = ("%s%s; %s"):format(details[1], more, columns.HELP)
  local err = errors.invalid(names.quotable(wrong[1].name), message)
  err.details = details
  return err
end

--- The columns of the header; or nil and an error.
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

--- Read the first row. If it does not name the columns, the file is closed.
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

--- A row of nothing but names of columns is a problem: two files were joined.
local function check_header(self, cells)
  if columns.is_header(cells) then
    local what = "%s repeats the header: were two files joined? Take the line out"
    return { message = errors.one_line(what:format(place_of(self))) }
  end
end

--- Note the ignored columns in which this row has a value.
local function note_ignored(self, cells)
  for i, field in next, self.ignored_columns do
    if cells[i] ~= "" then
      self.ignores[field], self.ignored_columns[i] = true, nil
    end
  end
end

-- Bytes. A row can be blank only if its first byte is at most LAST_BLANK: a space, a quote, a
-- comma. So almost every row needs no further test.
local LAST_BLANK, UNDERSCORE, BYTE_ORDER_MARK = 44, 95, 239

--- The next row that is not blank. nil at the end; nil and a problem if the row is broken.
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
  if not self.columns then -- after a rewind: the header may be another one by now
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
    note_ignored(self, cells)
  end
  local row, field = columns.read(self.columns, cells, self.rows.may_be_protected)
  if not row then
    return nil, problem(self, field .. " must be true or false", column_of(self, field), field)
  end
  local completed, what, misfit = item.complete(row, self.fields)
  return completed, not completed and problem(self, what, column_of(self, misfit), misfit) or nil
end

return Csv
