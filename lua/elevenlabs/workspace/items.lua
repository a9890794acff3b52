--- Makes sources of items for bulk runs and loops: from files, and from ids and targets. A run takes an
--- array and a function as they are.

local M = {}

local function check_arguments(name, path, fields)
  local is_file = io.type(path) == "file" or (type(path) == "table" and path.read)
  if type(path) ~= "string" and not is_file then
    error(("%s takes a path or an open file, got %s"):format(name, type(path)), 3)
  elseif fields ~= nil and type(fields) ~= "table" then
    error(("%s takes a table of fields, got %s"):format(name, type(fields)), 3)
  end
end

--- Items from a CSV file. The first row names the columns, as the fields of an item are named.
--- Columns whose names begin with "_" are ignored, and so are blank rows. If a cell begins with "'"
--- and then +, -, = or @, the "'" is taken off: it keeps a spreadsheet from taking the cell for a
--- formula. A row with another target than that of `fields` is an error. A bulk run checks the whole
--- file before the first request.
---
--- ```lua
--- local items, err = workspace.items.from_csv("resources.csv", {
---   user_email = "mia@example.com",
--- })
--- if not items then error(tostring(err)) end
--- print(client:unshare_many(items, { dry_run = true }))
--- ```
---@param path string|file* A path, an open file, or "-" for standard input.
---@param fields table|nil The fields of every item whose row does not have them.
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil # all columns without a known name are in `details`
function M.from_csv(path, fields)
  check_arguments("from_csv", path, fields)
  return require("elevenlabs.workspace.items.formats").from_csv(path, fields)
end

--- Items from a file with one JSON object a line. An object with a name twice is an error. The rest
--- is as for `from_csv`.
---@param path string|file* A path, an open file, or "-" for standard input.
---@param fields table|nil The fields of every item whose row does not have them.
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil
function M.from_jsonl(path, fields)
  check_arguments("from_jsonl", path, fields)
  return require("elevenlabs.workspace.items.formats").from_jsonl(path, fields)
end

--- Items from a file whose name tells the format, in upper or lower case: .csv is CSV; .jsonl, .ndjson
--- and .json are JSON lines. If the name tells no format, a file that begins with "{" or "[" is JSON
--- lines, and any other file is CSV. The rest is as for `from_csv`.
---@param path string|file* A path, an open file, or "-" for standard input.
---@param fields table|nil The fields of every item whose row does not have them.
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil
function M.from_file(path, fields)
  check_arguments("from_file", path, fields)
  return require("elevenlabs.workspace.items.formats").from_file(path, fields)
end

--- The arguments of `items.product`. Exactly one of the three lists of targets is given.
---@class elevenlabs.workspace.Product
---@field resource_ids string[] The ids of the resources.
---@field resource_type string The type of all these resources.
---@field user_emails string[]|nil Addresses of users or service accounts.
---@field group_ids string[]|nil Ids of groups.
---@field workspace_api_key_ids string[]|nil Ids of API keys.
---@field role "admin"|"editor"|"commenter"|"viewer"|nil The role to give. For share alone.

--- Every resource with every target: all targets of the first resource first.
---
--- ```lua
--- local items = workspace.items.product {
---   resource_type = "voice",
---   resource_ids = { "voice_narrator", "voice_trailer" },
---   user_emails = { "mia@example.com", "eve@example.com" },
--- }
--- ```
---@param arguments elevenlabs.workspace.Product
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil # which argument is wrong, in `field`
function M.product(arguments)
  if type(arguments) ~= "table" then
    error("items.product takes a table of arguments, got " .. type(arguments), 2)
  end
  return require("elevenlabs.workspace.items.product").new(arguments)
end

return M
