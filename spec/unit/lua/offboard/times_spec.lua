local times = require "elevenlabs.workspace.offboard.times"

describe("offboard times", function()
  it("are in UTC", function()
    assert.are.equal("1970-01-02T00:00:01Z", times.iso(86401))
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", times.iso())
  end)

  it("have lengths that people read, in whole units", function()
    local texts = {}
    for i, seconds in ipairs { 0, 1, 119, 120, 7199, 7200, 172799, 172800, 8 * 86400 + 5 } do
      texts[i] = times.length(seconds)
    end
    assert.are.same({
      "0 seconds",
      "1 second",
      "119 seconds",
      "2 minutes",
      "119 minutes",
      "2 hours",
      "47 hours",
      "2 days",
      "8 days",
    }, texts)
  end)
end)
