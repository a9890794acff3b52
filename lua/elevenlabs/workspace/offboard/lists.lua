--- Reads the lists of a workspace, page by page, as a source of items: a bulk run reads the resources
--- while the lists are still being read. This file alone asks the engine for pages.

local call_groups = require "elevenlabs.workspace.bulk.call_group"
local core = require "elevenlabs.workspace.core"
local pages = require "elevenlabs.workspace.offboard.pages"
local queue = require "elevenlabs.workspace.engine.queue"
local sources = require "elevenlabs.workspace.items.source"

local M = {}

local MAX_OPEN = 8 -- lists that are read at once, so that resources are read meanwhile
local MAX_WAITING = 1000 -- items that were found and not read: then no more pages are asked for

--- What became of one list.
---@class elevenlabs.workspace.offboard.Coverage
---@field name string of the list
---@field listed integer how many resources it named, each once
---@field complete boolean every resource of the list is known
---@field why string|nil why not
---@field kind elevenlabs.workspace.Kind|nil of the error, if a page could not be read
---@field status integer|nil HTTP status of that error

---@class elevenlabs.workspace.offboard.Lists: elevenlabs.workspace.Source
local Lists = sources.kind()

-- ---- which lists are to be read

local function path_of(source, id)
  local path = {}
  for i, segment in ipairs(source.path) do
    path[i] = segment == "{id}" and id or segment
  end
  return path
end

--- Plan one reading for each query of a list.
local function add_readings(self, source, id)
  for _, query in ipairs(source.queries or { {} }) do
    table.insert(self.planned, {
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
    local before, failure = self.known:add(resource_type .. "\0" .. id, 1)
    if not before then
      error(failure.message, 0)
    elseif before == 0 then
      is_new = true
      self.waiting:push {
        resource_id = id,
        resource_type = resource_type,
        allow_unknown_resource_type = true,
      }
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
    return ask(self, reading)
  elseif reading.pages:may_be_cut() then
    local why = ("it names %d, and there may be more"):format(reading.pages.size)
    mark_incomplete(self, reading.source, why)
  end
end

--- Take the pages that have come, and ask for more.
local function advance(self)
  if self.group.stopped then
    error(self.group.stopped.message, 0)
  end
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
  while #self.open < MAX_OPEN and self.planned[1] and self.waiting:count() < MAX_WAITING do
    ask(self, table.remove(self.planned, 1))
  end
end

-- ---- for the run

local function is_exhausted(self)
  return not self.open[1] and not self.planned[1] and not self.waiting:peek()
end

function Lists:is_ready()
  if not self.failure then
    local ok, why = pcall(advance, self)
    self.failure = not ok and why or false
  end
  return self.failure or self.waiting:peek() ~= nil or is_exhausted(self)
end

--- Raises if a bad key, a redirect, TLS, the proxy or an outage ended the reading of lists.
function Lists:next()
  self:is_ready()
  if self.failure then
    error(self.failure, 0)
  end
  local item = self.waiting:peek()
  self.waiting:drop(item)
  return item
end

function Lists:close()
  for _, reading in ipairs(self.open) do
    reading.call:cancel()
  end
  self.open, self.planned, self.waiting = {}, {}, queue.new_fifo()
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
---@return elevenlabs.workspace.offboard.Lists
function M.new(engine, of)
  local self = setmetatable({
    engine = engine,
    sources = of,
    group = call_groups.new(engine, true),
    known = assert(core.new_set()),
    coverage = {},
    dependents = {}, -- by the name of the list that they are of
    planned = {}, -- readings that have not begun
    open = {}, -- readings with a call
    waiting = queue.new_fifo(), -- items that were found and not given yet
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
