--- The options that name items: the file of a list, and the fields of an item or of each row.

local core = require "elevenlabs.workspace.core"
local item_fields = require("elevenlabs.workspace.items.item").FIELDS
local items = require "elevenlabs.workspace.items"
local options = require "elevenlabs.workspace.cli.options"

local M = {}

local ROLES = { "admin", "editor", "commenter", "viewer" }

M.RESOURCE_TYPE = {
  name = "--resource-type",
  value = "TYPE",
  text = "the resource's type, such as voice, project or convai_agents",
  choices = core.RESOURCE_TYPES,
}
M.TARGET = {
  { name = "--user-email", value = "EMAIL", text = "a user or a service account" },
  { name = "--group-id", value = "ID", text = "a group; the group `default` is every member" },
  { name = "--workspace-api-key-id", value = "ID", text = "an API key's id, not its secret" },
}
M.ROLE = {
  name = "--role",
  value = "ROLE",
  text = "admin, editor, commenter or viewer",
  read = options.choice(ROLES),
  choices = ROLES,
}
M.FROM = {
  name = "--from",
  value = "FILE",
  text = "read items from FILE, CSV or JSON lines; - is standard input. The first row of a CSV"
    .. " file names the columns: resource_id, resource_type, user_email ... If a row lacks a"
    .. " field, the option of that name fills it in. Columns that begin with _ are ignored",
}
M.JSONL = { name = "--jsonl", text = "FILE holds JSON lines, whatever its name is" }

--- The fields of an item among the options.
---@param values table
---@return table
function M.fields(values)
  local fields = {}
  for _, name in ipairs(item_fields) do
    fields[name] = values[name]
  end
  return fields
end

--- The source of the list.
---@param values table
---@param input table|nil in place of the file
---@return elevenlabs.workspace.Source|nil
---@return elevenlabs.workspace.Error|nil
function M.open(values, input)
  local open = values.jsonl and items.from_jsonl or items.from_file
  return open(input or values.from, M.fields(values))
end

return M
