--- A disk that keeps what was synced. Of what was only written a crash leaves a part, and may
--- tear its last line. It implements the journal of the core: lines, a lock, a sync that the
--- process need not wait for, and that the first failure is for good.

local cjson = require "cjson.safe"
local servers = require "spec.proof.sim.server"

local M = {}

local MUCH = 1024 * 1024 -- the real journal writes when it holds so much

---@class spec.proof.sim.Disk
---@field files table<string, table> by path: { lines, synced: how many of them, torn,
--- confirmed: of which items the synced ones say so, intended: which items they say will be sent }
---@field paths string[]
local Disk = {}
Disk.__index = Disk

local Journal = {}
Journal.__index = Journal

function M.new(world)
  return setmetatable({
    world = world,
    watch = false, -- of invariants: told of each record that is written
    files = {},
    paths = {}, -- of the files, in the order in which they were made
    sync_ms = 0,
    fails_at = false, -- the operation, counted from now
    failing = "sync", -- or "write"
  }, Disk)
end

local function failed(message)
  return nil, { kind = "journal", message = "journal " .. message }
end

-- ---- faults

local function fails(disk, what)
  if disk.fails_at and what == disk.failing then
    disk.fails_at = disk.fails_at - 1
    return disk.fails_at == 0
  end
end

--- The tail is cut off, if that can be done, and otherwise left as it is.
local function spoil(self, message)
  local file = self.file
  self.disk.world:note("%s", message)
  self.failure = message
  if self.disk.world.random:chance(0.7) then
    for i = #file.lines, file.synced + 1, -1 do
      file.lines[i] = nil
    end
    file.torn = false
  end
  self.out, self.out_bytes = {}, 0
  return failed(message)
end

