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
  only_creator = true,
  residuals = true,
  roles_before = true,
  without_list = true,
}

--- A copy that is valid UTF-8, with its lists marked. The document itself stays as it is.
local function copy(value, name)
  if type(value) == "string" then
    return texts.utf8(value)
  elseif type(value) ~= "table" then
    return value
  end
  local all = LISTS[name] and json.list {} or {}
  for key, entry in pairs(value) do
    if not (name == nil and key == "rows") then
      all[copy(key)] = copy(entry, key)
    end
  end
  return all
end

--- Write a document. The rows come last, so that no copy of all of them is held.
---@param document table
---@param write fun(text: string)
function M.write(document, write)
  write(json.encode(copy(document)):sub(1, -2) .. ',"rows":[')
  for i, row in ipairs(document.rows) do
    write((i > 1 and ",\n" or "\n") .. json.encode(copy(row, "row")))
  end
  write "\n]}\n"
end

return M
