--- One reading pass over a workspace: its principals, its lists, and each resource that the lists
--- name. A read that failed is counted, and never means that there is no role.

local bulk = require "elevenlabs.workspace.bulk"
local cancellations = require "elevenlabs.workspace.offboard.cancellation"
local core = require "elevenlabs.workspace.core"
local errors = require "elevenlabs.workspace.error"
local json = require "elevenlabs.workspace.json"
local lists = require "elevenlabs.workspace.offboard.lists"
local principals = require "elevenlabs.workspace.offboard.principals"
local sources = require "elevenlabs.workspace.offboard.sources"
local unfinished = require "elevenlabs.workspace.offboard.unfinished"

local M = {}

local PRINCIPALS = {
  { name = "owner", path = { "v1", "user" } },
  { name = "members", path = { "v1", "workspace", "members" }, shape = "array" },
  { name = "groups", path = { "v1", "workspace", "groups" }, shape = "object" },
  {
    name = "service_accounts",
    path = { "v1", "service-accounts" },
    shape = "array",
    member = "service-accounts",
  },
}

--- What a reading of the whole workspace found.
---@class elevenlabs.workspace.offboard.Discovery
--- The owner of the API key. Nil if the owner could not be read.
---@field owner elevenlabs.workspace.offboard.Owner|nil
--- The members. Nil if the list could not be read.
---@field members elevenlabs.workspace.offboard.Member[]|nil
--- The groups. Nil if the list could not be read.
---@field groups elevenlabs.workspace.offboard.Group[]|nil
--- The service accounts. Nil if the list could not be read.
---@field service_accounts elevenlabs.workspace.offboard.ServiceAccount[]|nil
--- From the name of such a list to the reason why it could not be read.
---@field unread table<string, string>
--- From the name of such a list to the error of the request, if there was one.
---@field unread_errors table<string, elevenlabs.workspace.Error>
---@field coverage elevenlabs.workspace.offboard.Covered[] One for each list of resources.
---@field without_list string[] Types of resources that no list names.
---@field report elevenlabs.workspace.Report The report of the run that read the resources.

--- What became of one list and of its resources.
---@class elevenlabs.workspace.offboard.Covered: elevenlabs.workspace.offboard.Coverage
---@field read integer Resources that were read.
--- Resources that the key may not read (403, or 401 with missing_permissions).
---@field forbidden integer
---@field not_found integer Resources that are not there (404).
---@field failed integer Resources that could not be read for another reason.

--- The resource types that some list names.
---@return table<string, boolean>
local function listed_types()
  local listed = {}
  for _, source in ipairs(sources) do
    for _, name in ipairs(source.types) do
      listed[name] = true
    end
  end
  return listed
end

--- The same, sorted.
---@return string[]
function M.resource_types()
  return json.sorted_keys(listed_types())
end

