--- Reads the addresses of several leavers from a CSV file with a column user_email.

local csv = require "elevenlabs.workspace.items.csv"
local errors = require "elevenlabs.workspace.error"

local M = {}

local COLUMN = "user_email"

local function column_of(header)
  for i, name in ipairs(header) do
    if name:gsub("^\239\187\191", "") == COLUMN then -- a byte order mark may come first
      return i
    end
  end
end

local function read(reader, path)
  local header, what = reader:next()
  local column = header and column_of(header)
  if not column then
    return nil, ("%s has no column %s%s"):format(path, COLUMN, what and ": " .. what or "")
  end
  local list = {}
  local cells, problem = reader:next()
  while cells or problem do
    local address = cells and csv.bare(cells[column] or "")
    if not address or address == "" then
      problem = problem or "there is no address"
      return nil, ("%s, line %d: %s"):format(path, reader.number, problem)
    end
    list[#list + 1] = address
    cells, problem = reader:next()
  end
  if not list[1] then
    return nil, path .. " has no rows"
  end
  return list
end

---@param path string
---@return string[]|nil addresses
---@return elevenlabs.workspace.Error|nil
function M.read(path)
  local file, why = io.open(path, "rb")
  local list
  if file then
    list, why = read(csv.reader(file), path)
    file:close()
  end
  return list, why and errors.invalid("people", why)
end

return M
