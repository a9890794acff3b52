--- Reads the lines of a file in constant memory, however many and however long they are.

local M = {}

--- Bytes. A longer line is an error.
M.MAX_LENGTH = 1024 * 1024

local BLOCK_SIZE = 64 * 1024
local BYTE_ORDER_MARK = "^\239\187\191"

-- Reads blocks, because Lua 5.1 reads a line only up to its first NUL.
local Lines = {}
Lines.__index = Lines

---@param file file*
---@param block_size integer|nil for specs
function M.new(file, block_size)
  return setmetatable({
    file = file,
    block_size = block_size or BLOCK_SIZE,
    block = "",
    from = 1, -- where the next line begins in the block
    ended = false,
    is_begun = false, -- a byte order mark was taken off
    is_read = false, -- the file has no more blocks
    why = nil, -- why the file could not be read to its end
    number = 0, -- of the line that `next` gave last
  }, Lines)
end

--- The next block of the file. nil at the end; nil and why if the file cannot be read.
local function read(self)
  local block
  if not self.is_read then
    block, self.why = self.file:read(self.block_size)
    self.is_read = not block
  end
  return block, self.why
end

--- True if the text has four bytes and the first line that is not blank.
local function is_beginning(text)
  local bare = text:gsub(BYTE_ORDER_MARK, "")
  local from = bare:find "%S"
  return #text >= 4 and from ~= nil and bare:find("\n", from, true) ~= nil
end

--- The beginning of the file without a byte order mark: up to the end of the first line that is not
--- blank, or one block. To be called before the first `next`, which still gives every line.
---@return string
function Lines:peek()
  local text, parts, size = self.block, { self.block }, #self.block
  while size < BLOCK_SIZE and not is_beginning(text) do
    local block = read(self)
    if not block then
      break
    end
    parts[#parts + 1], size = block, size + #block
    if size < 8 or block:find("\n", 1, true) then
      text = table.concat(parts)
      parts = { text }
    end
  end
  text = table.concat(parts)
  self.block = self.is_begun and text or text:gsub(BYTE_ORDER_MARK, "")
  self.is_begun = true
  return self.block
end

--- Replace the block by the next one.
---@return boolean more, string|nil why there is none, if that is not the end
local function fill(self)
  local block, why = read(self)
  self.block, self.from, self.ended = block or "", 1, not block
  return not self.ended, why
end

--- Take the block's text up to the end of a line. The text of a line that is too long is dropped.
---@return integer size, boolean complete
local function take(self, parts, size)
  local newline = self.block:find("\n", self.from, true)
  local part = self.block:sub(self.from, (newline or 0) - 1)
  size = size + #part
  parts[#parts + 1] = size <= M.MAX_LENGTH and part or nil
  self.from = newline and newline + 1
  return size, newline ~= nil
end

--- The next line, whose end is in a later block.
local function next_across(self)
  local parts, size, complete, more, why = {}, 0, false, not self.ended, nil
  while more and not complete do
    size, complete = take(self, parts, size)
    if not complete then
      more, why = fill(self)
    end
  end
  if not complete and size == 0 and not why then
    return nil -- the end
  end
  self.number = self.number + 1
  if why then
    return nil, "cannot be read: " .. why
  elseif size > M.MAX_LENGTH then
    return nil, ("a line of more than %d bytes"):format(M.MAX_LENGTH)
  end
  local line = table.concat(parts)
  return self.is_begun and line or self.number == 1 and line:gsub(BYTE_ORDER_MARK, "") or line
end

--- The next line without its LF. nil at the end; nil and why if the line is too long or cannot be
--- read. After a line that is too long, reading goes on with the next line.
---@return string|nil line
---@return string|nil why
function Lines:next()
  local newline = self.block:find("\n", self.from, true)
  if not newline then
    return next_across(self)
  end
  local line = self.block:sub(self.from, newline - 1)
  self.from = newline + 1
  self.number = self.number + 1
  return line
end

--- True if a line can be had without reading the file.
---@return boolean
function Lines:is_buffered()
  return self.from ~= nil and self.block:find("\n", self.from, true) ~= nil
end

return M
