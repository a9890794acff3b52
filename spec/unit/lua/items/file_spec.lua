local cjson = require "cjson"
local givens = require "elevenlabs.workspace.items.given"
local items = require "elevenlabs.workspace.items"
local support = require "spec.support.items"

local csv_of, jsonl_of, write = support.csv_of, support.jsonl_of, support.write
local assert_invalid, id, read_all, shell =
  support.assert_invalid, support.id, support.read_all, support.shell

local HEADER = "resource_id,resource_type,user_email\n"

-- KiB: room for Lua's own table of strings. The items, kept, would take 20 times that.
local LITTLE = 2048

--- The most that is live while `count` items are read, in KiB.
local function growth(source, count)
  collectgarbage()
  local before, most, seen = collectgarbage "count", 0, 0
  while source:next() do
    seen = seen + 1
    if seen % 50000 == 0 then
      collectgarbage()
      most = math.max(most, collectgarbage "count" - before)
    end
  end
  assert.are.equal(count, seen)
  return most
end

describe("a file of items", function()
  before_each(support.make_file)
  after_each(support.remove_file)

  it("takes JSON's null among the fields for none", function()
    local found = read_all(csv_of("resource_id\na\n", { role = cjson.null }))
    assert.are.same({ id "a" }, found)
  end)

  it("refuses fields that no item has, before it opens a file", function()
    local no = support.path .. ".none"
    assert_invalid("user_mail", "did you mean user_email?", items.from_csv(no, { user_mail = "" }))
    assert_invalid("fields", "must be strings, got a number", items.from_csv(no, { "voice" }))
    assert_invalid("role", "role must be a string, got number", items.from_csv(no, { role = 1 }))
    local flag = { allow_unknown_resource_type = "true" }
    assert_invalid("allow_unknown_resource_type", "must be a boolean", items.from_csv(no, flag))
  end)

  for _, name in ipairs { "from_csv", "from_jsonl" } do
    it("says why a file cannot be opened or read: " .. name, function()
      local no = support.path .. ".none"
      assert_invalid("path", no .. ": No such file or directory", items[name](no))
      assert_invalid("path", "cannot read /tmp: Is a directory", items[name] "/tmp")
    end)
  end

  it("reads an open file too, to its end", function()
    local pipe = assert(io.popen "printf 'resource_id\\nx\\n'")
    local source = assert(items.from_csv(pipe, { resource_type = "voice" }))
    assert.are.same({ resource_id = "x", resource_type = "voice" }, (source:next()))
    assert.are.equal("the input, line 2", source:place())
    assert.is_nil(source:next())
    assert.is_false(source:rewind())
    source:close()
  end)

  it("case 40: has a field left out that the source is told to ignore, and says so", function()
    for open, text in pairs {
      [csv_of] = "role,resource_id\n,a\nviewer,b\n,c\n",
      [jsonl_of] = '{"role":null,"resource_id":"a"}\n{"role":7,"resource_id":"b"}\n'
        .. '{"resource_id":"c"}',
    } do
      local source = open(text)
      source:ignore "role"
      for _ = 1, 2 do
        assert.are.same(id "a", (source:next()))
        assert.are.same({ id "b", id "c" }, (read_all(source)))
        assert.are.same({ "role" }, source:ignored())
        source:rewind()
      end
      source = open(text)
      source:ignore "role"
      source:next()
      assert.is_nil(source:ignored())
    end
  end)

  it("case 40: has a field of its caller's kept, which is no row's", function()
    local source = csv_of("resource_id\na\n", { role = "viewer" })
    source:ignore "role"
    assert.are.same({ { resource_id = "a", role = "viewer" } }, (read_all(source)))
    assert.is_nil(source:ignored())
  end)

  it("case 28: may have no items at all", function()
    for _, source in ipairs { csv_of(HEADER), jsonl_of "", jsonl_of "\n \n" } do
      assert.are.same({}, (read_all(source)))
    end
  end)

  it("takes the same memory for 200,000 rows, lines and items of an iterator", function()
    local rows = { "resource_id,resource_type,user_email\n" }
    for i = 1, 200000 do
      rows[i + 1] = ('voice_%d,voice,"leaver ""x"" %d@example.com"\n'):format(i, i)
    end
    write(table.concat(rows))
    rows = nil -- luacheck: ignore 311 (so that it is collected)
    assert.is_true(growth(items.from_csv(support.path), 200000) < LITTLE)

    local file = assert(io.open(support.path, "wb"))
    for i = 1, 200000 do
      file:write(('{"resource_id":"voice_%d"}\n'):format(i))
    end
    file:close()
    local lines = items.from_jsonl(support.path, { resource_type = "voice" })
    assert.is_true(growth(lines, 200000) < LITTLE)

    local left = 200000
    local source = givens.from(function()
      left = left - 1
      return left >= 0 and id("voice_" .. left) or nil
    end)
    assert.is_true(growth(source, 200000) < LITTLE)
  end)

  for open, text in pairs {
    [csv_of] = "resource_id\na\nb\n",
    [jsonl_of] = '{"resource_id":"a"}\n{"resource_id":"b"}',
  } do
    it(("is read anew after rewind, from any place: %q"):format(text), function()
      local source = open(text)
      for count = 0, 3 do
        for _ = 1, count do
          source:next()
        end
        assert.is_true(source:rewind())
      end
      assert.are.same({ id "a", id "b" }, (read_all(source)))
    end)
  end

  it("whose header was changed meanwhile is read by the new one", function()
    local source = csv_of "resource_id,role\na,b\n"
    write "role,resource_id\na,b\n"
    assert.is_true(source:rewind())
    assert.are.same({ { resource_id = "b", role = "a" } }, (read_all(source)))
    write "role\na\n"
    assert.is_true(source:rewind())
    assert.are.same({ "FILE, line 1: there is no column resource_id" }, (read_all(source)))
  end)

  it("that is a FIFO cannot be rewound, and is read on", function()
    write "resource_id\na\n"
    local out = shell(
      'folder=$(mktemp -d); trap "rm -r $folder" EXIT; mkfifo "$folder/fifo"\n'
        .. 'cat "$3" >"$folder/fifo" & FIFO="$folder/fifo" LUA',
      [[
        local source = items.from_csv(os.getenv "FIFO")
        print(source:rewind(), source:next().resource_id, (source:next()))
      ]]
    )
    assert.are.equal("false\ta\tnil\n", out)
  end)

  it("gives nothing once closed, and closes twice", function()
    for _, source in ipairs { csv_of "resource_id\na\n", jsonl_of '{"resource_id":"a"}' } do
      source:close()
      source:close()
      assert.is_nil(source:next())
      assert.is_nil(source:place())
      assert.is_false(source:rewind())
    end
  end)

  it("is closed, with its header refused too", function()
    write "user_mail\n"
    local out = shell(
      "LUA",
      ([[
        for _ = 1, 3 do
          items.from_csv(%q)
          items.from_csv(%q, { user_mail = "" })
          items.from_csv "/tmp"
          items.from_jsonl(%q):close()
        end
        local pipe = io.popen "ls -l /proc/$PPID/fd"
        print(pipe:read "*a")
      ]]):format(support.path, support.path, support.path)
    )
    assert.is_nil(out:find(support.path, 1, true))
    assert.is_nil(out:find("/tmp\n", 1, true))
  end)
end)

