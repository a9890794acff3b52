local blocking = require "elevenlabs.workspace.driver.blocking"
local fake = require "elevenlabs.workspace.sandbox.fake"

describe("driver.blocking", function()
  it("steps until it is done, and no longer", function()
    local steps = 0
    local client = {
      step = function(_, timeout_ms)
        assert.is_true(timeout_ms > 0)
        steps = steps + 1
      end,
    }
    blocking.wait(client, function()
      return steps == 3
    end)
    assert.are.equal(3, steps)
  end)

  it("works inside a coroutine without yielding", function()
    local client = fake.new { driver = blocking }
    local thread = coroutine.create(function()
      return client:get { resource_id = "voice_narrator", resource_type = "voice" }
    end)
    local ok, resource = coroutine.resume(thread)
    assert.is_true(ok)
    assert.are.equal("dead", coroutine.status(thread))
    assert.are.equal("voice_narrator", resource.resource_id)
  end)
end)
