--- Makes sources of items for bulk runs and loops: files, and products of ids and targets. The
--- modules that read these sources are loaded at first use.

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

--- Items from a CSV file. Its first row names the columns, as the fields of items are named.
--- Columns whose names begin with "_" are ignored, and so are blank rows. If a cell begins with "'"
--- and then +, -, = or @, the "'" is taken off: it keeps a spreadsheet from taking the cell for a
--- formula. `path` may be an open file; "-" is standard input. `fields` are the fields of every
--- item whose row does not have them. The error's `details` list all columns without a known name.
---@type fun(path: string|file*, fields: table|nil): elevenlabs.workspace.Source|nil, elevenlabs.workspace.Error|nil
M.from_csv = of_files "from_csv"

--- Items from a file with one JSON object a line. An object with a name twice is an error. The rest
--- is as for `from_csv`.
---@type fun(path: string|file*, fields: table|nil): elevenlabs.workspace.Source|nil, elevenlabs.workspace.Error|nil
M.from_jsonl = of_files "from_jsonl"

--- Items from a file whose name tells the format: .csv is CSV; .jsonl, .ndjson and .json are JSON
--- lines, in upper or lower case. If the name tells no format, a file that begins with "{" or "["
--- is JSON lines, and any other file is CSV. The rest is as for `from_csv`.
---@type fun(path: string|file*, fields: table|nil): elevenlabs.workspace.Source|nil, elevenlabs.workspace.Error|nil
M.from_file = of_files "from_file"

--- The arguments of `items.product`, with exactly one list of targets.
---@class elevenlabs.workspace.Product
---@field resource_ids string[]
---@field resource_type string of all resources
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
