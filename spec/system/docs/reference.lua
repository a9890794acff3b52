--- Reads from the annotations what the reference says of a module, a class, an alias or a function.

local annotations = require "spec.system.docs.annotations"
local contents = require "spec.system.docs.contents"

local M = {}

local PREFIX = "elevenlabs.workspace."

--- The file that declares each class and each alias of lua/.
local function read_declarations()
  local files, pipe = {}, assert(io.popen "grep -roE -- '^---@(class|alias) [a-zA-Z_.]+' lua")
  for line in pipe:lines() do
    local path, name = line:match "^(.-):%-%-%-@%l+ (.*)$"
    files[name] = path
  end
  pipe:close()
  return files
end

local FILES = read_declarations()

--- The path and the block of a module, a class or an alias; of a module also the name by which
--- its file calls it.
local function find_section(name)
  local path = FILES[name]
  if not path then
    path = "lua/" .. name:gsub("%.", "/") .. ".lua"
    return path, annotations.read(path)[1], "M" -- its text opens the file
  end
  for _, block in ipairs(annotations.read(path)) do
    if block.class == name or block.alias == name then
      return path, block
    end
  end
end

--- A module, class or alias: its block, with its functions and values as `members`.
---@param name string
---@return table
function M.read(name)
  local path, section, owner = find_section(name)
  section.members = {}
  for _, block in ipairs(annotations.read(path)) do
    local is_member = block.owner and block.owner == (owner or section.variable)
    if is_member and not block.name:find "^__" then
      table.insert(section.members, block)
    end
  end
  return section
end

--- The fields of a class, those of its parent first.
---@param section table
---@return table[]
function M.fields(section)
  local all = (section.parent or "") ~= "" and M.fields(M.read(section.parent)) or {}
  for _, field in ipairs(section.fields) do
    all[#all + 1] = field
  end
  return all
end

--- The block of an entry of the contents, with its name there as `entry`.
---@param entry string
---@return table
function M.entry(entry)
  local block
  local owner, name = entry:match "^(%l+)[.:]([%l_]+)$"
  if not owner then
    owner, name = entry:match "^(workspace)%.([%u_]+)$"
  end
  for _, member in ipairs(owner and M.read(contents.OWNERS[owner]).members or {}) do
    block = member.name == name and member or block
  end
  block = block or not owner and M.read(PREFIX .. entry) or error("no such entry: " .. entry)
  block.entry = entry
  return block
end

return M