--- The lists of these resource types; nil: all. A list that another list is read for comes with it.
---@param mask fun(text: string): string
---@return elevenlabs.workspace.offboard.Source[]|nil
---@return elevenlabs.workspace.Error|nil
local function choose(resource_types, mask)
  if not resource_types then
    return sources
  end
  local wanted, chosen, listed = {}, {}, listed_types()
  for _, name in ipairs(resource_types) do
    if not listed[name] then
      local message = ("no list names resources of the type %s"):format(mask(tostring(name)))
      return nil, errors.invalid("resource_types", message)
    end
    wanted[name] = true
  end
  for _, source in ipairs(sources) do
    for _, name in ipairs(source.types) do
      if wanted[name] and source.of then
        wanted[source.of] = true
      end
    end
  end
  for _, source in ipairs(sources) do
    if wanted[source.types[1]] or wanted[source.types[2]] then
      chosen[#chosen + 1] = source
    end
  end
  return chosen
end

local function without_list()
  local listed, names = listed_types(), {}
  for _, name in ipairs(core.RESOURCE_TYPES) do
    names[#names + 1] = not listed[name] and name or nil
  end
  return names
end

-- ---- principals

--- Read the principals alone.
---@param client elevenlabs.workspace.Client
---@param cancellation elevenlabs.workspace.offboard.Cancellation
---@return elevenlabs.workspace.offboard.Discovery|nil found without resources; nil: it was cancelled
function M.read_principals(client, cancellation)
  local found, calls = { unread = {}, unread_errors = {} }, {}
  for i, row in ipairs(PRINCIPALS) do
    calls[i] = assert(client.engine:start("list", {
      path = row.path,
      shape = row.shape,
      member = row.member,
    }))
  end
  function calls.cancel()
    for _, call in ipairs(calls) do
      call:cancel()
    end
  end
  cancellation:watch(calls)
  for i, row in ipairs(PRINCIPALS) do
    local receipt, err = calls[i]:result()
    local value, why = nil, err and err.message
    if receipt then
      value, why = principals[row.name](receipt.body)
    end
    found[row.name], found.unread[row.name] = value, why
    found.unread_errors[row.name] = err
  end
  if found.owner and found.members then
    local accounts = found.service_accounts
    found.unread.members = principals.doubt_members(found.members, found.owner, accounts)
  end
  return not cancellation:is_asked() and found or nil
end

-- ---- resources

local READ_OF_KIND = { permission = "forbidden", not_found = "not_found" }

--- The count to which the reading of a resource belongs. A web page, such as a firewall's, says nothing
--- of the resource: such a reading failed.
---@param err elevenlabs.workspace.Error|nil
---@return "read"|"forbidden"|"not_found"|"failed"
function M.became(err)
  if not err then
    return "read"
  end
  return err.from_service ~= false and READ_OF_KIND[err.kind] or "failed"
end

--- Counts of resources by what became of their reading.
function M.new_counts()
  return { read = 0, forbidden = 0, not_found = 0, failed = 0 }
end

-- An id of a list with several types is read as each. The id counts once: as the worst that became of
-- the types, where a type under which there is no such resource counts least. It is kept only while a
-- read of it is pending.
local RANK = { not_found = 1, read = 2, forbidden = 3, failed = 4 }
-- The server also refuses an id as one of another type.
local OF_ANOTHER_TYPE = { invalid_request = true, unprocessable = true }

local Tally = {}
Tally.__index = Tally

local function new_tally(source_of_items)
  local by_type = {}
  for _, source in ipairs(sources) do
    for _, name in ipairs(source.types) do
      by_type[name] = source
    end
  end
  return setmetatable({
    source_of_items = source_of_items,
    by_type = by_type,
    counts = {},
    several = {},
  }, Tally)
end

local function counts_of(self, source)
  self.counts[source.name] = self.counts[source.name] or M.new_counts()
  return self.counts[source.name]
end

--- Count the reading of one item.
function Tally:add(item, err)
  local is_further = self.source_of_items:is_further(item)
  local source = is_further and lists.FURTHER or self.by_type[item.resource_type]
  local became = M.became(err)
  if #source.types > 1 then
    local seen = self.several[item.resource_id] or { left = #source.types, became = "not_found" }
    self.several[item.resource_id] = seen
    seen.left = seen.left - 1
    if became == "failed" and err.from_service ~= false and OF_ANOTHER_TYPE[err.kind] then
      became = "not_found"
    end
    seen.became = RANK[became] > RANK[seen.became] and became or seen.became
    if seen.left > 0 then
      return
    end
    self.several[item.resource_id], became = nil, seen.became
  end
  local counts = counts_of(self, source)
  counts[became] = counts[became] + 1
end

local function cover(source_of_items, tally)
  local covered = source_of_items:covered()
  for _, row in ipairs(covered) do
    for name, count in pairs(counts_of(tally, row)) do
      row[name] = count
    end
  end
  return covered
end

---@class elevenlabs.workspace.offboard.ReadOptions
---@field resource_types string[]|nil default all that a list names
---@field further elevenlabs.workspace.Item[]|nil resources to be read too, if no list names them
--- Told of the principals before the first resource is read. An error ends the reading.
---@field on_principals nil|fun(found: table): elevenlabs.workspace.Error|nil
---@field on_run nil|fun(run: elevenlabs.workspace.Run) the run may be cancelled
---@field on_resource fun(item: table, resource: elevenlabs.workspace.Resource)
---@field on_unread nil|fun(item: table, err: elevenlabs.workspace.Error) of a resource
---@field on_progress nil|fun(progress: elevenlabs.workspace.Progress)
---@field max_concurrency integer|nil
---@field cancellation elevenlabs.workspace.offboard.Cancellation|nil

--- Read all of it. Waits as the client's driver does.
---@param client elevenlabs.workspace.Client
---@param options elevenlabs.workspace.offboard.ReadOptions
---@return elevenlabs.workspace.offboard.Discovery|nil
---@return elevenlabs.workspace.Error|nil
function M.read(client, options)
  local chosen, misuse = choose(options.resource_types, client.engine.mask)
  if not chosen then
    return nil, misuse
  end
  local cancellation = options.cancellation or cancellations.new()
  local found = M.read_principals(client, cancellation)
  if not found then
    return nil, unfinished.cancelled()
  end
  found.without_list = without_list()
  local refusal = options.on_principals and options.on_principals(found)
  if refusal then
    return nil, refusal
  end
  local source =
    lists.new(client.engine, chosen, options.further or {}, options.max_concurrency)
  local tally = new_tally(source)
  local run, err = bulk.start(client.engine, client.base_url, "get", source, {
    on_result = function(item, resource, read_err)
      tally:add(item, read_err)
      if resource then
        options.on_resource(item, resource)
      elseif options.on_unread then
        options.on_unread(item, read_err)
      end
    end,
    on_progress = options.on_progress,
    max_concurrency = options.max_concurrency,
  })
  if not run then
    return nil, err
  end
  cancellation:watch(run)
  if options.on_run then
    options.on_run(run)
  end
  found.report, err = run:result()
  if not found.report then
    return nil, err
  end
  found.coverage = cover(source, tally)
  return found
end

--- True if every list and every resource of it was read, but for lists that are incomplete by
--- their nature.
---@param found elevenlabs.workspace.offboard.Discovery
---@return boolean
function M.is_complete(found)
  if next(found.unread) or found.report.stopped then
    return false
  end
  for _, covered in ipairs(found.coverage) do
    if not (covered.complete or covered.by_nature) then
      return false
    elseif covered.forbidden + covered.failed + covered.not_found > 0 then
      return false
    end
  end
  return true
end

return M
