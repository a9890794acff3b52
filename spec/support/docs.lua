--- The reference, in Markdown, from the annotations of what is public.

local annotations = require "spec.support.annotations"

local M = {}

local FOLDER = "lua/elevenlabs/"

--- Section by section: the name of a module, class or alias, and its source file.
M.PUBLIC = {
  { "elevenlabs.workspace", "workspace.lua" },
  { "elevenlabs.workspace.Options", "workspace/client.lua" },
  { "elevenlabs.workspace.Client", "workspace/client.lua" },
  { "elevenlabs.workspace.ResourceArgs", "workspace/client.lua" },
  { "elevenlabs.workspace.UnshareArgs", "workspace/client.lua" },
  { "elevenlabs.workspace.ShareArgs", "workspace/client.lua" },
  { "elevenlabs.workspace.Receipt", "workspace/receipt.lua" },
  { "elevenlabs.workspace.Error", "workspace/error.lua" },
  { "elevenlabs.workspace.FailedOutcome", "workspace/error.lua" },
  { "elevenlabs.workspace.Kind", "workspace/error.lua" },
  { "elevenlabs.workspace.Resource", "workspace/resource.lua" },
  { "elevenlabs.workspace.ShareOption", "workspace/resource.lua" },
  { "elevenlabs.workspace.items", "workspace/items.lua" },
  { "elevenlabs.workspace.Product", "workspace/items.lua" },
  { "elevenlabs.workspace.Items", "workspace/items/given.lua" },
  { "elevenlabs.workspace.Item", "workspace/items/item.lua" },
  { "elevenlabs.workspace.Source", "workspace/items/source.lua" },
  { "elevenlabs.workspace.ItemProblem", "workspace/items/source.lua" },
  { "elevenlabs.workspace.BulkOptions", "workspace/bulk.lua" },
  { "elevenlabs.workspace.Report", "workspace/report.lua" },
  { "elevenlabs.workspace.Reason", "workspace/report.lua" },
  { "elevenlabs.workspace.StopReason", "workspace/stop_rules.lua" },
  { "elevenlabs.workspace.Progress", "workspace/report.lua" },
  { "elevenlabs.workspace.Run", "workspace/run.lua" },
  { "elevenlabs.workspace.Call", "workspace/engine.lua" },
  { "elevenlabs.workspace.Stats", "workspace/client.lua" },
  { "elevenlabs.workspace.Event", "workspace/events.lua" },
  { "elevenlabs.workspace.Driver", "workspace/driver/blocking.lua" },
  { "elevenlabs.workspace.sandbox.fake", "workspace/sandbox/fake.lua" },
  { "elevenlabs.workspace.sandbox.FakeOptions", "workspace/sandbox/fake.lua" },
  { "elevenlabs.workspace.sandbox.Model", "workspace/sandbox/fake.lua" },
  { "elevenlabs.workspace.sandbox.State", "workspace/sandbox/model.lua" },
  { "elevenlabs.workspace.sandbox.Resource", "workspace/sandbox/model.lua" },
}

-- ---- reading

local function find_block(blocks, name)
  for _, block in ipairs(blocks) do
    if block.class == name or block.alias == name then
      return block
    end
  end
  assert(name:match "%.%l+$", name .. " is not annotated")
  return blocks[1], "M" -- a module: its text opens the file
end

--- A module, class or alias: its block, with its functions and values as `members`.
---@param name string
---@return table
function M.read(name)
  local file
  for _, entry in ipairs(M.PUBLIC) do
    file = entry[1] == name and entry[2] or file
  end
  local blocks = annotations.read(FOLDER .. assert(file, name .. " is not public"))
  local section, owner = find_block(blocks, name)
  section.members = {}
  for _, block in ipairs(blocks) do
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
  for _, entry in ipairs(M.PUBLIC) do
    add_section(out, entry[1])
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
