--- The server of a round: it counts what is in flight, from all workers together. An attempt goes on
--- when its worker is killed.

local uv = require "luv"

-- Else an answer to a worker that was killed would end this process.
local signal = uv.new_signal()
signal:start("sigpipe", function() end)
signal:unref()

local M = {}

local LEAST_MS, MOST_MS = 50, 250

local Watcher = {}
Watcher.__index = Watcher

---@param path string of its socket
---@param maximum integer
function M.start(path, maximum)
  local self = setmetatable({
    maximum = maximum,
    in_flight = 0,
    over = 0, -- how often there were more
    most = 0,
    begun = {}, -- by the workers' order
    pipes = {},
    socket = uv.new_pipe(false),
  }, Watcher)
  self:measure()
  assert(self.socket:bind(path))
  assert(self.socket:listen(128, function()
    self:accept()
  end))
  return self
end

--- Time counts with what was in flight.
local function add_up(self)
  uv.update_time()
  local now = uv.now()
  self.sum = self.sum + self.in_flight * (now - self.changed_ms)
  self.changed_ms = now
end

--- How many were in flight on average since the last call.
---@return number
function Watcher:measure()
  uv.update_time()
  local now, average = uv.now(), 0
  if self.changed_ms then
    add_up(self)
    average = self.sum / math.max(1, now - self.began_ms)
  end
  self.sum, self.began_ms, self.changed_ms = 0, now, now
  return average
end

local function begin(self, pipe)
  add_up(self)
  self.in_flight = self.in_flight + 1
  self.most = math.max(self.most, self.in_flight)
  self.over = self.over + (self.in_flight > self.maximum and 1 or 0)
  local timer = uv.new_timer()
  timer:start(math.random(LEAST_MS, MOST_MS), 0, function()
    timer:close()
    add_up(self)
    self.in_flight = self.in_flight - 1
    if not pipe:is_closing() then
      pipe:write "-"
    end
  end)
end

function Watcher:accept()
  local pipe, number = uv.new_pipe(false), #self.pipes + 1
  assert(self.socket:accept(pipe))
  self.pipes[number], self.begun[number] = pipe, 0
  pipe:read_start(function(_, attempts)
    if not attempts then
      return pipe:close()
    end
    self.begun[number] = self.begun[number] + #attempts
    for _ = 1, #attempts do
      begin(self, pipe)
    end
  end)
end

function Watcher:stop()
  self.socket:close()
  for _, pipe in ipairs(self.pipes) do
    if not pipe:is_closing() then
      pipe:close()
    end
  end
end

return M
