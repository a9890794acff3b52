local givens = require "elevenlabs.workspace.items.given"
local items = require "elevenlabs.workspace.items"
local support = require "spec.support.items"

local assert_invalid, id, read_all = support.assert_invalid, support.id, support.read_all

describe("an array of items", function()
  it("gives the entries of an array as they are, and again after rewind", function()
    local list = { id "a", setmetatable(id "b", { __index = error }), n = 2 }
    local source = givens.from(list)
    assert.are.equal(2, source.count)
    for _ = 1, 2 do
      for i = 1, 2 do
        assert.are.equal(list[i], source:next())
        assert.are.equal("item " .. i, source:place "resource_id")
      end
      assert.is_nil(source:next())
      assert.is_true(source:rewind())
    end
    source:close()
    assert.is_nil(source:next())
  end)

  it("reads an array raw", function()
    local list = setmetatable({ id "a", 0, id "c" }, { __index = error, __len = error })
    local source = givens.from(list)
    list[2] = nil
    assert.are.same({ id "a", "item 2 is nil, not a table", id "c" }, (read_all(source)))
    list = setmetatable({ "a", 0, "c" }, { __index = error, __len = error })
    list[2] = nil
    list = { resource_ids = list, resource_type = "voice", group_ids = {} }
    assert_invalid("resource_ids", "resource_ids", items.product(list)) -- # may be 1 or 3
  end)

  it("has a problem with each entry that is no table, a hole too", function()
    local list = { id "a", id "b", 7, "x", id "c" }
    local source = givens.from(list)
    list[2] = nil -- now: # may be less
    local expected = { id "a", "item 2 is nil, not a table", "item 3 is a number, not a table" }
    expected[4], expected[5] = "item 4 is a string, not a table", id "c"
    assert.are.same(expected, (read_all(source)))
  end)

  it("refuses a table that says more than an array can", function()
    assert_invalid("items", "but has a key resource_id", givens.from(id "a"))
    assert_invalid("items", "but has a key 9", givens.from { [9] = id "a" })
    assert_invalid("items", "but has a key 0.5", givens.from { id "a", [0.5] = id "b" })
    assert_invalid("items", "but has a key 1.5", givens.from { id "a", id "b", [1.5] = id "c" })
  end)

  it("is empty for an empty array", function()
    assert.are.same({ 0 }, { givens.from({}).count, (givens.from({}):next()) })
  end)
end)
