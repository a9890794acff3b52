local probe = require "probe"

describe("sockets", function()
  local facts = probe.sockets()

  it("knows what it opened and forgets what it closed", function()
    assert.is_true(facts.known)
    assert.is_true(facts.forgotten)
  end)

  for family, ip in pairs { IPv4 = "127.0.0.1", IPv6 = "::1" } do
    local other = ip:gsub("1$", "2")
    local found = { probe.ends(family, { ip, ip }, { other, ip }, { ip, other }, { ip, ip, 1 }) }
    if found[1] ~= nil then -- else the machine has no such addresses
      it("finds a connection by both its ends alone, over " .. family, function()
        assert.are.same({ true, false, false, false }, found)
      end)
    end
  end

  it("cuts a connection off without a word to its peer", function()
    assert.is_true(facts.dead)
    assert.is_true(facts.peer_undisturbed)
  end)
end)
