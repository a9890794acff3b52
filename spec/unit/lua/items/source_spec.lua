local sources = require "elevenlabs.workspace.items.source"

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
