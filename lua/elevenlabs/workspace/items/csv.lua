--- Reads and writes rows of CSV as RFC 4180 defines them. A line may end with LF or CRLF.

local lines = require "elevenlabs.workspace.items.lines"

local M = {}

local QUOTE, COMMA, CR = 34, 44, 13

--- Reads row by row. `number` is the line in which the last row began.
local Reader = {}
Reader.__index = Reader

--- A reader of the rows in these lines.
---@param source table of `lines.new`
function M.over(source)
  return setmetatable({
    lines = source,
    number = 0,
    line = nil, -- the line that is being read
    at = nil, -- the place in that line; nil at the end of the row
    size = nil, -- bytes of the row so far
    first = nil, -- the first byte of the row
    may_be_protected = false, -- a cell of the row may begin with the "'" of `safe_row`
  }, Reader)
end

---@param file file*
---@param block_size integer|nil for specs
function M.reader(file, block_size)
  return M.over(lines.new(file, block_size))
end

-- ---- cells: a function returns a cell, or nil and what is wrong

--- A cell that does not begin with a quote.
local function bare_cell(self)
  local comma = self.line:find(",", self.at, true)
  local cell = self.line:sub(self.at, (comma or 0) - 1)
  self.at = comma and comma + 1
  if not comma and cell:byte(-1) == CR then
    cell = cell:sub(1, -2)
  end
  if cell:find('"', 1, true) then
    return nil, "a quote in the middle of an unquoted cell"
  end
  return cell
end

--- Go on with the next line inside a quoted cell.
---@return true|nil, string|nil what is wrong
local function continue(self)
  local line, why = self.lines:next()
  if not line then
    return nil, why or "a quote that is never closed"
  end
  self.line, self.at, self.size = line, 1, self.size + #line + 1
  if self.size > lines.MAX_LENGTH then
    return nil, ("a row of more than %d bytes: is a quote not closed?"):format(lines.MAX_LENGTH)
  end
  return true
end

--- Pass the comma or the end of the line after a closing quote.
---@return true|nil, string|nil what is wrong
local function finish(self)
  if self.line:byte(self.at) == COMMA then
    self.at = self.at + 1
    return true
  end
  local rest = self.line:sub(self.at)
  self.at = nil
  if rest ~= "" and rest ~= "\r" then
    return nil, "text after a closing quote"
  end
  return true
end

local function quoted_cell(self)
  local parts, closed, ok, what = {}, false, true, nil
  self.at = self.at + 1
  while ok and not closed do
    local quote = self.line:find('"', self.at, true)
    closed = quote and self.line:byte(quote + 1) ~= QUOTE
    if not quote then
      parts[#parts + 1] = self.line:sub(self.at) .. "\n"
      ok, what = continue(self)
    else
      parts[#parts + 1] = self.line:sub(self.at, closed and quote - 1 or quote)
      self.at = quote + (closed and 1 or 2)
    end
  end
  if ok then
    ok, what = finish(self)
  end
  return ok and table.concat(parts), what
end

-- ---- rows

--- What is wrong with a row, and the line to which it was read: an open quote swallows lines.
local function describe(self, what)
  if self.lines.number > self.number then
    what = ("%s (read to line %d)"):format(what, self.lines.number)
  end
  return what
end

--- The cells of a line without quotes. Almost every line is one, so this way is short.
local function split(line)
  local cells, count, from = {}, 0, 1
  local comma = line:find(",", 1, true)
  while comma do
    count = count + 1
    cells[count] = line:sub(from, comma - 1)
    from = comma + 1
    comma = line:find(",", from, true)
  end
  cells[count + 1] = line:sub(from, line:byte(-1) == CR and -2 or -1)
  return cells
end

--- The cells of a row that begins with this line; or nil, what is wrong and the column.
local function read_cells(self, line)
  self.line, self.at, self.size = line, 1, #line
  local cells = {}
  while self.at do
    local read = self.line:byte(self.at) == QUOTE and quoted_cell or bare_cell
    local cell, what = read(self)
    if not cell then
      return nil, describe(self, what), #cells + 1
    end
    cells[#cells + 1] = cell
  end
  return cells
end

--- The next row, without empty lines. nil at the end. nil, what is wrong and the column if the row
--- is broken: reading goes on with the line after it.
---@return string[]|nil cells
---@return string|nil what
---@return integer|nil column
function Reader:next()
  local line, why
  repeat
    line, why = self.lines:next()
  until line ~= "" and line ~= "\r"
  self.number = self.lines.number
  if not line then
    return nil, why
  end
  self.first = line:byte()
  if not line:find('"', 1, true) then
    self.may_be_protected = line:find("'", 1, true) ~= nil
    return split(line)
  end
  self.may_be_protected = true
  return read_cells(self, line)
end

--- True if a line can be had without reading the file.
---@return boolean
function Reader:is_buffered()
  return self.lines:is_buffered()
end

-- ---- writing

-- The last is a byte order mark: at the beginning of a file a reader would drop it.
local NEEDS_QUOTES = { '[",\r\n]', "^ ", " $", "^\239\187\191" }

local function quote(cell)
  for _, pattern in ipairs(NEEDS_QUOTES) do
    if cell:find(pattern) then
      return '"' .. cell:gsub('"', '""') .. '"'
    end
  end
  return cell
end

--- One line of CSV with its LF.
---@param cells string[]
---@return string
function M.row(cells)
  local out = {}
  for i, cell in ipairs(cells) do
    out[i] = quote(cell)
  end
  local line = table.concat(out, ",")
  return (line == "" and '""' or line) .. "\n" -- readers skip an empty line
end

-- A spreadsheet takes a cell for a formula if it begins with one of these.
local FORMULA, PROTECTED = "^'*[=+@\t\r\n-]", "^'+[=+@\t\r\n-]"

--- One line of CSV that is safe to open in a spreadsheet: a cell that looks like a formula gets a
--- "'" in front. `M.bare` takes it off again.
---@param cells string[]
---@return string
function M.safe_row(cells)
  local safe = {}
  for i, cell in ipairs(cells) do
    safe[i] = cell:find(FORMULA) and "'" .. cell or cell
  end
  return M.row(safe)
end

--- A cell without the "'" of `safe_row`.
---@param cell string
---@return string
function M.bare(cell)
  return cell:find(PROTECTED) and cell:sub(2) or cell
end

return M
