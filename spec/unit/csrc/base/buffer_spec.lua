local probe = require "probe"

describe("buffer", function()
  it("appends, NUL bytes included, and ends in a NUL", function()
    local content, accepted, terminated = probe.buffer(100, "ab", "\0", "cd", "")
    assert.are.equal("ab\0cd", content)
    assert.are.equal(4, accepted)
    assert.is_true(terminated)
  end)

  it("takes exactly its limit and not one byte more", function()
    local content, accepted = probe.buffer(4, "abcd", "e", "")
    assert.are.equal("abcd", content)
    assert.are.equal(2, accepted)
  end)

  it("keeps what it had when an append is too large", function()
    local content, accepted = probe.buffer(10, "abc", ("x"):rep(8), "def")
    assert.are.equal("abcdef", content)
    assert.are.equal(2, accepted)
  end)

  it("grows past its first allocation", function()
    local content = probe.buffer(1000000, ("a"):rep(63), ("b"):rep(100000))
    assert.are.equal(("a"):rep(63) .. ("b"):rep(100000), content)
  end)

  it("is empty text before the first append, and after a wipe", function()
    local content, _, terminated, wiped = probe.buffer(10)
    assert.are.equal("", content)
    assert.is_true(terminated)
    assert.is_true(wiped)
  end)
end)
