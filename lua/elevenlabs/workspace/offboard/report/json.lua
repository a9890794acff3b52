--- The report as JSON: the document as it is, with a line for each resource.

local json = require "elevenlabs.workspace.json"
local texts = require "elevenlabs.workspace.text"

local M = {}

-- Fields that hold lists: an empty one must be [] and not {}.
local LISTS = {
  commands = true,
  coverage = true,
  files = true,
  limits = true,
  residuals = true,
  roles_before = true,
  without_list = true,
}

-- Lists that may be long. They are written last, row by row: memory holds one copied row at a time.
local ROW_BY_ROW = { "only_creator", "rows" }

--- A copy that is valid UTF-8, with its lists marked. The document itself stays as it is.
local function copy(value, name)
  if type(value) == "string" then
    return texts.utf8(value)
  elseif type(value) ~= "table" then
    return value
  end
  local all = LISTS[name] and json.list {} or {}
  for key, entry in pairs(value) do
    all[copy(key)] = copy(entry, key)
  end
  return all
end

--- Write a document.
---@param document table
---@param write fun(text: string)
function M.write(document, write)
  local short = {}
  for name, value in pairs(document) do
    short[name] = value
  end
  for _, name in ipairs(ROW_BY_ROW) do
    short[name] = nil
  end
  write(json.encode(copy(short)):sub(1, -2))
  for _, name in ipairs(ROW_BY_ROW) do
    write((',"%s":['):format(name))
    for i, row in ipairs(document[name]) do
      write((i > 1 and ",\n" or "\n") .. json.encode(copy(row, "row")))
    end
    write "\n]"
  end
  write "}\n"
end

return M