describe("standard input", function()
  before_each(support.make_file)
  after_each(support.remove_file)

  local SCRIPT = [[
    io.read(2)
    local source = items.%s("-", { role = "viewer" })
    for _ = 1, 2 do
      local item = source:next()
      print(item.resource_id, item.role, source:place "resource_id")
      print(source:rewind())
    end
    source:close()
    print(source:next(), io.type(io.stdin))
  ]]
  local COLUMN = { from_csv = ", column 1 (resource_id)", from_jsonl = "" }
  local TEXT = {
    from_csv = "# resource_id\na\nb\n",
    from_jsonl = '# {"resource_id":"a"}\n\n{"resource_id":"b"}\n',
  }
  local LINE = { from_csv = 2, from_jsonl = 1 }

  for name, text in pairs(TEXT) do
    local lines = "%s\tviewer\tstandard input, line %d" .. COLUMN[name] .. "\n%s\n"

    it("that is a file can be rewound to where it stood: " .. name, function()
      write(text)
      local line = lines:format("a", LINE[name], "true")
      assert.are.equal(line .. line .. "nil\tfile\n", shell('LUA <"$3"', SCRIPT:format(name)))
    end)

    it("that is a pipe is read on: " .. name, function()
      write(text)
      assert.are.equal(
        lines:format("a", LINE[name], "false") .. lines:format("b", 3, "false") .. "nil\tfile\n",
        shell('cat "$3" | LUA', SCRIPT:format(name))
      )
    end)
  end
end)
