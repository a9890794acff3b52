local probe = require "probe"

describe("sockets", function()
  local facts = probe.sockets()

  it("knows what it opened and forgets what it closed", function()
    assert.is_true(facts.known)
    assert.is_true(facts.forgotten)
  end)

  it("cuts a connection off without a word to its peer", function()
    assert.is_true(facts.dead)
    assert.is_true(facts.peer_undisturbed)
  end)
end)
