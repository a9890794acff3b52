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

  it("finds the last value that is due by a time", function()
    assert.is_false(lists.last_due(list, 5))
    local values = {}
    for i, due_ms in ipairs { 1, 2, 2, 4 } do
      values[i] = value("a", due_ms)
      lists.append(list, values[i])
    end
    for due_ms, place in pairs { [1] = 1, [2] = 3, [3] = 3, [4] = 4, [5] = 4 } do
      assert.are.equal(values[place], lists.last_due(list, due_ms), due_ms)
    end
    assert.is_false(lists.last_due(list, 0))
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
