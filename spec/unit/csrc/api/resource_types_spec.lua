local core = require "elevenlabs.workspace.core"

describe("resource_types", function()
  it("lists the published names, sorted, each once", function()
    local names = core.RESOURCE_TYPES
    assert.are.equal(45, #names)
    for i = 2, #names do
      assert.is_true(names[i - 1] < names[i], names[i])
    end
  end)
end)
