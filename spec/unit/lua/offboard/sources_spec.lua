local core = require "elevenlabs.workspace.core"
local probe = require "probe"
local sources = require "elevenlabs.workspace.offboard.sources"

local known = {}
for _, name in ipairs(core.RESOURCE_TYPES) do
  known[name] = true
end

describe("offboard sources", function()
  it("are lists of published types, each type once", function()
    local listed = {}
    for _, source in ipairs(sources) do
      for _, name in ipairs(source.types) do
        assert.is_true(known[name], name)
        assert.is_nil(listed[name], name)
        listed[name] = true
      end
    end
    local count = 0
    for _ in pairs(listed) do
      count = count + 1
    end
    assert.are.equal(22, count)
  end)

  it("have paths that the core takes", function()
    for _, source in ipairs(sources) do
      local path = {}
      for i, segment in ipairs(source.path) do
        path[i] = segment == "{id}" and "agent" or segment
      end
      assert.is_truthy(probe.list { path = path, query = source.queries and source.queries[1] })
      assert.are.equal(source.of ~= nil, table.concat(source.path, "/"):find "{id}" ~= nil)
    end
  end)

  it("say a page's size if they have pages, and follow the list that they are of", function()
    local before = {}
    for _, source in ipairs(sources) do
      assert.is_true(not source.paging or source.size ~= nil, source.name)
      assert.is_true(not source.of or before[source.of], source.name)
      before[source.name] = true
    end
  end)
end)
