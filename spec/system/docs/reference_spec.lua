-- The reference has all that is public, each thing once, and nothing else.

local annotations = require "spec.system.docs.annotations"
local cli = require "elevenlabs.workspace.cli"
local contents = require "spec.system.docs.contents"
local docs = require "spec.system.docs.reference"
local markdown = require "spec.system.docs.markdown"
local signals = require "elevenlabs.workspace.cli.signals"
local sorted_keys = require("elevenlabs.workspace.json").sorted_keys

local TEXT = markdown.text()
local CLASS = "elevenlabs%.workspace%.([%w.]*%u%w*)"

local function set(list)
  local found = {}
  for _, name in ipairs(list) do
    assert.is_nil(found[name], name .. " is there twice")
    found[name] = true
  end
  return found
end

local function same(expected, actual)
  assert.are.same(sorted_keys(expected), sorted_keys(actual))
end

--- The headings of a level, in order.
local function headings(marks)
  local found = {}
  for text in TEXT:gmatch("\n" .. marks .. " ([^\n]+)") do
    found[#found + 1] = text
  end
  return found
end

--- The text below a heading, up to the next heading of this level or a higher one.
local function below(marks, heading)
  local _, from = TEXT:find("\n" .. marks .. " " .. heading .. "\n", 1, true)
  local to = #TEXT
  assert(from, heading)
  for level = 1, #marks do
    to = math.min(to, TEXT:find("\n" .. ("#"):rep(level) .. " ", from, true) or to)
  end
  return TEXT:sub(from, to)
end

--- What the first cells of the tables in a text name.
local function first_cells(text)
  local found = {}
  for name in text:gmatch '\n| `"?([^`"]+)"?` |' do
    found[#found + 1] = name
  end
  return found
end

--- All commands, also those that only have commands below them.
local function commands(declarations, all)
  all = all or {}
  for _, declaration in ipairs(declarations or cli.declarations()) do
    all[#all + 1] = declaration
    commands(declaration.commands or {}, all)
  end
  return all
end

-- ---- what is public

--- Each function and value of the modules and classes, as the contents name it.
local function members()
  local found = {}
  for owner, name in pairs(contents.OWNERS) do
    for _, member in ipairs(docs.read(name).members) do
      found[owner .. member.separator .. member.name] = member
    end
  end
  return found
end

--- The classes that a user gets to: from the functions, and from fields of such classes.
local function reachable()
  local found, rows = {}, {}
  local function look(list)
    for _, row in ipairs(list) do
      rows[#rows + 1] = row.type
    end
  end
  for _, member in pairs(members()) do
    look(member.params)
    look(member.returns)
  end
  while rows[1] do
    for class in table.remove(rows):gmatch(CLASS) do
      if not found[class] then
        found[class] = true
        local block = docs.read("elevenlabs.workspace." .. class)
        look(docs.fields(block))
        rows[#rows + 1] = block.aliased
      end
    end
  end
  return found
end

describe("the reference", function()
  it("has each public function, value and class once, and nothing else", function()
    local public = reachable()
    for name in pairs(members()) do
      public[name] = true
    end
    same(public, set(contents.entries()))
  end)

  it("has a heading for each entry, command and group, in the order of the contents", function()
    local expected, groups = contents.entries(), {}
    for _, command in ipairs(commands()) do
      expected[#expected + 1] = "elevenlabs-workspace " .. command.name
    end
    expected[#expected + 1] = "Exit status"
    expected[#expected + 1] = "Environment"
    assert.are.same(expected, headings "###")
    for i, group in ipairs(contents.GROUPS) do
      groups[i] = group.title
    end
    groups[#groups + 1] = "Command line"
    assert.are.same(groups, headings "##")
  end)

  it("has each field, each value and each parameter in its entry", function()
    for _, entry in ipairs(contents.entries()) do
      local block, expected = docs.entry(entry), {}
      for _, list in ipairs { block.params, docs.fields(block), block.values } do
        for _, row in ipairs(list) do
          expected[#expected + 1] = row.name
        end
      end
      assert.are.same(expected, first_cells(below("###", entry)), entry)
    end
  end)

  it("case 38: says something of each entry, field, value and parameter", function()
    for _, entry in ipairs(contents.entries()) do
      local block = docs.entry(entry)
      assert.are_not.equal("", block.text, entry)
      assert.is_nil(block.late, entry)
      for _, list in ipairs { block.params, block.fields, block.values } do
        for _, row in ipairs(list) do
          local has_text = row.text ~= "" or list == block.params and row.type:find("^" .. CLASS)
          assert.truthy(has_text, entry .. ": " .. row.name)
        end
      end
    end
  end)

  it("has links that lead to a heading of their own", function()
    local addresses = {}
    for text in TEXT:gmatch "\n###? ([^\n]+)" do
      local address = text:lower():gsub("[^%w_ -]", ""):gsub(" ", "-")
      addresses[address] = (addresses[address] or 0) + 1
    end
    local count = 0
    for address in TEXT:gmatch "%]%(#(.-)%)" do
      assert.are.equal(1, addresses[address], address)
      count = count + 1
    end
    assert.is_true(count > 300)
  end)

  it("names the results of a function", function()
    assert.matches("client:unshare_many(items [, opts])  --> Report | nil, Error\n", TEXT, 1, true)
    assert.matches("offboard.is_complete(found)  --> boolean\n", TEXT, 1, true)
  end)
end)

describe("the reference of the command", function()
  it("has the options of each command, and no others", function()
    for _, command in ipairs(commands()) do
      local expected = {}
      for _, group in ipairs(command.groups) do
        for _, option in ipairs(group.options) do
          expected[#expected + 1] = option.name .. (option.value and "=" .. option.value or "")
        end
      end
      local text = below("###", "elevenlabs-workspace " .. command.name)
      assert.are.same(expected, first_cells(text), command.name)
    end
  end)

  --- The numbers in a text.
  local function numbers(text, pattern, found)
    for number in text:gmatch(pattern) do
      found[tonumber(number)] = true
    end
    return found
  end

  it("has the exit statuses that the commands give, and no others", function()
    local pipe = assert(io.popen "find lua/elevenlabs/workspace/cli* -name '*.lua' -exec cat {} +")
    local given = {}
    for line in pipe:lines() do
      if line:find "EXIT" then
        numbers(line, "= (%d+)", given)
        numbers(line, ", (%d+)", given)
      end
      numbers(line, "self:stop%((%d+)", given)
      numbers(line, "^    return (1)$", given)
    end
    pipe:close()
    for _, status in pairs(signals.STATUS) do
      given[status] = true
    end
    local told = {}
    for cell in below("###", "Exit status"):gmatch "\n| ([%d, ]+) |" do
      numbers(cell, "%d+", told)
    end
    same(given, told)
  end)
end)

describe("an annotation", function()
  local function read(text)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    local ok, result = pcall(annotations.read, path)
    os.remove(path)
    return ok, result
  end

  it("has the text of a field before the field or on the line of the field, never both", function()
    local class = "--- Text.\n---@class a\n---@field b string begins\n%s---@field c string ends\n"
    assert.is_true(read(class:format ""))
    local ok, err = read(class:format "--- goes on\n")
    assert.is_false(ok)
    assert.matches("goes on", err, 1, true)
  end)
end)
