--- What one reading of a workspace saw, as records of a plan or of the log: which lists and
--- resources could be read, and what access remains beside the subject's own roles.

local discovery = require "elevenlabs.workspace.offboard.discovery"
local json = require "elevenlabs.workspace.json"

local M = {}

---@class elevenlabs.workspace.offboard.Reading
---@field by "plan"|"verify"
---@field at string UTC
---@field number integer of the command that read
---@field planned_only boolean|nil only the resources of the plan were read
---@field coverage elevenlabs.workspace.offboard.Covered[]
---@field unread table<string, string> why a list of principals could not be read
---@field without_list string[]
---@field residuals elevenlabs.workspace.offboard.Residual[]
---@field unknown {id: string, count: integer}[] ids with a role that no list of principals names
---@field is_complete boolean all lists, and all resources that they name, were read
---@field read integer resources that were read
local Reading = {}
Reading.__index = Reading

---@param fields table { by, at, number, planned_only }
---@return elevenlabs.workspace.offboard.Reading
function M.new(fields)
  fields.coverage, fields.unread, fields.without_list = json.list {}, {}, json.list {}
  fields.residuals, fields.unknown = json.list {}, json.list {}
  fields.is_complete, fields.read = false, 0
  return setmetatable(fields, Reading)
end

--- No reading of such a list names every resource. People are told of it like of a residual.
local function describe_cut(covered)
  return {
    kind = "unlisted",
    is_access = false,
    text = ("the list %s is never complete (%s)"):format(covered.name, covered.why),
    next_step = "look for such resources in the web app, and plan again with --ids FILE",
  }
end

--- The records of what discovery found.
---@param found elevenlabs.workspace.offboard.Discovery
---@param residuals elevenlabs.workspace.offboard.Residual[]
---@param unknown {id: string, count: integer}[]
---@return table[] records
function M.records(found, residuals, unknown)
  local records = {}
  for _, covered in ipairs(found.coverage) do
    records[#records + 1] = { coverage = covered }
  end
  for _, name in ipairs(json.sorted_keys(found.unread)) do
    records[#records + 1] = { unread = { name = name, why = found.unread[name] } }
  end
  records[#records + 1] = { without_list = json.list(found.without_list) }
  for _, residual in ipairs(residuals) do
    records[#records + 1] = { residual = residual }
  end
  for _, covered in ipairs(found.coverage) do
    records[#records + 1] = covered.by_nature and { residual = describe_cut(covered) } or nil
  end
  for _, row in ipairs(unknown) do
    records[#records + 1] = { unknown = row }
  end
  records[#records + 1] = { complete = discovery.is_complete(found) }
  return records
end

--- Take one of these records.
---@param record table
function Reading:take(record)
  if record.coverage then
    table.insert(self.coverage, record.coverage)
    self.read = self.read + record.coverage.read
  elseif record.unread then
    self.unread[record.unread.name] = record.unread.why
  elseif record.without_list then
    self.without_list = json.list(record.without_list)
  elseif record.residual then
    table.insert(self.residuals, record.residual)
  elseif record.unknown then
    table.insert(self.unknown, record.unknown)
  elseif record.complete ~= nil then
    self.is_complete = record.complete
  end
end

return M
