local csv = require "elevenlabs.workspace.items.csv"

--- A file of this text, in blocks of any size.
local function file_of(text)
  local at = 1
  return {
    read = function(_, size)
      local block = text:sub(at, at + size - 1)
      at = at + size
      return block ~= "" and block or nil
    end,
  }
end

--- Rows as lists of cells; what is broken as "line.column what".
local function read_all(text, block_size)
  local reader, found = csv.reader(file_of(text), block_size), {}
  local cells, what, column
  repeat
    cells, what, column = reader:next()
    local where = ("%d.%s "):format(reader.number, column or "")
    found[#found + 1] = cells or what and where .. what
  until not cells and not what
  return found
end

local BARE = "a quote in the middle of an unquoted cell"
local AFTER = "text after a closing quote"
local OPEN = "a quote that is never closed"

local CASES = {
  -- plain
  { "", {} },
  { "a", { { "a" } } },
  { "a\n", { { "a" } } },
  { "a,b,c\n", { { "a", "b", "c" } } },
  { "a,b\nc,d", { { "a", "b" }, { "c", "d" } } },
  { "a,b\r\nc,d\r\n", { { "a", "b" }, { "c", "d" } } },
  { "a,b\r\nc,d", { { "a", "b" }, { "c", "d" } } },
  { "a,b\nc,d\r\ne,f\n", { { "a", "b" }, { "c", "d" }, { "e", "f" } } },
  { " a , b ", { { " a ", " b " } } },
  { "é,\255\254,日本\n", { { "é", "\255\254", "日本" } } },
  { "a\0b,\0\n", { { "a\0b", "\0" } } },
  { "a\rb,c\n", { { "a\rb", "c" } } },
  { "a\tb;c|d\n", { { "a\tb;c|d" } } },
  -- empty cells and lines
  { ",", { { "", "" } } },
  { ",,\n", { { "", "", "" } } },
  { "a,\n,b\n", { { "a", "" }, { "", "b" } } },
  { "a,\r\n", { { "a", "" } } },
  { "\n\n", {} },
  { "\r\n\r\n", {} },
  { "\na\n\n\nb\n\n", { { "a" }, { "b" } } },
  { "\r\na\r\n\r\nb", { { "a" }, { "b" } } },
  { " \n", { { " " } } },
  -- a byte order mark
  { "\239\187\191a,b\n", { { "a", "b" } } },
  { '\239\187\191"a",b\n', { { "a", "b" } } },
  { "\239\187\191", {} },
  { "a\n\239\187\191b\n", { { "a" }, { "\239\187\191b" } } },
  -- quotes
  { '"a","b"\n', { { "a", "b" } } },
  { '"a","b"\r\n', { { "a", "b" } } },
  { '"a","b"', { { "a", "b" } } },
  { '""\n', { { "" } } },
  { '"",""', { { "", "" } } },
  { '"a,b",c', { { "a,b", "c" } } },
  { '"a ""b"" c",d', { { 'a "b" c', "d" } } },
  { '""""\n', { { '"' } } },
  { '"""",""""""\n', { { '"', '""' } } },
  { '"a""",b', { { 'a"', "b" } } },
  { '"a\nb",c\nd,e', { { "a\nb", "c" }, { "d", "e" } } },
  { '"a\r\nb",c\r\nd,e', { { "a\r\nb", "c" }, { "d", "e" } } },
  { '"\n\n"\n', { { "\n\n" } } },
  { '"\r"\r\n', { { "\r" } } },
  { 'a,"\n"\n\n"b"', { { "a", "\n" }, { "b" } } },
  { '" a ",b', { { " a ", "b" } } },
  { '"a\0""b"', { { 'a\0"b' } } },
  -- broken rows: reading goes on at the next line
  { 'a"b,c\nd,e', { "1.1 " .. BARE, { "d", "e" } } },
  { 'a,b"\nc,d', { "1.2 " .. BARE, { "c", "d" } } },
  { 'a, "b"\nc', { "1.2 " .. BARE, { "c" } } },
  { 'a,b,c""\n"d"', { "1.3 " .. BARE, { "d" } } },
  { '"a"b,c\nd', { "1.1 " .. AFTER, { "d" } } },
  { '"a" ,c\nd', { "1.1 " .. AFTER, { "d" } } },
  { 'x\n\na,"b"\rc\nd', { { "x" }, "3.2 " .. AFTER, { "d" } } },
  { '"a"\r\r\nd', { "1.1 " .. AFTER, { "d" } } },
  { '"a,b\n"c,d\ne', { "1.1 " .. AFTER .. " (read to line 2)", { "e" } } },
  { '"', { "1.1 " .. OPEN } },
  { '"a', { "1.1 " .. OPEN } },
  { '"a""', { "1.1 " .. OPEN } },
  { 'a,"', { "1.2 " .. OPEN } },
  { 'x\na,"b\nc\nd\n', { { "x" }, "2.2 " .. OPEN .. " (read to line 4)" } },
  { '"a\nb",c"\n"d\ne"', { "1.2 " .. BARE .. " (read to line 2)", { "d\ne" } } },
}

describe("csv.reader", function()
  for _, case in ipairs(CASES) do
    it(("reads %q"):format(case[1]), function()
      assert.are.same(case[2], read_all(case[1]))
      for block_size = 1, 5 do
        assert.are.same(case[2], read_all(case[1], block_size), "blocks of " .. block_size)
      end
    end)
  end

  it("lets go of a row that is too long, and goes on at the next line", function()
    local long = ("x"):rep(1023) .. "\n"
    local found = read_all('a\nb,"' .. long:rep(1025) .. 'c\n"d"\n')
    local what = "2.2 a row of more than 1048576 bytes: is a quote not closed? (read to line 1025)"
    assert.are.same({ { "a" }, what, { long:sub(1, -2) }, { "c" }, { "d" } }, found)

    found = read_all("a\n" .. ("b"):rep(1024 * 1024 + 1) .. "\nc\n")
    assert.are.same({ { "a" }, "2. a line of more than 1048576 bytes", { "c" } }, found)
  end)

  it("reads a row that is just not too long", function()
    local cell = ("x"):rep(1024 * 512 - 2) .. "\n" .. ("x"):rep(1024 * 512 - 1)
    local found = read_all(('"%s"\na'):format(cell))
    assert.is_true(found[1][1] == cell and found[2][1] == "a")
    found = read_all(('"x%s"\na'):format(cell))
    assert.matches("^1.1 a row of more than", found[1])
  end)

  for _, text in ipairs { "a\n", 'a\n"b\n' } do
    it(("says that a file failed after %q, and is at its end"):format(text), function()
      local file, reads = file_of(text), 0
      local reader = csv.reader({
        read = function(_, size)
          reads = reads + 1
          if reads == 1 then
            return file:read(size)
          end
          return nil, "Input/output error", 5
        end,
      })
      assert.are.same({ "a" }, reader:next())
      assert.matches("cannot be read: Input/output error", select(2, reader:next()), 1, true)
      local cells, what = reader:next()
      assert.is_nil(cells or what)
    end)
  end
end)

describe("csv.row", function()
  local cases = {
    { { "a", "b c", "" }, "a,b c,\n" },
    { { "a,b", 'say "x"', "c" }, '"a,b","say ""x""",c\n' },
    { { "a\nb", "c\rd", "e\r\nf" }, '"a\nb","c\rd","e\r\nf"\n' },
    { { " a", "b ", " " }, '" a","b "," "\n' },
    { { "=1+1", "a;b", "\t", "'" }, "=1+1,a;b,\t,'\n" },
    { { "" }, '""\n' },
    { { "", "" }, ",\n" },
    { { "\239\187\191a", "b" }, '"\239\187\191a",b\n' }, -- not the file's own
  }
  for _, case in ipairs(cases) do
    it(("writes %q"):format(case[2]), function()
      assert.are.equal(case[2], csv.row(case[1]))
    end)
  end

  it("writes what is read as the same cells", function()
    local pieces = { "", "a", "b", ",", '"', "\n", "\r", "\r\n", " ", "\t", "\0", "é", "\255", ";" }
    math.randomseed(180)
    local function random_cell()
      local parts = {}
      for i = 1, math.random(0, 6) do
        parts[i] = pieces[math.random(#pieces)]
      end
      return table.concat(parts)
    end
    local rows, text = {}, {}
    for i = 1, 2000 do
      rows[i] = {}
      for column = 1, math.random(1, 5) do
        rows[i][column] = random_cell()
      end
      text[i] = csv.row(rows[i])
    end
    text = table.concat(text)
    for _, block_size in ipairs { 1, 7, 65536 } do
      assert.are.same(rows, read_all(text, block_size))
    end
  end)
end)

describe("csv.safe_row", function()
  local cases = {
    { { "+1@x", "-1@x", "a+b", "" }, "'+1@x,'-1@x,a+b,\n" },
    { { "=1+1", "@x", "\tx", "\rx", "\nx" }, "'=1+1,'@x,'\tx,\"'\rx\",\"'\nx\"\n" },
    { { "'+x", "''=x", "'x", " =x" }, "''+x,'''=x,'x,\" =x\"\n" },
    { { '=HYPERLINK("x",1)' }, '"\'=HYPERLINK(""x"",1)"\n' },
  }
  for _, case in ipairs(cases) do
    it(("case 30: writes %q"):format(case[2]), function()
      assert.are.equal(case[2], csv.safe_row(case[1]))
    end)
  end

  it("case 30: writes no cell that begins like a formula, and bare gives each back", function()
    local pieces = { "'", "=", "+", "-", "@", "\t", "\r", "\n", "a", ",", '"', " ", "é", "" }
    math.randomseed(30)
    for _ = 1, 3000 do
      local cells = {}
      for i = 1, math.random(1, 4) do
        cells[i] = ""
        for _ = 1, math.random(0, 4) do
          cells[i] = cells[i] .. pieces[math.random(#pieces)]
        end
      end
      local written = read_all(csv.safe_row(cells))[1]
      for i, cell in ipairs(written) do
        assert.is_nil(cell:find "^[=+@\t\r\n-]")
        assert.are.equal(cells[i], csv.bare(cell))
      end
      assert.are.equal(#cells, #written)
    end
  end)
end)
