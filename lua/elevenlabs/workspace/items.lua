--- Where a bulk run takes its items from, beside arrays and iterators: files, and products of
--- ids and targets. What reads them is loaded at first use.

local M = {}

local function check_arguments(name, path, fields)
  local is_file = io.type(path) == "file" or (type(path) == "table" and path.read)
  if type(path) ~= "string" and not is_file then
    error(("%s takes a path or an open file, got %s"):format(name, type(path)), 3)
  elseif fields ~= nil and type(fields) ~= "table" then
    error(("%s takes a table of fields, got %s"):format(name, type(fields)), 3)
  end
end

local function of_files(name)
  return function(path, fields)
    check_arguments(name, path, fields)
    return require("elevenlabs.workspace.items.formats")[name](path, fields)
  end
end

--- Items from a CSV file whose first row names the columns, as items' fields are named. A column
--- whose name begins with "_" is ignored, and so are blank rows. A "'" before a cell that would
--- begin with +, -, = or @ is taken off: a spreadsheet takes such a cell for a formula. `path` may
--- be an open file too; "-" is standard input. `fields` are what an item has if its row does not
--- say otherwise. All columns that have no known name are in the error's `details`.
---@type fun(path: string|file*, fields: table|nil): elevenlabs.workspace.Source|nil, elevenlabs.workspace.Error|nil
M.from_csv = of_files "from_csv"

--- Items from a file with one JSON object a line. A name that an object has twice is an error. The
--- rest as for `from_csv`.
---@type fun(path: string|file*, fields: table|nil): elevenlabs.workspace.Source|nil, elevenlabs.workspace.Error|nil
M.from_jsonl = of_files "from_jsonl"

--- Items from a file, read as its name says: .csv is CSV; .jsonl, .ndjson and .json are JSON
--- lines, in any case of the letters. If the name says nothing, a file that begins with "{" or "["
--- is JSON lines, and another is CSV. The rest as for `from_csv`.
---@type fun(path: string|file*, fields: table|nil): elevenlabs.workspace.Source|nil, elevenlabs.workspace.Error|nil
M.from_file = of_files "from_file"

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
  return require("elevenlabs.workspace.items.product").new(arguments)
end

return M
