--- Reads LuaCATS annotations, as an editor does: plain comment lines belong to the
--- class, alias or field that follows, and in front of a function or value to that.
---
--- A block is one run of `---` lines: { text, params, returns, fields, values } and,
--- if it has them, `class` (with `parent`), `alias`, `type`, and `late`, a line of text after a
--- parameter; and of the line of code below it `owner`, `separator`, `name` and `arguments`, or
--- `variable`.

local M = {}

--- A type ends at the first space that follows no comma, colon or opening brace.
local function split_type(text)
  local at = text:find("[^,:{]%s")
  if not at then
    return text, ""
  end
  return text:sub(1, at), text:sub(at + 2)
end

local function take_text(block)
  local text = table.concat(block.pending, "\n")
  block.pending = {}
  return text
end

local TAGS = {}

function TAGS.class(block, rest)
  block.class, block.parent = rest:match "^([%w._]+):?%s*([%w._]*)"
  block.text = take_text(block)
end

function TAGS.alias(block, rest)
  block.alias, block.aliased = rest:match "^(%S+)%s*(.*)$"
  block.text = take_text(block)
end

--- "name type text"
local function read_named(rest)
  local name, type_and_text = rest:match "^(%S+)%s+(.*)$"
  local type_, text = split_type(type_and_text)
  return { name = name, type = type_, text = text }
end

function TAGS.field(block, rest)
  local field = read_named(rest)
  local before = take_text(block)
  assert(before == "" or field.text == "", "a text that belongs to no field: " .. before)
  field.text = before .. field.text
  table.insert(block.fields, field)
end

function TAGS.param(block, rest)
  table.insert(block.params, read_named(rest))
end

TAGS["return"] = function(block, rest)
  local type_, text = split_type(rest)
  table.insert(block.returns, { type = type_, text = text:gsub("^# ", "") })
end

function TAGS.type(block, rest)
  block.type = rest
end

function TAGS.operator() end -- for editors: the text of the class tells it

local function add_line(block, line)
  local tag, rest = line:match "^@(%a+)%s*(.*)$"
  local value, comment = line:match '^| "([^"]+)"[%s#]*(.*)$'
  if value then
    table.insert(block.values, { name = value, text = comment })
  elseif tag then
    assert(TAGS[tag], "no such annotation: @" .. tag)(block, rest)
  else
    block.late = (block.params[1] or block.returns[1]) and line -- it belongs to nothing
    table.insert(block.pending, (line:gsub("^ ", "")))
  end
end

local function end_block(block, code)
  local owner, separator, name, arguments = code:match "^function ([%w_]+)([.:])([%w_]+)%((.-)%)"
  if not owner then
    owner, separator, name = code:match "^([%w_]+)(%.)([%w_]+) ="
  end
  block.owner, block.separator, block.name, block.arguments = owner, separator, name, arguments
  block.variable = code:match "^local ([%w_]+)"
  if block.class or block.alias then
    assert(#block.pending == 0, "a comment that belongs to nothing, before: " .. code)
  else
    block.text = take_text(block)
  end
  return block
end

--- The blocks of a source file, in order.
---@param path string
---@return table[]
function M.read(path)
  local blocks, block = {}, nil
  for line in io.lines(path) do
    local comment = line:match "^%-%-%-(.*)$"
    if comment then
      block = block or { pending = {}, params = {}, returns = {}, fields = {}, values = {} }
      add_line(block, comment)
    elseif block then
      blocks[#blocks + 1] = end_block(block, line)
      block = nil
    end
  end
  return blocks
end

return M
