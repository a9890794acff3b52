--- Reads the lists of a workspace, page by page, as a source of items: a bulk run reads the resources
--- while the lists are still being read. This file alone asks the engine for pages.

local call_groups = require "elevenlabs.workspace.bulk.call_group"
local core = require "elevenlabs.workspace.core"
local pages = require "elevenlabs.workspace.offboard.pages"
local queue = require "elevenlabs.workspace.engine.queue"
local sources = require "elevenlabs.workspace.items.source"

local M = {}

-- Pages that are asked for at once while there are items to be read. If there are none, the pages
-- take all places.
local MAX_OPEN = 8

-- Memory must not grow with the workspace, but for the set of ids. So no page is asked for while so
-- many items wait to be read, and no page of parents while so many of their lists wait.
local MAX_WAITING, MAX_CHILDREN = 1000, 200

--- What became of one list.
---@class elevenlabs.workspace.offboard.Coverage
---@field name string of the list
---@field listed integer how many resources it named, each once
---@field complete boolean every resource of the list is known
---@field why string|nil why not
---@field kind elevenlabs.workspace.Kind|nil of the error, if a page could not be read
---@field status integer|nil HTTP status of that error

---@class elevenlabs.workspace.offboard.Lists: elevenlabs.workspace.Source
---@field count integer|nil how many items there are, once every list was read to its end
---@field at_least integer how many items were found so far
local Lists = sources.kind()

-- ---- which lists are to be read

local function path_of(source, id)
  local path = {}
  for i, segment in ipairs(source.path) do
    path[i] = segment == "{id}" and id or segment
  end
  return path
end

--- The next page of this reading is to be asked for, after those of the other lists.
local function plan(self, reading)
  local readings = reading.source.of and self.children or self.roots
  readings:push(reading)
end

--- Plan one reading for each query of a list.
local function add_readings(self, source, id)
  for _, query in ipairs(source.queries or { {} }) do
    plan(self, {
      source = source,
      path = path_of(source, id),
      pages = pages.reading(source, query),
    })
  end
end

local function cover(self, source)
  self.coverage[source.name] = {
    name = source.name,
    listed = 0,
    complete = source.never_complete == nil,
    why = source.never_complete,
  }
end

--- The first failure of a list is the reason that is told.
local function mark_incomplete(self, source, why, err)
  local coverage = self.coverage[source.name]
  if coverage.complete or coverage.why == source.never_complete then
    coverage.complete, coverage.why = false, why
    coverage.kind, coverage.status = err and err.kind, err and err.status
  end
end

-- ---- pages

local function ask(self, reading)
  local args = { path = reading.path, query = reading.pages:parameters() }
  local call, err = self.engine:start("list", args, self.group)
  if not call then
    return mark_incomplete(self, reading.source, err.message, err)
  end
  reading.call = call
  table.insert(self.open, reading)
end

--- Keep an id, once for each type that it may have.
local function found(self, source, id)
  local is_new = false
  for _, resource_type in ipairs(source.types) do
    local name = resource_type .. "\0" .. id
    local before, failure = self.known:add(name, 1)
    if not before then
      error(failure.message, 0)
    elseif before == 0 then
      is_new = true
      self.waiting:push(name) -- a list without pages may name very many
      self.at_least = self.at_least + 1
    end
  end
  if is_new then
    local coverage = self.coverage[source.name]
    coverage.listed = coverage.listed + 1
    for _, dependent in ipairs(self.dependents[source.name] or {}) do
      add_readings(self, dependent, id)
    end
  end
end

local function item_of(name)
  local zero = name:find("\0", 1, true)
  return {
    resource_id = name:sub(zero + 1),
    resource_type = name:sub(1, zero - 1),
    allow_unknown_resource_type = true,
  }
end

--- True if the answer was larger than the core takes.
local function is_too_large(err)
  return err.kind == "untrusted_response" and err.message:find("is larger than", 1, true) ~= nil
end

local function take_page(self, reading, receipt, err)
  if not receipt then
    if is_too_large(err) and reading.pages:halve() then
      return ask(self, reading)
    end
    return mark_incomplete(self, reading.source, err.message, err)
  end
  local rows, more = reading.pages:take(receipt.body)
  if not rows then
    return mark_incomplete(self, reading.source, more)
  end
  for _, row in ipairs(rows) do
    found(self, reading.source, row.id)
  end
  if more then
    plan(self, reading)
  elseif reading.pages:may_be_cut() then
    local why = ("it names %d, and there may be more"):format(reading.pages.size)
    mark_incomplete(self, reading.source, why)
  end
