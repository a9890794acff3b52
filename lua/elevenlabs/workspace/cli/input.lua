--- Reads standard input in luv's loop, if it is a pipe or a terminal. Requests in flight go on
--- while a read waits, and a signal ends the wait.

local uv = require "luv"

local M = {}

local STDIN = 0

-- Has those methods of `io` files that sources use.
local Input = { name = "standard input" }
Input.__index = Input

local function open_handle(kind)
  if kind == "tty" then
    return uv.new_tty(STDIN, true)
  end
  local pipe = uv.new_pipe(false)
  assert(pipe:open(STDIN))
  return pipe
end

--- Ask for one chunk. A producer that is faster than the server must wait.
local function ask(self)
  self.handle:read_start(function(_, chunk)
    self.handle:read_stop()
    self.chunk, self.ended = chunk, not chunk
  end)
end

--- nil if standard input is a regular file: `io` reads it without waiting.
---@param is_interrupted fun(): boolean
function M.open(is_interrupted)
  local kind = uv.guess_handle(STDIN)
  if kind ~= "pipe" and kind ~= "tty" then
    return nil
  end
  local self = setmetatable({
    handle = open_handle(kind),
    chunk = nil,
    ended = false,
    is_interrupted = is_interrupted,
  }, Input)
  ask(self)
  return self
end

--- True if `read` returns without waiting.
function Input:is_ready()
  return self.chunk ~= nil or self.ended
end

--- The next chunk, of any size. nil at the end, or if a signal came first.
function Input:read()
  while not (self:is_ready() or self.is_interrupted()) do
    uv.run "once"
  end
  local chunk = self.chunk
  self.chunk = nil
  if chunk then
    ask(self)
  end
  return chunk
end

function Input.seek() end

function Input:close()
  if not self.handle:is_closing() then
    self.handle:close()
  end
end

return M
