-- Four workers of nginx and a script, each with a real client, share a limit in Redis.

local fleets = require "spec.proof.limits.real_fleet"

describe("real clients that share a limit", function()
  it("never have more in flight than the server takes, and all get places", function()
    local found = fleets.run { scripts = 1, workers = 4 }
    assert.are.same({ 0, 0 }, { found.retries, found.failed })
    assert.is_nil(found.log:find("[error]", 1, true), found.log)
    for _, counts in ipairs(found.clients) do
      assert.is_nil(counts:find '"ended":0', counts)
    end
  end)
end)
