local lists = require "elevenlabs.workspace.engine.list"

describe("list", function()
  local list

  before_each(function()
    list = lists.new()
  end)

  local function value(name, due_ms)
    return { name = name, due_ms = due_ms, next = false, previous = false }
  end

  --- The names from the first to the last; the links backward must agree.
  local function names()
    local text, last = "", false
    local each = list.first
    while each do
      assert.are.equal(last, each.previous)
      text, last, each = text .. each.name, each, each.next
    end
    assert.are.equal(last, list.last)
    return text
  end

  it("is empty at first", function()
    assert.are.equal("", names())
    assert.is_false(list.first)
  end)

  it("holds values in the order in which they came", function()
    for _, name in ipairs { "a", "b", "c" } do
      lists.append(list, value(name))
    end
    assert.are.equal("abc", names())
  end)

  it("gives any value away, which has no links then", function()
    local values = {}
    for i, name in ipairs { "a", "b", "c", "d" } do
      values[i] = value(name)
      lists.append(list, values[i])
    end
    for _, row in ipairs { { 2, "acd" }, { 1, "cd" }, { 4, "c" }, { 3, "" } } do
      local removed = values[row[1]]
      lists.remove(list, removed)
      assert.are.equal(row[2], names())
      assert.are.same({ false, false }, { removed.next, removed.previous })
    end
    lists.append(list, values[1])
    assert.are.equal("a", names())
  end)

  it("holds the soonest first, and of one time the one that came first", function()
    for i, due_ms in ipairs { 3, 1, 2, 1, 3, 0 } do
      lists.insert_by_due(list, value(("abcdef"):sub(i, i), due_ms))
    end
    assert.are.equal("fbdcae", names())
  end)

  it("is taken whole, and holds nothing then", function()
    lists.append(list, value "a")
    lists.append(list, value "b")
    local first = lists.take_all(list)
    assert.are.same({ "a", "b", false }, { first.name, first.next.name, first.next.next })
    assert.are.equal("", names())
    assert.is_false(lists.take_all(list))
    lists.append(list, value "c")
    assert.are.equal("c", names())
  end)
end)
