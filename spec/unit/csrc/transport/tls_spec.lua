local probe = require "probe"

describe("tls", function()
  it("asks OpenSSL only where libcurl has it", function()
    assert.is_false(probe.tls_find "libc")
    assert.is_false(probe.tls_find "nothing")
  end)
end)
