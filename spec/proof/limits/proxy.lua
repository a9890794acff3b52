--- A way to a server's socket that can be cut or held: cut ends all connections and refuses new ones;
--- held takes what comes and passes nothing on.

local uv = require "luv"

local M = {}

local Proxy = {}
Proxy.__index = Proxy

---@param path string of its own socket
---@param target string path of the server's
function M.start(path, target)
  local self = setmetatable({ path = path, target = target, mode = "open", pipes = {} }, Proxy)
  self:listen()
  return self
end

function Proxy:listen()
  self.socket = uv.new_pipe(false)
  assert(self.socket:bind(self.path))
  assert(self.socket:listen(128, function()
    self:accept()
  end))
end

local function close(self, pipe)
  self.pipes[pipe] = nil
  if not pipe:is_closing() then
    pipe:close()
  end
end

local function pass(self, from, to)
  from:read_start(function(_, text)
    if not text then
      close(self, from)
      close(self, to)
    elseif self.mode == "open" and not to:is_closing() then
      to:write(text)
    end
  end)
end

function Proxy:accept()
  local near, far = uv.new_pipe(false), uv.new_pipe(false)
  assert(self.socket:accept(near))
  self.pipes[near], self.pipes[far] = true, true
  far:connect(self.target, function(failure)
    if failure then
      close(self, near)
      close(self, far)
    elseif not near:is_closing() then
      pass(self, near, far)
      pass(self, far, near)
    end
  end)
end

local function close_all(self)
  for pipe in pairs(self.pipes) do
    close(self, pipe)
  end
end

--- "open", "cut" or "held".
function Proxy:set(mode)
  if self.mode == "cut" and mode ~= "cut" then
    self:listen()
  elseif self.mode ~= "cut" and mode == "cut" then
    self.socket:close() -- which removes its path
  end
  if mode ~= "held" then
    close_all(self) -- what was held would be passed on never
  end
  self.mode = mode
end

function Proxy:stop()
  close_all(self)
  if not self.socket:is_closing() then
    self.socket:close()
  end
end

return M
