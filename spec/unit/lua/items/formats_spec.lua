local items = require "elevenlabs.workspace.items"
local support = require "spec.support.items"

local write = support.write
local shell = support.shell

describe("the format of a file", function()
  before_each(support.make_file)
  after_each(support.remove_file)

  describe("case 15: is read by", function()
    local JSON, CSV = '{"resource_id":"a"}\n', "resource_id\na\n"

    local function named(ending, text)
      local name = support.path .. ending
      local file = assert(io.open(name, "wb"))
      file:write(text)
      file:close()
      local source, err = items.from_file(name, { role = "viewer" })
      os.remove(name)
      return source and source:next(), err
    end

    for _, ending in ipairs { ".jsonl", ".JSONL", ".ndjson", ".Json", "", ".txt", ".csv.1" } do
      it("its name, or what it holds: JSON lines in a file " .. ending, function()
        assert.are.same({ resource_id = "a", role = "viewer" }, (named(ending, JSON)))
        assert.are.same({ resource_id = "a", role = "viewer" }, (named(ending, "\n " .. JSON)))
      end)
    end

    for _, ending in ipairs { ".csv", ".CSV", "", ".txt", ".json.bak" } do
      it("its name, or what it holds: CSV in a file " .. ending, function()
        assert.are.same({ resource_id = "a", role = "viewer" }, (named(ending, CSV)))
      end)
    end

    it("its name before what it holds", function()
      assert.matches("is JSON, not CSV", select(2, named(".csv", JSON)).message)
      assert.matches("is CSV, not JSON", select(2, named(".json", CSV)).message)
    end)

    it("what it holds, if it is a pipe", function()
      for text, line in pairs { [JSON] = 1, [CSV] = 2 } do
        write(text)
        local out = shell('cat "$3" | LUA', [[
          local source = items.from_file "-"
          print(source:next().resource_id, source:place(), (source:next()))
        ]])
        assert.are.equal(("a\tstandard input, line %d\tnil\n"):format(line), out)
      end
    end)
  end)
end)
