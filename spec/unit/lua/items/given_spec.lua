local cjson = require "cjson"
local givens = require "elevenlabs.workspace.items.given"
local items = require "elevenlabs.workspace.items"
local support = require "spec.support.items"

local csv_of, jsonl_of = support.csv_of, support.jsonl_of
local id, read_all = support.id, support.read_all

describe("what a caller gives as items", function()
  before_each(support.make_file)
  after_each(support.remove_file)

  it("asks an iterator until its end, and not again", function()
    local values = { id "a", 7, false, id "b" }
    local i, asked = 0, 0
    local source = givens.from(function()
      i, asked = i + 1, asked + 1
      return values[i]
    end)
    assert.is_nil(source.count)
    local expected = { id "a", "item 2 is a number, not a table" }
    expected[3], expected[4] = "item 3 is a boolean, not a table", id "b"
    assert.are.same(expected, (read_all(source)))
    assert.are.equal("item 4", source:place())
    assert.is_nil(source:next())
    assert.are.equal(5, asked)
    assert.is_false(source:rewind())
  end)

  it("asks an iterator no more once closed", function()
    local source = givens.from(error)
    source:close()
    assert.is_nil(source:next())
  end)

  it("lets through what an iterator raises", function()
    local source = givens.from(function()
      error({ "mine" })
    end)
    local _, raised = pcall(source.next, source)
    assert.are.same({ "mine" }, raised)
  end)

  it("gives a source back as it is", function()
    local list = givens.from {}
    assert.are.equal(list, givens.from(list))
    for _, source in ipairs {
      csv_of "resource_id\n",
      jsonl_of "",
      items.product { resource_ids = {}, resource_type = "voice", group_ids = {} },
      givens.from(error),
    } do
      assert.are.equal(source, givens.from(source))
    end
  end)

  it("raises for anything else, in the name of its caller's caller", function()
    for _, value in ipairs { 7, "leavers.csv", true, cjson.null } do
      local function unshare_many()
        local source = givens.from(value)
        return source
      end
      local load_text = rawget(_G, "loadstring") or load
      local caller = load_text("local source = (...)() return source", "=caller")
      local _, message = pcall(caller, unshare_many)
      assert.matches("^caller:1: a bulk run takes an array, an iterator or", message)
    end
  end)
end)
