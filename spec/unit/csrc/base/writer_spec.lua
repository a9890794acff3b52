local probe = require "probe"

describe("writer", function()
  it("percent-encodes every byte but the unreserved characters", function()
    for byte = 0x21, 0x7e do
      local character = string.char(byte)
      local _, target = probe.list { path = { "v1" }, query = { "a", "<" .. character } }
      local encoded = character:find "[%w%-._~]" and character or ("%%%02X"):format(byte)
      assert.are.equal("/v1?a=%3C" .. encoded, target)
    end
    local _, target = probe.list { path = { "\195\164" } }
    assert.are.equal("/%C3%A4", target)
  end)

  it("writes as much as it measured", function()
    for length = 1, 300 do
      local text = ("x%"):rep(length)
      local _, target = probe.list { path = { "v1" }, query = { "a", text } }
      assert.are.equal("/v1?a=" .. ("x%25"):rep(length), target)
    end
  end)
end)
