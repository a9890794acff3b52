--- Reads the lists of a workspace, page by page, as a source of items: a bulk run reads the resources
--- while the lists are still being read. This file alone asks the engine for pages.

local backlogs = require "elevenlabs.workspace.offboard.backlog"
local call_groups = require "elevenlabs.workspace.bulk.call_group"
local core = require "elevenlabs.workspace.core"
local key_of = require("elevenlabs.workspace.offboard.observer").key_of
local pages = require "elevenlabs.workspace.offboard.pages"
local queue = require "elevenlabs.workspace.engine.queue"
local sources = require "elevenlabs.workspace.items.source"

local M = {}

-- Pages that are asked for at once while there are ids to be read. If there are none, the pages take
-- all places.
local MAX_OPEN = 8

-- Memory must not grow with the workspace, but for the set of ids. So no page is asked for while so
-- many ids wait to be read, and no page of parents while so many of their lists wait. Up to so many,
-- lists are read ahead: then it is known early how many items there are.
local MAX_WAITING = 5000

--- Stands for the list of the resources that the caller named.
M.FURTHER = { name = "in no list", types = {} }

--- What became of one list.
---@class elevenlabs.workspace.offboard.Coverage
---@field name string The name of the list.
---@field listed integer How many resources the list named, each once.
---@field complete boolean True if every resource of the list is known.
---@field why string|nil Why the list is not complete.
---@field by_nature boolean|nil True if no reading of the list can name every resource.
---@field kind elevenlabs.workspace.Kind|nil The kind of the error, if a page could not be read.
---@field status integer|nil The HTTP status of that error.

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

--- Plan one reading for each query of a list.
local function add_readings(self, source, id)
  for _, query in ipairs(source.queries or { {} }) do
    self.planned:push {
      source = source,
      path = path_of(source, id),
      pages = pages.reading(source, query),
    }
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
  local args = {
    path = reading.path,
    query = reading.pages:parameters(),
    shape = "array",
    member = reading.source.list,
  }
  local call, err = self.engine:start("list", args, self.group)
  if not call then
    return mark_incomplete(self, reading.source, err.message, err)
  end
  reading.call = call
  table.insert(self.open, reading)
end

--- Add a key to the set of what was found. -> true if the set did not have the key
local function is_new(self, key)
  local before, failure = self.known:add(key, 1)
  if not before then
    error(failure.message, 0)
  end
  return before == 0
end

--- Keep an id.
local function found(self, source, id)
  if not is_new(self, source.name .. "\0" .. id) then
    return
  end
  self.waiting:push(source.name, id)
  self.at_least = self.at_least + #source.types
  local coverage = self.coverage[source.name]
  coverage.listed = coverage.listed + 1
  for _, dependent in ipairs(self.dependents[source.name] or {}) do
    self.parents:push(dependent.name, id)
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
  local rows, more, why = reading.pages:take(receipt.body)
  if not rows then
    return mark_incomplete(self, reading.source, more)
  end
  for _, row in ipairs(rows) do
    found(self, reading.source, row.id)
  end
  if why then
    mark_incomplete(self, reading.source, why)
  elseif more then
    self.planned:push(reading) -- behind the other lists
  elseif reading.pages:may_be_cut() then
    mark_cut(self, reading.source, reading.pages.size)
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

--- A list without pages may be large, so one of them is read at a time.
local function is_held_back(self, source)
  if not source.size then
    for _, reading in ipairs(self.open) do
      if not reading.source.size then
        return true
      end
    end
  end
  return self.dependents[source.name] and self.parents.count >= MAX_WAITING
end

--- The reading whose page is asked for next; nil if there is none now.
local function next_reading(self)
  local planned = self.planned
  for _ = 1, planned:count() do
    local reading = planned:peek()
    planned:drop()
    if not is_held_back(self, reading.source) then
      return reading
    end
    planned:push(reading)
  end
  local name, id = self.parents:pop()
  if name then
    add_readings(self, self.by_name[name], id)
    return next_reading(self)
  end
end

local function may_ask(self)
  local waiting = self.waiting.count
  local most = waiting == 0 and self.max_concurrency or math.min(MAX_OPEN, self.max_concurrency)
  return #self.open < most and waiting < MAX_WAITING
