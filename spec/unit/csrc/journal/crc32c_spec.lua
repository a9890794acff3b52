local probe = require "probe"

describe("crc32c", function()
  -- RFC 3720, B.4, and the check value of every catalogue of CRCs.
  local known = {
    { "nothing", "", "00000000" },
    { "123456789", "123456789", "e3069283" },
    { "32 bytes of 00", ("\0"):rep(32), "8a9136aa" },
    { "32 bytes of ff", ("\255"):rep(32), "62a8ab43" },
  }
  for _, case in ipairs(known) do
    it("sums up " .. case[1], function()
      assert.are.equal(case[3], probe.crc32c(case[2]))
    end)
  end
end)
