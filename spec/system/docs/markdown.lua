--- Writes the reference as Markdown, which GitHub and pandoc read alike. The name of a heading is
--- the address of its entry: "client:get" is #clientget.

local commands = require "spec.system.docs.commands"
local contents = require "spec.system.docs.contents"
local reference = require "spec.system.docs.reference"

local M = {}

local CLASS = "elevenlabs%.workspace%.([%w.]*%u%w*)"
local WIDTH = 76 -- of a line of code, for manual pages

-- ---- types

--- The types of a union. The results of a function type belong to that type, so it is the last one.
local function split_union(text)
  local parts, depth, from = {}, 0, 1
  for at, char in text:gmatch "()([|(){}<>])" do
    if char == "|" and depth == 0 and text:sub(from, from + 3) ~= "fun(" then
      parts[#parts + 1] = text:sub(from, at - 1)
      from = at + 1
    elseif char ~= "|" then
      depth = depth + (char:find "[({<]" and 1 or -1)
    end
  end
  parts[#parts + 1] = text:sub(from)
  return parts
end

--- A type as code, for people: short names of classes.
local function plain_type(text)
  return (text:gsub("elevenlabs%.workspace%.", ""):gsub("fun%(", "function("))
end

---@param heading string
---@return string
local function link(heading)
  local address = heading:lower():gsub("[^%w_ -]", ""):gsub(" ", "-")
  return ("[`%s`](#%s)"):format(heading, address)
end

--- A type as code in which the classes are links.
local function linked_type(text)
  local pieces, from = {}, 1
  for at, class, after in text:gmatch("()" .. CLASS .. "()") do
    pieces[#pieces + 1] = text:sub(from, at - 1)
    pieces[#pieces + 1] = "\0" .. class
    from = after
  end
  pieces[#pieces + 1] = text:sub(from)
  for i, piece in ipairs(pieces) do
    local class = piece:match "^%z(.*)"
    pieces[i] = class and link(class) or piece ~= "" and "`" .. plain_type(piece) .. "`" or ""
  end
  return table.concat(pieces)
end

--- "`string`, `false` or `nil`"
local function alternatives(parts)
  local texts = {}
  for i, part in ipairs(parts) do
    texts[i] = linked_type(part)
  end
  local last = table.remove(texts)
  return texts[1] and table.concat(texts, ", ") .. " or " .. last or last
end

--- The same with nil at the end.
local function describe_type(text)
  local parts, has_nil = {}, false
  for _, part in ipairs(split_union(text)) do
    has_nil = has_nil or part == "nil"
    parts[#parts + 1] = part ~= "nil" and part or nil
  end
  parts[#parts + 1] = has_nil and "nil" or nil
  return alternatives(parts)
end

local function may_be_nil(text)
  return text:find "^nil|" ~= nil or text:find "|nil$" ~= nil
end

local function without_nil(text)
  return (text:gsub("^nil|", ""):gsub("|nil$", ""))
end

-- ---- writing

local function add(out, ...)
  for _, line in ipairs { ... } do
    out[#out + 1] = line
  end
end

--- One line, with no bar that would end a cell.
local function cell(text)
  return (text:gsub("%s*\n%s*", " "):gsub("|", "\\|"))
end

---@param out string[]
---@param titles string[]
---@param rows string[][]
function M.add_table(out, titles, rows)
  if not rows[1] then
    return
  end
  add(out, "| " .. table.concat(titles, " | ") .. " |", "|" .. ("---|"):rep(#titles))
  for _, row in ipairs(rows) do
    local cells = {}
    for i, text in ipairs(row) do
      cells[i] = cell(text)
    end
    add(out, "| " .. table.concat(cells, " | ") .. " |")
  end
  add(out, "")
end

--- Up to the first full stop that ends a sentence.
local function first_sentence(text)
  local line = text:gsub("%s+", " ")
  return line:match "^(.-%.) " or line
end

--- A parameter without a text has that of its class.
local function meaning_of(row)
  local class = row.text == "" and row.type:match("^" .. CLASS)
  return class and first_sentence(reference.entry(class).text) or row.text
end

local function add_named(out, title, list)
  local rows = {}
  for i, row in ipairs(list) do
    rows[i] = { "`" .. row.name .. "`", describe_type(row.type), meaning_of(row) }
  end
  M.add_table(out, { title, "type", "meaning" }, rows)
end

local function add_values(out, values)
  local rows = {}
  for i, value in ipairs(values) do
    rows[i] = { ('`"%s"`'):format(value.name), value.text }
  end
  M.add_table(out, { "value", "meaning" }, rows)
end

-- ---- functions

--- "client:unshare_many(items [, opts])"
local function signature(member)
  if not member.arguments then
    return member.entry
  end
  local list = ""
  for i, param in ipairs(member.params) do
    local name = (i > 1 and ", " or "") .. param.name
    list = list .. (may_be_nil(param.type) and (i > 1 and " [%s]" or "[%s]"):format(name) or name)
  end
  return member.entry .. "(" .. list .. ")"
end

local function is_error(result)
  return result and result.type == "elevenlabs.workspace.Error|nil"
end

--- "--> Report | nil, Error"
local function arrow(member)
  local texts = {}
  for i, result in ipairs(member.returns) do
    local text = is_error(result) and "Error" or plain_type(result.type):gsub("|", " | ")
    texts[i] = text
  end
  return texts[1] and "--> " .. table.concat(texts, ", ")
end

local function add_signature(out, member)
  local call, results = signature(member), arrow(member)
  add(out, "```lua")
  if results and #call + #results + 2 > WIDTH then
    add(out, call, "  " .. results)
  else
    add(out, call .. (results and "  " .. results or ""))
  end
  add(out, "```", "")
end

--- "Returns X: text. Or nil and an Error: text."
local function add_returns(out, returns)
  local sentences = {}
  for i, result in ipairs(returns) do
    local text = result.text ~= "" and ": " .. result.text or ""
    local is_nil_error = is_error(returns[i + 1])
    local type_ = describe_type(is_nil_error and without_nil(result.type) or result.type)
    if is_error(result) then
      sentences[i] = "Or `nil` and an " .. link "Error" .. text .. "."
    else
      sentences[i] = (i == 1 and "Returns " or "And ") .. type_ .. text .. "."
    end
  end
  if sentences[1] then
    add(out, table.concat(sentences, "\n"), "")
  end
end

local function add_member(out, member)
  if member.arguments then
    add_signature(out, member)
  end
  local text, example = member.text:match "^(.-)\n\n(```.*)$"
  add(out, text or member.text, "")
  if member.type then
    add(out, "Type: " .. describe_type(member.type), "")
  end
  add_named(out, "parameter", member.params)
  add_returns(out, member.returns)
  add(out, example, example and "")
end

-- ---- classes

local USES = {
  { key = "takes", words = "Taken by" },
  { key = "returns", words = "Returned by" },
  { key = "holds", words = "Also in" },
}

--- Which functions take and which return each class, and which classes hold it, as links.
local function find_uses(blocks)
  local uses = {}
  local function note(how, list, entry)
    for _, row in ipairs(list) do
      for class in row.type:gmatch(CLASS) do
        uses[class] = uses[class] or { takes = {}, returns = {}, holds = {} }
        local found = uses[class][how]
        if class ~= entry and found[#found] ~= link(entry) then
          found[#found + 1] = link(entry)
        end
      end
    end
  end
  for _, block in ipairs(blocks) do
    if block.owner then
      note("takes", block.params, block.entry)
      note("returns", block.returns, block.entry)
    else
      note("holds", block.fields, block.entry)
    end
  end
  uses.Error, uses.Client, uses.Kind = nil, nil, nil -- of nearly all
  return uses
end

--- The functions of a class, as links.
local function methods_of(block)
  local all = {}
  for _, entry in ipairs(contents.entries()) do
    local owner = entry:match "^(%l+):"
    if owner and contents.OWNERS[owner] == block.class then
      all[#all + 1] = link(entry)
    end
  end
  return table.concat(all, ", ")
end

local function add_class(out, block, uses)
  add(out, block.text, "")
  for _, use in ipairs(uses[block.entry] and USES or {}) do
    local list = table.concat(uses[block.entry][use.key], ", ")
    add(out, list ~= "" and use.words .. " " .. list .. "." or nil)
  end
  add(out, "")
  if (block.aliased or "") ~= "" then
    add(out, "Stands for " .. describe_type(block.aliased) .. ".", "")
  end
  local methods = block.class and methods_of(block) or ""
  if methods ~= "" then
    add(out, "Methods: " .. methods .. ".", "")
  end
  add_named(out, "field", reference.fields(block))
  add_values(out, block.values)
end

-- ---- the whole

local function add_index(out, blocks)
  local types, rows = {}, {}
  for _, block in ipairs(blocks) do
    if block.owner then
      rows[#rows + 1] = { link(block.entry), first_sentence(block.text) }
    else
      types[#types + 1] = link(block.entry)
    end
  end
  M.add_table(out, { "name", "purpose" }, rows)
  add(out, "Types: " .. table.concat(types, ", ") .. ".", "")
end

local function add_group(out, group, blocks, uses)
  add(out, "## " .. group.title, "")
  add(out, group.text or reference.read(group.module).text, "")
  add_index(out, blocks)
  for _, block in ipairs(blocks) do
    add(out, "### " .. block.entry, "")
    if block.owner then
      add_member(out, block)
    else
      add_class(out, block, uses)
    end
  end
end

local INTRODUCTION = [[
If a type allows `nil`, the argument may be left out, or the result may be missing. Brackets in a
signature mark parameters that may be left out.]]

---@return string markdown
function M.text()
  local version = require "elevenlabs.workspace.version"
  local out = { "# Reference of elevenlabs.workspace " .. version, "" }
  add(out, reference.read("elevenlabs.workspace").text, "", INTRODUCTION, "")
  local all, of_group = {}, {}
  for i, group in ipairs(contents.GROUPS) do
    of_group[i] = {}
    for j, entry in ipairs(group) do
      of_group[i][j] = reference.entry(entry)
      all[#all + 1] = of_group[i][j]
    end
  end
  local uses = find_uses(all)
  for i, group in ipairs(contents.GROUPS) do
    add_group(out, group, of_group[i], uses)
  end
  commands.add(out, M.add_table)
  return table.concat(out, "\n")
end

---@param path string
function M.write(path)
  local text = M.text()
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  assert(file:close())
end

return M