end

--- Take the pages that have come.
local function take_pages(self)
  if self.group.finished == self.seen_finished then
    return
  end
  self.seen_finished = self.group.finished
  local i = 1
  while i <= #self.open do
    local reading = self.open[i]
    if reading.call:done() then
      table.remove(self.open, i)
      take_page(self, reading, reading.call:result())
    else
      i = i + 1
    end
  end
end

--- The reading whose page is asked for next; nil if there is none now.
local function next_reading(self)
  local root = self.roots:peek()
  local finds_parents = root and self.dependents[root.source.name]
  local from = self.roots
  if not root or (finds_parents and self.children:count() >= MAX_CHILDREN) then
    from = self.children
  end
  local reading = from:peek()
  if reading then
    from:drop(reading)
  end
  return reading
end

local function may_ask(self)
  local waiting = self.waiting:count()
  local most = waiting == 0 and self.max_concurrency or math.min(MAX_OPEN, self.max_concurrency)
  return #self.open < most and waiting < MAX_WAITING
end

local function is_listed(self)
  return not self.open[1] and not self.roots:peek() and not self.children:peek()
end

--- Take the pages that have come, and ask for more.
local function advance(self)
  if self.group.stopped then
    error(self.group.stopped.message, 0)
  end
  take_pages(self)
  while may_ask(self) do
    local reading = next_reading(self)
    if not reading then
      break
    end
    ask(self, reading)
  end
  if is_listed(self) then
    self.count = self.at_least
  end
end

-- ---- for the run

function Lists:is_ready()
  if not self.failure then
    local ok, why = pcall(advance, self)
    self.failure = not ok and why or false
  end
  return self.failure or self.waiting:peek() ~= nil or self.count ~= nil
end

--- Raises if a bad key, a redirect, TLS, the proxy or an outage ended the reading of lists.
function Lists:next()
  self:is_ready()
  if self.failure then
    error(self.failure, 0)
  end
  local name = self.waiting:peek()
  if name then
    self.waiting:drop(name)
    return item_of(name)
  end
end

--- A list that was not read to its end is incomplete.
function Lists:close()
  for _, reading in ipairs(self.open) do
    reading.call:cancel()
    plan(self, reading)
  end
  for _, readings in ipairs { self.roots, self.children } do
    for i = readings.first, readings.last do
      mark_incomplete(self, readings[i].source, "it was not read to its end")
    end
  end
  self.open, self.waiting = {}, queue.new_fifo()
  self.roots, self.children = queue.new_fifo(), queue.new_fifo()
end

--- What became of each list, in the order in which the lists were given. A list stands behind the
--- list that it is of, and is no more complete than that one.
---@return elevenlabs.workspace.offboard.Coverage[]
function Lists:covered()
  local list = {}
  for i, source in ipairs(self.sources) do
    if source.of and not self.coverage[source.of].complete then
      mark_incomplete(self, source, ("the list of %s is incomplete"):format(source.of))
    end
    list[i] = self.coverage[source.name]
  end
  return list
end

--- A source of every resource that these lists name, each once.
---@param engine elevenlabs.workspace.Engine
---@param of elevenlabs.workspace.offboard.Source[]
---@param max_concurrency integer|nil of pages, if it is to be less than the client's
---@return elevenlabs.workspace.offboard.Lists
function M.new(engine, of, max_concurrency)
  local self = setmetatable({
    engine = engine,
    sources = of,
    group = call_groups.new(engine, true),
    known = assert(core.new_set()),
    coverage = {},
    dependents = {}, -- by the name of the list that they are of
    max_concurrency = math.min(engine.max_concurrency, max_concurrency or math.huge),
    -- Readings whose next page is to be asked for.
    roots = queue.new_fifo(), -- of lists of the workspace
    children = queue.new_fifo(), -- of lists of a resource
    open = {}, -- readings with a call
    seen_finished = 0, -- group.finished
    waiting = queue.new_fifo(), -- items that were found and not given yet: type, zero, id
    at_least = 0,
    failure = false,
  }, Lists)
  for _, source in ipairs(of) do
    cover(self, source)
    if source.of then
      self.dependents[source.of] = self.dependents[source.of] or {}
      table.insert(self.dependents[source.of], source)
    else
      add_readings(self, source)
    end
  end
  return self
end

return M
