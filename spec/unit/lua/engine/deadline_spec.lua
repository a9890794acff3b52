local deadlines = require "elevenlabs.workspace.engine.deadline"
local lists = require "elevenlabs.workspace.engine.list"

local function call(started_ms)
  return { started_ms = started_ms }
end

local function lengths(list)
  local found, deadline = {}, list.first
  while deadline do
    found[#found + 1], deadline = deadline.length_ms, deadline.next
  end
  return found
end

describe("a list of deadlines", function()
  it("has the soonest first, and of those due together the oldest", function()
    local list = lists.new()
    for _, row in ipairs { { 0, 100 }, { 10, 50 }, { 20, 80 }, { 20, 1000 }, { 30, 1 } } do
      deadlines.add(list, deadlines.new(call(row[1]), row[2]))
    end
    assert.are.same({ 1, 50, 100, 80, 1000 }, lengths(list))
  end)

  it("holds a deadline once, though it is added and dropped twice", function()
    local list = lists.new()
    local first, second = deadlines.new(call(0), 100), deadlines.new(call(0), 200)
    deadlines.add(list, first)
    deadlines.add(list, second)
    deadlines.add(list, first)
    assert.are.same({ 100, 200 }, lengths(list))
    deadlines.drop(list, first)
    deadlines.drop(list, first)
    assert.are.same({ 200 }, lengths(list))
  end)

  it("is told as the user gave it", function()
    assert.are.equal("deadline_ms (2000.5)", deadlines.describe(deadlines.new(call(7), 2000.5)))
    assert.are.equal("deadline_ms (300)", deadlines.describe(deadlines.new(call(7), 300)))
  end)
end)
