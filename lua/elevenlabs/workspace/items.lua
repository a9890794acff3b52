--- Where a bulk run takes its items from: files, arrays, iterators, and products of ids and
--- targets.

local errors = require "elevenlabs.workspace.error"
local names = require "elevenlabs.workspace.names"
local source = require "elevenlabs.workspace.items.source"

local M = {}

local function check_arguments(name, path, fields)
  local is_file = io.type(path) == "file" or (type(path) == "table" and path.read)
  if type(path) ~= "string" and not is_file then
    error(("%s takes a path or an open file, got %s"):format(name, type(path)), 3)
  elseif fields ~= nil and type(fields) ~= "table" then
    error(("%s takes a table of fields, got %s"):format(name, type(fields)), 3)
  end
end

--- A function of the module for files, which is loaded at first use.
local function of_files(name)
  return function(path, fields)
    check_arguments(name, path, fields)
    return require("elevenlabs.workspace.items.file")[name](path, fields)
  end
end

--- Items from a CSV file whose first row names the columns, as items' fields are named; those
--- that begin with "_" are ignored. `path` may be an open file too; "-" is standard input.
--- `fields` are what an item has where its row does not say otherwise.
---@type fun(path: string|file*, fields: table|nil): elevenlabs.workspace.Source|nil, elevenlabs.workspace.Error|nil
M.from_csv = of_files "from_csv"

--- Items from a file with one JSON object a line; the rest as for `from_csv`.
---@type fun(path: string|file*, fields: table|nil): elevenlabs.workspace.Source|nil, elevenlabs.workspace.Error|nil
M.from_jsonl = of_files "from_jsonl"

--- Entries of the caller's own making are passed on as they are: no copies.
local function entry(number, value)
  if type(value) == "table" then
    return value
  end
  local what = value == nil and "nil" or "a " .. type(value)
  return nil, { message = ("item %d is %s, not a table"):format(number, what) }
end

-- ---- arrays

local Array = source.kind()

function Array:next()
  if self.number >= self.count then
    return nil
  end
  self.number = self.number + 1
  return entry(self.number, rawget(self.list, self.number))
end

function Array:place()
  return ("item %d"):format(self.number)
end

function Array:rewind()
  self.number = 0
  return true
end

function Array:close()
  self.number = self.count
end

local raw_length = rawget(_G, "rawlen") or function(list) -- 5.1's # is raw
  return #list
end

--- The length of an array; nil and the key of what would be left out by it: a hole ends it
--- where Lua finds one. table.pack's `n` is none.
local function measure(list)
  local count = raw_length(list)
  for key in next, list do
    local counted = type(key) == "number" and key >= 1 and key <= count and key % 1 == 0
    if not counted and key ~= "n" then
      return nil, key
    end
  end
  return count
end

local function not_an_array(name, key)
  local what = "%s must be an array without holes, but has %s"
  local shown = ("a %s for a key"):format(type(key))
  if type(key) == "string" then
    shown = "a key " .. names.quotable(key)
  elseif type(key) == "number" then
    shown = "a key " .. key
  end
  return nil, errors.invalid(name, what:format(name, shown))
end

local function from_array(list)
  local count, stray = measure(list)
  if not count then
    return not_an_array("items", stray)
  end
  return setmetatable({ list = list, count = count, number = 0 }, Array)
end

-- ---- iterators

local Iterator = source.kind()

function Iterator:next()
  local value = self.iterate and self.iterate()
  if value == nil then
    self.iterate = nil -- which may not like to be asked again
    return nil
  end
  self.number = self.number + 1
  return entry(self.number, value)
end

function Iterator:place()
  return ("item %d"):format(self.number)
end

function Iterator:close()
  self.iterate = nil
end

-- ---- products

local Product = source.kind()

function Product:next()
  if self.number >= self.count then
    return nil
  end
  local targets = #self.targets
  local id = self.resource_ids[math.floor(self.number / targets) + 1]
  local target = self.targets[self.number % targets + 1]
  self.number = self.number + 1
  return {
    resource_id = id,
    resource_type = self.resource_type,
    [self.target] = target,
    role = self.role,
  }
end

Product.rewind = Array.rewind
Product.close = Array.close