end

local function is_listed(self)
  return not self.open[1] and not self.planned:peek() and self.parents.count == 0
end

--- True if a list named the resource.
local function is_in_list(self, item)
  local source = self.by_type[item.resource_type]
  return source ~= nil and self.known:get(source.name .. "\0" .. item.resource_id) ~= 0
end

--- When all lists are read, add the resources that the caller named and no list.
local function add_further(self)
  for _, item in ipairs(self.further) do
    local key = key_of(item)
    if not is_in_list(self, item) and is_new(self, M.FURTHER.name .. "\0" .. key) then
      self.is_named[key] = true
      local coverage = self.coverage[M.FURTHER.name]
      coverage.listed = coverage.listed + 1
      self.at_least = self.at_least + 1
      table.insert(self.items, {
        resource_id = item.resource_id,
        resource_type = item.resource_type,
        allow_unknown_resource_type = true,
      })
    end
  end
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
  if not self.count and is_listed(self) then
    add_further(self)
    self.count = self.at_least
  end
end

-- ---- for the run

function Lists:is_ready()
  if not self.failure then
    local ok, why = pcall(advance, self)
    self.failure = not ok and why or false
  end
  return self.failure or self.items[1] ~= nil or self.waiting.count > 0 or self.count ~= nil
end

--- True for a resource that the caller named and no list.
function Lists:is_further(item)
  return self.is_named[key_of(item)] == true
end

--- An id is an item for each type that it may have.
local function add_items(self, name, id)
  for _, resource_type in ipairs(self.by_name[name].types) do
    table.insert(self.items, {
      resource_id = id,
      resource_type = resource_type,
      allow_unknown_resource_type = true,
    })
  end
end

--- Raises if a bad key, a redirect, TLS, the proxy or an outage ended the reading of lists.
function Lists:next()
  self:is_ready()
  if self.failure then
    error(self.failure, 0)
  elseif not self.items[1] then
    local name, id = self.waiting:pop()
    if name then
      add_items(self, name, id)
    end
  end
  return table.remove(self.items)
end

--- A list that was not read to its end is incomplete.
function Lists:close()
  local function cut(source)
    mark_incomplete(self, source, "it was not read to its end")
  end
  for _, reading in ipairs(self.open) do
    reading.call:cancel()
    cut(reading.source)
  end
  for i = self.planned.first, self.planned.last do
    cut(self.planned[i].source)
  end
  for name in self.parents.pop, self.parents do
    cut(self.by_name[name])
  end
  self.open, self.planned = {}, queue.new_fifo()
  self.waiting, self.items = backlogs.new(), {}
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
  list[#list + 1] = further.listed > 0 and further or nil
  return list
end

--- A source of every resource that these lists name, each once.
---@param engine elevenlabs.workspace.Engine
---@param of elevenlabs.workspace.offboard.Source[]
---@param further elevenlabs.workspace.Item[] resources that come last, if no list names them
---@param max_concurrency integer|nil of pages, if it is to be less than the client's
---@return elevenlabs.workspace.offboard.Lists
function M.new(engine, of, further, max_concurrency)
  local self = setmetatable({
    engine = engine,
    sources = of,
    group = call_groups.new(engine, true),
    known = assert(core.new_set()),
    coverage = {},
    dependents = {}, -- by the name of the list that they are of
    max_concurrency = math.min(engine.max_concurrency, max_concurrency or math.huge),
    by_name = {}, -- sources
    by_type = {}, -- the same, by the types of their ids
    further = further,
    is_named = {}, -- by key: the resources of `further` that no list named
    planned = queue.new_fifo(), -- readings whose next page is to be asked for
    parents = backlogs.new(), -- ids of which a list is to be read; by the name of that list
    open = {}, -- readings with a call
    seen_finished = 0, -- group.finished
    waiting = backlogs.new(), -- ids that were found and are to be read
    items = {}, -- of the last of these: what was not given yet
    at_least = 0,
    failure = false,
  }, Lists)
  cover(self, M.FURTHER)
  for _, source in ipairs(of) do
    cover(self, source)
    self.by_name[source.name] = source
    for _, resource_type in ipairs(source.types) do
      self.by_type[resource_type] = source
    end
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
