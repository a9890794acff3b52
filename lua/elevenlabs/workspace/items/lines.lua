--- The lines of a file in constant memory, however many there are and however long one is.

local M = {}

--- Bytes of the longest line that is read.
M.LONGEST = 1024 * 1024

local BLOCK_SIZE = 64 * 1024
local BYTE_ORDER_MARK = "^\239\187\191"

-- Made for the file interface of `io`: blocks, because 5.1 reads a line up to its first NUL.
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
    is_begun = false, -- a byte order mark was looked for
    is_read = false, -- the file has no more blocks, because of
    why = nil, -- if that is not its end
    number = 0, -- of the line that `next` gave last
  }, Lines)
end

--- The file's next block; nil at its end; nil and why if the file cannot be read.
local function read(self)
  local block
  if not self.is_read then
    block, self.why = self.file:read(self.block_size)
    self.is_read = not block
  end
  return block, self.why
end

--- Does this hold the first four bytes, and the first line that is not blank?
local function is_beginning(text)
  local bare = text:gsub(BYTE_ORDER_MARK, "")
  local from = bare:find "%S"
  return #text >= 4 and from ~= nil and bare:find("\n", from, true) ~= nil
end

--- What the file begins with after a byte order mark, up to the end of its first line that is
--- not blank, or a block. Takes nothing: to be asked before the first `next`.
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

--- Put the next block in place of the one that is read through.
---@return boolean more, string|nil why there is none, where it is not the end
local function fill(self)
  local block, why = read(self)
  self.block, self.from, self.ended = block or "", 1, not block
  return not self.ended, why
end

--- The rest of the block up to the end of a line. An over-long line is read and let go.
---@return integer size, boolean complete
local function take(self, parts, size)
  local newline = self.block:find("\n", self.from, true)
  local part = self.block:sub(self.from, (newline or 0) - 1)
  size = size + #part
  parts[#parts + 1] = size <= M.LONGEST and part or nil
  self.from = newline and newline + 1
  return size, newline ~= nil
end

--- A line whose end is in a block that is not read yet.
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
  elseif size > M.LONGEST then
    return nil, ("a line of more than %d bytes"):format(M.LONGEST)
  end
  local line = table.concat(parts)
  return self.is_begun and line or self.number == 1 and line:gsub(BYTE_ORDER_MARK, "") or line
end

--- The next line without its LF; nil at the end; nil and why where it cannot be had. After
--- a line that is too long reading goes on with the next one.
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

--- Is there a line that needs no read?
---@return boolean
function Lines:is_buffered()
  return self.from ~= nil and self.block:find("\n", self.from, true) ~= nil
end

return M