local TARGET_OF = {
  user_emails = "user_email",
  group_ids = "group_id",
  workspace_api_key_ids = "workspace_api_key_id",
}
local TARGET_LISTS = { "user_emails", "group_ids", "workspace_api_key_ids" }
local PRODUCT_NAMES = {
  "resource_ids",
  "resource_type",
  "user_emails",
  "group_ids",
  "workspace_api_key_ids",
  "role",
}

--- The arguments by their known names.
local function copy_arguments(arguments)
  local copy, field, message = names.copy("argument", arguments, PRODUCT_NAMES)
  if not copy then
    return nil, errors.invalid(field, message)
  end
  return copy
end

--- A list of strings, copied; whoever made it may go on using it.
local function copy_list(name, list)
  if type(list) ~= "table" then
    return nil, errors.invalid(name, ("%s must be a list, got %s"):format(name, type(list)))
  end
  local count, stray = measure(list)
  if not count then
    return not_an_array(name, stray)
  end
  local copy = {}
  for i = 1, count do
    local value = rawget(list, i)
    if type(value) ~= "string" then
      local what = "%s[%d] must be a string, got %s"
      return nil, errors.invalid(name, what:format(name, i, type(value)))
    end
    copy[i] = value
  end
  return copy
end

--- The one list of targets that is there.
local function choose_targets(arguments)
  local chosen
  for _, name in ipairs(TARGET_LISTS) do
    if arguments[name] ~= nil and chosen then
      return nil, errors.invalid(name, ("%s and %s: pass exactly one"):format(chosen, name))
    end
    chosen = chosen or arguments[name] ~= nil and name
  end
  if not chosen then
    local what = "pass exactly one of " .. table.concat(TARGET_LISTS, ", ")
    return nil, errors.invalid("user_emails", what)
  end
  return chosen
end

local function check_texts(arguments)
  local wrong = type(arguments.resource_type) ~= "string" and "resource_type"
  if arguments.role ~= nil and type(arguments.role) ~= "string" then
    wrong = wrong or "role"
  end
  if wrong then
    local got = type(arguments[wrong])
    return nil, errors.invalid(wrong, ("%s must be a string, got %s"):format(wrong, got))
  end
  return true
end

local function make_product(arguments)
  local chosen, ids, targets
  local ok, err = check_texts(arguments)
  if ok then
    chosen, err = choose_targets(arguments)
  end
  if chosen then
    ids, err = copy_list("resource_ids", arguments.resource_ids)
  end
  if ids then
    targets, err = copy_list(chosen, arguments[chosen])
  end
  if not targets then
    return nil, err
  end
  return setmetatable({
    resource_ids = ids,
    resource_type = arguments.resource_type,
    target = TARGET_OF[chosen],
    targets = targets,
    role = arguments.role,
    count = #ids * #targets,
    number = 0,
  }, Product)
end

--- What `items.product` takes: exactly one list of targets.
---@class elevenlabs.workspace.Product
---@field resource_ids string[]
---@field resource_type string of all of them
---@field user_emails string[]|nil
---@field group_ids string[]|nil
---@field workspace_api_key_ids string[]|nil
---@field role "admin"|"editor"|"commenter"|"viewer"|nil for share alone

--- Every resource with every target: all targets of the first resource first.
---@param arguments elevenlabs.workspace.Product
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil
function M.product(arguments)
  if type(arguments) ~= "table" then
    error("items.product takes a table of arguments, got " .. type(arguments), 2)
  end
  local copy, err = copy_arguments(arguments)
  if not copy then
    return nil, err
  end
  return make_product(copy)
end

-- ---- any of them

--- An array of items, a function that returns the next item or nil at the end, or a source.
-- luacheck: push no max comment line length (an annotation cannot be broken)
---@alias elevenlabs.workspace.Items elevenlabs.workspace.Item[]|elevenlabs.workspace.Source|fun(): elevenlabs.workspace.Item|nil
-- luacheck: pop

--- A source for one run, of what a caller has: a second run would find it read to its end,
--- and report that all is well. Raises, in the name of its caller's caller, for anything else.
---@param value elevenlabs.workspace.Items
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil
function M.from(value)
  if source.is(value) and value.is_taken then
    return nil, errors.invalid("items", "these items were given to a run before: make them anew")
  elseif source.is(value) then
    value.is_taken = true
    return value
  elseif type(value) == "table" then
    return from_array(value)
  elseif type(value) == "function" then
    return setmetatable({ iterate = value, number = 0 }, Iterator)
  end
  error("a bulk run takes an array, an iterator or a source of items, got " .. type(value), 3)
end

return M