--- The process is gone. Of what was not synced, a part is there.
function Disk:crash()
  local random = self.world.random
  for _, path in ipairs(self.paths) do -- in an order that is a seed's own
    local file = self.files[path]
    local kept = random:int(file.synced, #file.lines)
    file.torn = file.torn or (kept < #file.lines and random:chance(0.5))
    for i = #file.lines, kept + 1, -1 do
      file.lines[i] = nil
    end
    file.locked, file.journal = false, nil
  end
end

--- Does a journal say so of an item, whatever happens?
function Disk:confirms(key)
  for _, file in pairs(self.files) do
    if file.confirmed[key] then
      return true
    end
  end
  return false
end

--- Does a journal say that an item will be sent, whatever happens?
function Disk:intends(key)
  for _, file in pairs(self.files) do
    if file.intended[key] then
      return true
    end
  end
  return false
end

--- The next process's disk.
function Disk:renew(watch, sync_ms, failing, fails_at)
  self.watch = watch
  self.sync_ms, self.failing, self.fails_at = sync_ms, failing, fails_at
end

-- ---- the journal

function Disk:open(path, create)
  self.world:touch()
  local file = self.files[path]
  if not file and not create then
    return nil
  elseif file and file.locked then
    return failed "is locked by another run"
  end
  if not file then
    file = { lines = {}, synced = 0, torn = false, confirmed = {}, intended = {} }
    self.files[path] = file
    table.insert(self.paths, path)
  end
  file.locked = true
  file.journal = setmetatable({
    disk = self,
    file = file,
    new = #file.lines == 0,
    read = 0,
    out = {},
    out_bytes = 0,
    dirty = true,
    syncing = false, -- { done, failure }
    failure = false,
    closed = false,
  }, Journal)
  return file.journal
end

function Journal:is_new()
  return self.new
end

function Journal:next()
  self.disk.world:touch()
  self.read = self.read + 1
  local line = self.file.lines[self.read]
  return line and line.text
end

local function unusable(self)
  self.disk.world:touch()
  if self.closed then
    return "is closed"
  end
  return self.failure
end

--- -> why it failed, or nil
local function write_lines(self, lines)
  local all = self.file.lines
  if fails(self.disk, "write") then
    all[#all + 1] = lines[1] -- as far as there was room
    self.file.torn = true
    return "cannot be written"
  end
  for _, line in ipairs(lines) do
    all[#all + 1] = line
  end
end

--- What is to be written.
local function take_lines(self)
  local lines = self.out
  self.out, self.out_bytes = {}, 0
  return lines
end

--- From now on no crash takes these lines away.
local function keep(file)
  for i = file.synced + 1, #file.lines do
    local record = file.lines[i].record
    if record.outcome == "confirmed" then
      file.confirmed[servers.key_of(record)] = true
    elseif record.intent then
      file.intended[servers.key_of(record)] = true
    end
  end
  file.synced = #file.lines
end

--- -> why it failed, or nil
local function sync_lines(self)
  if fails(self.disk, "sync") then
    return "cannot be synced"
  end
  keep(self.file)
end

--- Wait for the sync under way to be done.
local function await(self)
  local world = self.disk.world
  while self.syncing and not self.syncing.done do
    world:advance(world:next_at())
    world:touch()
  end
end

--- Take notice of the end of the sync under way.
local function conclude(self)
  await(self)
  local failure = self.syncing and self.syncing.failure
  self.syncing = false
  if failure then
    return spoil(self, failure)
  end
  return true
end

function Journal:append(text)
  local why = unusable(self)
  if why then
    return failed(why)
  end
  self.file.torn = false
  local record = cjson.decode(text)
  self.disk.watch:record(record)
  self.out[#self.out + 1] = { text = text, record = record }
  self.out_bytes, self.dirty = self.out_bytes + #text, true
  if self.out_bytes < MUCH then
    return true
  end
  local ok, failure = conclude(self)
  why = ok and write_lines(self, take_lines(self))
  if why then
    return spoil(self, why)
  end
  return ok, failure
end

--- -> is there something to sync? or nil and why not
local function may_sync(self)
  local why = unusable(self)
  if why then
    return failed(why)
  end
  local ok, failure = conclude(self)
  return ok and self.dirty, failure
end

function Journal:sync()
  local more, failure = may_sync(self)
  if not more then
    return not failure or nil, failure
  end
  local disk = self.disk
  local why = write_lines(self, take_lines(self))
  if not why then
    disk.world:spend(disk.sync_ms * disk.world.random:next())
    disk.world:touch()
    why = sync_lines(self)
  end
  if why then
    return spoil(self, why)
  end
  self.dirty = false
  return true
end

--- The journal's thread writes and syncs. It ends with the process.
function Journal:begin_sync()
  local more, failure = may_sync(self)
  if not more then
    return not failure or nil, failure
  end
  local world, lines, syncing = self.disk.world, take_lines(self), { done = false, failure = nil }
  self.syncing, self.dirty = syncing, false
  local function after(ms, run)
    world:at(world.now + ms, function()
      if self.file.journal == self then
        run()
      end
    end)
  end
  local took_ms = self.disk.sync_ms * world.random:next()
  after(took_ms * world.random:next(), function()
    syncing.failure = write_lines(self, lines)
  end)
  after(took_ms, function()
    syncing.failure = syncing.failure or sync_lines(self)
    syncing.done = true
  end)
  return true
end

function Journal:has_synced()
  local why = unusable(self)
  if why then
    return failed(why)
  elseif self.syncing and not self.syncing.done then
    return false
  end
  return conclude(self)
end

function Journal:close()
  if not self.closed then
    await(self)
    self.closed, self.file.locked, self.out = true, false, {}
    self.file.journal = nil
  end
end

-- ---- the resume set

local Set = {}
Set.__index = Set

function M.new_set()
  return setmetatable({}, Set)
end

function Set:get(name)
  return rawget(self, name) or 0
end

function Set:put(name, bits)
  assert(bits >= 1 and bits <= 255, "bits from 1 to 255")
  rawset(self, name, bits)
  return true
end

function Set:add(name, bits)
  local before = self:get(name)
  return before ~= 0 and before or self:put(name, bits) and 0
end

return M
