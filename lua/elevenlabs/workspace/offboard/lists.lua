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

--- Stands for the list of the resources that the caller named.
M.FURTHER = { name = "in no list", types = {} }

--- What became of one list.
---@class elevenlabs.workspace.offboard.Coverage
---@field name string of the list
---@field listed integer how many resources it named, each once
---@field complete boolean every resource of the list is known
---@field why string|nil why not
---@field by_nature boolean|nil no reading of the list can name every resource
---@field kind elevenlabs.workspace.Kind|nil of the error, if a page could not be read
---@field status integer|nil HTTP status of that error

---@class elevenlabs.workspace.offboard.Lists: elevenlabs.workspace.Source
local Lists = sources.kind()

--- What tells a resource from all others. An id may hold no NUL.
local function key_of(item)
  return item.resource_type .. "\0" .. item.resource_id
end

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
    by_nature = source.never_complete ~= nil or nil,
  }
end

--- The first failure of a list is the reason that is told.
local function mark_incomplete(self, source, why, err)
  local coverage = self.coverage[source.name]
  if coverage.complete or coverage.by_nature then
    coverage.complete, coverage.why, coverage.by_nature = false, why, nil
    coverage.kind, coverage.status = err and err.kind, err and err.status
  end
end

--- A list without pages that came back full may have more rows that nobody can read.
local function mark_cut(self, source, size)
  local coverage = self.coverage[source.name]
  if coverage.complete then
    coverage.complete, coverage.by_nature = false, true
    coverage.why = ("a list names at most %d, and there may be more"):format(size)
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

--- Add a resource that is to be read.
---@return boolean false: it was added before
local function add(self, resource_type, id)
  local item = {
    resource_id = id,
    resource_type = resource_type,
    allow_unknown_resource_type = true,
  }
  local before, failure = self.known:add(key_of(item), 1)
  if not before then
    error(failure.message, 0)
  elseif before == 0 then
    self.waiting:push(item)
  end
  return before == 0
end

--- Keep an id, once for each type that it may have.
local function found(self, source, id)
  local is_new = false
  for _, resource_type in ipairs(source.types) do
    is_new = add(self, resource_type, id) or is_new
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
    mark_cut(self, reading.source, reading.pages.size)
  end
end

--- When all lists are read, add the resources that no list named.
local function add_further(self)
  if self.open[1] or self.planned[1] then
    return
  end
  for _, item in ipairs(self.further) do
    if add(self, item.resource_type, item.resource_id) then
      local coverage = self.coverage[M.FURTHER.name]
      coverage.listed = coverage.listed + 1
      self.is_named[key_of(item)] = true
    end
  end
  self.further = {}
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
  add_further(self)
end

-- ---- for the run

local function is_exhausted(self)
  return not self.open[1] and not self.planned[1] and not self.waiting:peek()
end

--- True for a resource that the caller named and no list.
function Lists:is_further(item)
  return self.is_named[key_of(item)] == true
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
  for _, source in ipairs(self.sources) do
    if source.of and not self.coverage[source.of].complete then
      mark_incomplete(self, source, ("the list of %s is incomplete"):format(source.of))
    end
    list[#list + 1] = self.coverage[source.name]
  end
  local further = self.coverage[M.FURTHER.name]
  list[#list + 1] = further and further.listed > 0 and further or nil
  return list
end

--- A source of every resource that these lists name, each once.
---@param engine elevenlabs.workspace.Engine
---@param of elevenlabs.workspace.offboard.Source[]
---@param further elevenlabs.workspace.Item[] resources that come last, if no list names them
---@return elevenlabs.workspace.offboard.Lists
function M.new(engine, of, further)
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
    further = further,
    is_named = {}, -- by key: the resources of `further` that no list named
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
  if further[1] then
    cover(self, M.FURTHER)
  end
  return self
end

return M
