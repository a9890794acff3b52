--- Virtual time and what happens in it. One world for each seed; the process in it may die
--- wherever it touches the world.

local randoms = require "spec.proof.sim.random"

local M = {}

-- What the dying process sees, wherever it looks.
M.CRASH = "the process was killed"

local EPOCH_S = 1700000000
local MOST_LINES = 20000

---@class spec.proof.sim.World
---@field now number ms, monotonic
---@field failures table[] { kind, text }
local World = {}
World.__index = World

---@param seed integer
---@param logs boolean|nil keep an event log
function M.new(seed, logs)
  return setmetatable({
    random = randoms.new(seed),
    now = 1000,
    wall_ms = 0, -- what the wall clock is ahead
    leap_to = 0,
    events = {}, -- a heap
    scheduled = 0,
    touches = 0,
    dies_at_touch = false,
    dead = false,
    failures = {},
    log = logs and {} or false,
  }, World)
end

-- ---- log and failures

function World:note(format, ...)
  local log = self.log
  if log and #log < MOST_LINES then
    log[#log + 1] = ("%12.3f  "):format(self.now - 1000) .. format:format(...)
  end
end

---@param kind "lost"|"false_confirmed"|"broken"
function World:fail(kind, format, ...)
  local text = format:format(...)
  self.failures[#self.failures + 1] = { kind = kind, text = text }
  self:note("FAILS (%s): %s", kind, text)
end

-- ---- the process's death

function World:die(how)
  self:note("crash: %s", how)
  self.dead = true
  error(M.CRASH, 0)
end

--- Whatever the process does, it does it here.
function World:touch()
  if self.dead then
    error(M.CRASH, 0)
  end
  self.touches = self.touches + 1
  if self.touches == self.dies_at_touch then
    self:die "at once"
  end
end

--- The next process.
function World:revive()
  self.dead, self.dies_at_touch, self.touches = false, false, 0
end

-- ---- time

local function is_before(a, b)
  return a.at < b.at or (a.at == b.at and a.number < b.number)
end

local function sift_up(heap, event)
  local i = #heap + 1
  while i > 1 do
    local parent = math.floor(i / 2)
    if not is_before(event, heap[parent]) then
      break
    end
    heap[i], i = heap[parent], parent
  end
  heap[i] = event
end

local function sift_down(heap, event)
  local i, count = 1, #heap
  while i * 2 <= count do
    local child = i * 2
    if child < count and is_before(heap[child + 1], heap[child]) then
      child = child + 1
    end
    if not is_before(heap[child], event) then
      break
    end
    heap[i], i = heap[child], child
  end
  heap[i] = event
end

local function take_first(heap)
  local first, last = heap[1], table.remove(heap)
  if #heap > 0 then
    sift_down(heap, last)
  end
  return first
end

--- Let something happen then.
---@param at number
---@param run fun()
function World:at(at, run)
  self.scheduled = self.scheduled + 1
  sift_up(self.events, { at = math.max(at, self.now), number = self.scheduled, run = run })
end

--- When the next thing happens.
function World:next_at()
  return self.events[1] and self.events[1].at
end

--- Let time pass, or more than that where the clock leaps (a laptop that slept).
function World:advance(to)
  local first = self.events[1]
  while first and first.at <= math.max(to, self.leap_to) do
    take_first(self.events)
    self.now = math.max(self.now, first.at)
    first.run()
    first = self.events[1]
  end
  self.now = math.max(self.now, to, self.leap_to)
end

--- What takes its time inside the process: a disk, a function of the user's.
function World:spend(ms)
  if ms > 0 then
    self:advance(self.now + ms)
  end
end

function World:leap(ms)
  self:note("the clock leaps by %.0f ms", ms)
  self.leap_to = self.now + ms
end

--- Seconds, as os.time tells them.
function World:wall_s()
  return EPOCH_S + math.floor((self.now + self.wall_ms) / 1000)
end

return M
