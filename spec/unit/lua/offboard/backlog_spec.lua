local backlogs = require "elevenlabs.workspace.offboard.backlog"

describe("offboard backlog", function()
  it("gives back each id once, with the name of its list", function()
    local backlog, expected = backlogs.new(), {}
    for i = 1, 2000 do
      local name, id = "list " .. i % 3, "id " .. i
      backlog:push(name, id)
      expected[name .. " " .. id] = 1
      if i % 5 == 0 then
        local taken_name, taken = backlog:pop()
        local key = taken_name .. " " .. taken
        expected[key] = expected[key] - 1
      end
    end
    assert.are.equal(1600, backlog.count)
    for name, id in
      function()
        return backlog:pop()
      end
    do
      local key = name .. " " .. id
      expected[key] = expected[key] - 1
    end
    for key, left in pairs(expected) do
      assert.are.equal(0, left, key)
    end
    assert.are.equal(0, backlog.count)
    assert.is_nil(backlog:pop())
  end)

  it("keeps every byte of an id", function()
    local backlog, ids = backlogs.new(), { "7:x", "", "a\0b", ("long"):rep(100), "\n", "é" }
    for i = 1, 600 do
      backlog:push("list", ids[i % #ids + 1])
    end
    local counts = {}
    for _ = 1, 600 do
      local _, id = backlog:pop()
      counts[id] = (counts[id] or 0) + 1
    end
    for _, id in ipairs(ids) do
      assert.are.equal(100, counts[id], id)
    end
  end)

  it("takes little more memory than the ids", function()
    local backlog = backlogs.new()
    collectgarbage()
    local before = collectgarbage "count"
    for i = 1, 50000 do
      backlog:push("list " .. i % 20, ("an id of thirty bytes %08d"):format(i))
    end
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < 50000 * 42 / 1024)
    assert.are.equal(50000, backlog.count)
  end)
end)
