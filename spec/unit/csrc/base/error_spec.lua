local probe = require "probe"

describe("error", function()
  it("keeps the field and the message", function()
    local field, message = probe.failure("resource_id", "resource_id is missing")
    assert.are.equal("resource_id", field)
    assert.are.equal("resource_id is missing", message)
  end)

  it("cuts what is longer than its fixed space", function()
    local field, message = probe.failure(("f"):rep(500), ("m"):rep(5000))
    assert.are.equal(("f"):rep(47), field)
    assert.are.equal(("m"):rep(319), message)
  end)

  it("quotes user text as printable ASCII", function()
    assert.are.equal("a?b??c", probe.quotable("a\0b\r\nc", 40))
    assert.are.equal("??", probe.quotable("\195\164", 40))
  end)

  it("quotes no part of a text that is long or begins like a key", function()
    assert.are.equal("...", probe.quotable(("x"):rep(10), 10))
    assert.are.equal(("x"):rep(9), probe.quotable(("x"):rep(9), 10))
    assert.are.equal("...", probe.quotable("sk_1", 40))
  end)
end)
