local arrays = require "elevenlabs.workspace.items.array"
local givens = require "elevenlabs.workspace.items.given"
local items = require "elevenlabs.workspace.items"
local sources = require "elevenlabs.workspace.items.source"
local support = require "spec.support.items"

describe("a source", function()
  it("has every method, also of a kind that defines none", function()
    local kind = sources.kind()
    local source = setmetatable({}, kind)
    assert.is_nil(source:next())
    assert.is_nil(source:place "role")
    assert.is_false(source:rewind())
    assert.is_true(source:is_ready())
    assert.is_nil(source:ignore "role")
    assert.is_nil(source:ignored())
    assert.is_nil(source:close())
  end)

  it("may be of a kind of another kind", function()
    local parent = sources.kind()
    function parent:place()
      return "line " .. self.number
    end
    local child = sources.kind(parent)
    function child:rewind()
      return self.number == 7
    end
    local source = setmetatable({ number = 7 }, child)
    assert.are.equal("line 7", source:place())
    assert.is_true(source:rewind())
    assert.is_false(setmetatable({ number = 7 }, parent):rewind())
  end)

  it("is known as a source, and nothing else is", function()
    assert.is_true(sources.is(setmetatable({}, sources.kind())))
    local locked, other = { __metatable = "x" }, { __name = "another kind" }
    for _, value in ipairs { {}, setmetatable({}, locked), setmetatable({}, other), "source", 7 } do
      assert.is_false(sources.is(value))
    end
  end)

  it("gives tables as entries, and names the number of anything else", function()
    local entry = {}
    assert.are.equal(entry, sources.entry(3, entry))
    assert.are.same({ message = "item 3 is nil, not a table" }, select(2, sources.entry(3, nil)))
    assert.are.same({ message = "item 4 is a number, not a table" }, select(2, sources.entry(4, 1)))
  end)

  describe("in a loop", function()
    before_each(support.make_file)
    after_each(support.remove_file)

    local CSV = "resource_id,resource_type\na,voice\nb,voice\n"

    local function ids_of(source)
      local ids = {}
      for item in source do
        ids[#ids + 1] = item.resource_id
      end
      return ids
    end

    it("gives each item, of any kind of source", function()
      for _, source in ipairs {
        support.csv_of(CSV),
        support.jsonl_of '{"resource_id":"a"}\n\n{"resource_id":"b"}\n',
        items.product {
          resource_ids = { "a", "b" },
          resource_type = "voice",
          group_ids = { "g" },
        },
        arrays.source { { resource_id = "a" }, { resource_id = "b" } },
        givens.from(coroutine.wrap(function()
          coroutine.yield { resource_id = "a" }
          coroutine.yield { resource_id = "b" }
        end)),
      } do
        source.taken_by = nil
        assert.are.same({ "a", "b" }, ids_of(source))
      end
    end)

    it("raises if something is no item, names its place, and may go on", function()
      local source = support.csv_of((CSV:gsub("a,voice", "a")))
      local ok, why = pcall(ids_of, source)
      assert.is_false(ok)
      assert.matches("^spec/unit/lua/items/source_spec.lua:%d+: ", why)
      assert.matches(support.path .. ", line 2, column 2: the row has 1 cells", why, 1, true)
      assert.are.same({ "b" }, ids_of(source))
    end)

    it("goes on after a break, and says when it is used up", function()
      local source = support.csv_of(CSV)
      for item in source do
        if item.resource_id == "a" then
          break
        end
      end
      assert.are.same({ "b" }, ids_of(source))
      local ok, why = pcall(ids_of, source)
      assert.is_false(ok)
      assert.matches("these items are used up: make them anew", why, 1, true)
    end)

    it("is for no run, and the items of a run are for no loop", function()
      local source, of_run = support.csv_of(CSV), support.csv_of(CSV)
      source()
      local taken, err = givens.from(source)
      assert.is_nil(taken)
      assert.are.same({ "items", "these items were given to a loop before: make them anew" },
        { err.field, err.message })
      assert(givens.from(of_run))
      assert.matches("given to a run before", select(2, givens.from(of_run)).message, 1, true)
      local ok, why = pcall(ids_of, of_run)
      assert.is_false(ok)
      assert.matches("these items were given to a run: make them anew", why, 1, true)
    end)
  end)

  it("puts the place before what is wrong, if it knows the place", function()
    local kind = sources.kind()
    local source = setmetatable({}, kind)
    local err = { field = "role", message = "role is wrong" }
    assert.are.equal("role is wrong", sources.at_place(source, err))
    function kind.place(_, field)
      return "line 2 (" .. field .. ")"
    end
    assert.are.equal("line 2 (role): role is wrong", sources.at_place(source, err))
  end)
end)
