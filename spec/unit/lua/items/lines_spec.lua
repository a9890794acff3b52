local lines = require "elevenlabs.workspace.items.lines"

--- A file that gives these blocks, and fails after them where told.
local function file_of(blocks, failure)
  local i = 0
  return {
    read = function()
      i = i + 1
      if not blocks[i] and failure then
        return nil, failure, 5
      end
      return blocks[i]
    end,
  }
end

local function read_all(file)
  local reader, found = lines.new(file), {}
  local line, why
  repeat
    line, why = reader:next()
    found[#found + 1] = line or why and { reader.number, why }
  until not line and not why
  return found, reader
end

describe("lines", function()
  local cases = {
    { "nothing", {}, {} },
    { "an empty line", { "\n" }, { "" } },
    { "a last line with LF and without", { "a\nb\n", "c" }, { "a", "b", "c" } },
    { "lines over blocks", { "a", "b\n", "\nc\nd", "\n" }, { "ab", "", "c", "d" } },
    { "CR as it is", { "a\r", "\nb\rc" }, { "a\r", "b\rc" } },
    { "NUL as it is", { "a\0b\n\0" }, { "a\0b", "\0" } },
    { "no byte order mark, also one in pieces", { "\239", "\187", "\191a\nb" }, { "a", "b" } },
    { "a byte order mark that is not the first", { "a\n\239\187\191b" }, { "a", "\239\187\191b" } },
  }
  for _, case in ipairs(cases) do
    it("gives " .. case[1], function()
      assert.are.same(case[3], (read_all(file_of(case[2]))))
    end)
  end

  it("counts the lines it gave", function()
    local _, reader = read_all(file_of { "a\n\nb" })
    assert.are.equal(3, reader.number)
  end)

  it("says where reading failed, and then is at its end", function()
    local found = read_all(file_of({ "a\nb" }, "Input/output error"))
    assert.are.same({ "a", { 2, "cannot be read: Input/output error" } }, found)
  end)

  it("gives a line of the longest length, lets go of a longer one, and goes on", function()
    local block, blocks = ("x"):rep(65536), {}
    for i = 1, 16 do
      blocks[i] = block
    end
    blocks[17] = "\na\n"
    local found = read_all(file_of(blocks))
    assert.is_true(found[1] == block:rep(16) and found[2] == "a" and #found == 2)
    table.insert(blocks, 1, "y")
    found = read_all(file_of(blocks))
    assert.are.same({ { 1, "a line of more than 1048576 bytes" }, "a" }, found)
  end)

  it("keeps none of an endless line", function()
    local block, left, most = ("x"):rep(65536), 1024, 0 -- 64 MiB
    local endless = {
      read = function()
        left = left - 1
        if left % 128 == 0 then
          collectgarbage()
          most = math.max(most, collectgarbage "count")
        end
        return left >= 0 and block .. left or nil
      end,
    }
    collectgarbage()
    local before = collectgarbage "count"
    assert.are.same({ { 1, "a line of more than 1048576 bytes" } }, (read_all(endless)))
    assert.is_true(most - before < 4 * 1024, most - before)
  end)

  it("shows how the file begins, and takes nothing of it", function()
    for _, blocks in ipairs {
      { "\239", "\187\191\n", " \na", "b\nc", "\nd" },
      { "\239\187\191\n \nab\nc\nd" },
    } do
      local reader, found = lines.new(file_of(blocks)), {}
      assert.matches("^\n \nab\nc", reader:peek())
      assert.are.equal(reader:peek(), reader:peek())
      local line = reader:next()
      while line do
        found[#found + 1] = line
        line = reader:next()
      end
      assert.are.same({ "", " ", "ab", "c", "d" }, found)
    end
    assert.are.equal("", lines.new(file_of {}):peek())
  end)

  it("shows no more than is needed of a line without end", function()
    local read = 0
    local reader = lines.new {
      read = function()
        read = read + 1
        return ("x"):rep(4096)
      end,
    }
    assert.are.equal(65536, #reader:peek())
    assert.are.equal(16, read)
  end)

  it("says after that where reading failed", function()
    local reader = lines.new(file_of({ "a\nb" }, "Input/output error"))
    reader:peek()
    assert.are.equal("a", reader:next())
    assert.matches("Input/output error", select(2, reader:next()))
    reader = lines.new(file_of({ "b" }, "Input/output error"))
    assert.are.equal("b", reader:peek())
    assert.matches("Input/output error", select(2, reader:next()))
    assert.is_nil((reader:next()))
  end)
end)
