local world = require("spec.support.world").new

describe("call", function()
  it("says when nobody can wait for a result", function()
    local engine = world()
    local call = engine:start("unshare", {})
    local receipt, err = call:result()
    assert.is_nil(receipt)
    assert.are.equal("this world cannot wait", err.message)
    assert.are.equal("unconfirmed", err.outcome)
  end)
end)
