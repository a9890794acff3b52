local core = require "elevenlabs.workspace.core"
local probe = require "probe"

describe("clock", function()
  it("never goes back", function()
    local last = core.now()
    for _ = 1, 1000 do
      local now = core.now()
      assert.is_true(now >= last)
      last = now
    end
  end)

  it("rounds a wait up, so that nobody spins, and waits an hour at most", function()
    for us, ms in pairs {
      [-1] = 0,
      [0] = 0,
      [1] = 1,
      [999] = 1,
      [1000] = 1,
      [1001] = 2,
      [3600000000] = 3600000,
      [3600000001] = 3600000,
      [1e15] = 3600000,
    } do
      assert.are.equal(ms, probe.wait_ms(us), us)
    end
  end)
end)
