--- The reference, in Markdown, from the annotations of what is public.

local annotations = require "spec.system.docs.annotations"

local M = {}

--- Section by section: a module, a class or an alias.
M.PUBLIC = {
  "elevenlabs.workspace",
  "elevenlabs.workspace.Options",
  "elevenlabs.workspace.Client",
  "elevenlabs.workspace.ResourceArgs",
  "elevenlabs.workspace.UnshareArgs",
  "elevenlabs.workspace.ShareArgs",
  "elevenlabs.workspace.CallOptions",
  "elevenlabs.workspace.Receipt",
  "elevenlabs.workspace.Error",
  "elevenlabs.workspace.FailedOutcome",
  "elevenlabs.workspace.Kind",
  "elevenlabs.workspace.Resource",
  "elevenlabs.workspace.ShareOption",
  "elevenlabs.workspace.items",
  "elevenlabs.workspace.Product",
  "elevenlabs.workspace.Items",
  "elevenlabs.workspace.Item",
  "elevenlabs.workspace.Source",
  "elevenlabs.workspace.ItemProblem",
  "elevenlabs.workspace.BulkOptions",
  "elevenlabs.workspace.Report",
  "elevenlabs.workspace.Reason",
  "elevenlabs.workspace.StopReason",
  "elevenlabs.workspace.Progress",
  "elevenlabs.workspace.Run",
  "elevenlabs.workspace.Call",
  "elevenlabs.workspace.Stats",
  "elevenlabs.workspace.Event",
  "elevenlabs.workspace.Driver",
  "elevenlabs.workspace.offboard",
  "elevenlabs.workspace.offboard.PlanOptions",
  "elevenlabs.workspace.offboard.Case",
  "elevenlabs.workspace.offboard.RoundOptions",
  "elevenlabs.workspace.offboard.VerifyOptions",
  "elevenlabs.workspace.offboard.By",
  "elevenlabs.workspace.offboard.Summary",
  "elevenlabs.workspace.offboard.Totals",
  "elevenlabs.workspace.offboard.Residual",
  "elevenlabs.workspace.offboard.Row",
  "elevenlabs.workspace.offboard.RowSeen",
  "elevenlabs.workspace.offboard.Gift",
  "elevenlabs.workspace.offboard.Subject",
  "elevenlabs.workspace.offboard.AccessOptions",
  "elevenlabs.workspace.offboard.AccessRow",
  "elevenlabs.workspace.offboard.Discovery",
  "elevenlabs.workspace.offboard.Owner",
  "elevenlabs.workspace.offboard.Member",
  "elevenlabs.workspace.offboard.Group",
  "elevenlabs.workspace.offboard.ServiceAccount",
  "elevenlabs.workspace.offboard.Coverage",
  "elevenlabs.workspace.offboard.Covered",
  "elevenlabs.workspace.sandbox.fake",
  "elevenlabs.workspace.sandbox.FakeOptions",
  "elevenlabs.workspace.sandbox.Model",
  "elevenlabs.workspace.sandbox.State",
  "elevenlabs.workspace.sandbox.User",
  "elevenlabs.workspace.sandbox.Group",
  "elevenlabs.workspace.sandbox.Resource",
}

-- ---- reading

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
    if block.owner and block.owner == (owner or section.variable) then
      table.insert(section.members, block)
    end
  end
  return section
end

-- ---- writing

local function code(text)
  return "`" .. text .. "`"
end

--- One line, with no bar that would end a cell.
local function cell(text)
  return (text:gsub("%s*\n%s*", " "):gsub("|", "\\|"))
end

local function add(out, ...)
  for _, line in ipairs { ... } do
    out[#out + 1] = line
  end
end

local function add_table(out, title, rows)
  if #rows > 0 then
    add(out, ("| %s | type | |"):format(title), "|---|---|---|")
    for _, row in ipairs(rows) do
      add(out, ("| `%s` | `%s` | %s |"):format(row.name, cell(row.type), cell(row.text)))
    end
    add(out, "")
  end
end

local function add_returns(out, returns)
  for i, result in ipairs(returns) do
    local text = result.text ~= "" and ": " .. result.text or ""
    add(out, (i == 1 and "Returns " or "and ") .. code(result.type) .. text)
  end
  add(out, #returns > 0 and "" or nil)
end

local function add_values(out, values)
  for _, value in ipairs(values) do
    add(out, ('- `"%s"`%s'):format(value.name, value.text ~= "" and ": " .. value.text or ""))
  end
  add(out, #values > 0 and "" or nil)
end

local function is_function(member)
  return member.arguments or (member.type or ""):find "^fun%("
end

local function signature(prefix, member)
  local names = {}
  for i, param in ipairs(member.params) do
    names[i] = param.name
  end
  local list = is_function(member) and "(" .. table.concat(names, ", ") .. ")" or ""
  return prefix .. member.separator .. member.name .. list
end

local function add_member(out, prefix, member)
  add(out, "### " .. signature(prefix, member), "", member.text, "")
  if not is_function(member) then
    add(out, "Type " .. code(member.type), "")
  end
  add_table(out, "parameter", member.params)
  add_returns(out, member.returns)
end

local function add_section(out, name)
  local section = M.read(name)
  add(out, "## " .. name, "")
  if section.text ~= "" then
    add(out, section.text, "")
  end
  if (section.parent or "") ~= "" then
    add(out, "Has the fields of " .. code(section.parent) .. " too.", "")
  end
  if (section.aliased or "") ~= "" then
    add(out, "Stands for " .. code(section.aliased) .. ".", "")
  end
  add_table(out, "field", section.fields)
  add_values(out, section.values)
  for _, member in ipairs(section.members) do
    add_member(out, name:match "(%w+)$":lower(), member)
  end
end

---@return string markdown
function M.reference()
  local out = { "# Reference of elevenlabs.workspace", "" }
  for _, name in ipairs(M.PUBLIC) do
    add_section(out, name)
  end
  return table.concat(out, "\n")
end

---@param path string
function M.write(path)
  local text = M.reference()
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  file:close()
end

return M
