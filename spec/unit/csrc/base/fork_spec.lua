local probe = require "probe"

describe("fork", function()
  it("has a larger generation in a child, and the same one in the parent", function()
    local before = probe.fork_generation()
    local status = probe.fork(function()
      assert(probe.fork_generation() == before + 1)
      assert(probe.fork(function()
        assert(probe.fork_generation() == before + 2)
      end) == 0)
    end)
    assert.are.same({ 0, before }, { status, probe.fork_generation() })
  end)
end)
