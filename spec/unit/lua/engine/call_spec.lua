local calls = require "elevenlabs.workspace.engine.call"
local worlds = require "spec.support.world"

local world = worlds.new

describe("call", function()
  it("is in no list and has no number when it is made", function()
    local engine = world()
    local group, args, request = worlds.patient(), {}, {}
    local call = calls.new(engine, "get", args, request, group, 5)
    assert.are.same({ 0, "new", 0, 5 }, { call.number, call.state, call.attempts, call.started_ms })
    assert.are.same({ true, true, true, true },
      { call.engine == engine, call.args == args, call.request == request, call.group == group })
    call:cancel() -- nothing is sent, so there is nothing to end
    assert.are.equal("new", call.state)
    assert.matches("waits to be queued", tostring(call))
  end)

  it("has room for what is set when an error could not be undone", function()
    local call = calls.new(world(), "get", {}, {}, worlds.patient(), 0)
    for _, name in ipairs { "number", "state", "attempts", "slot", "ending", "next", "previous" } do
      assert.is_not_nil(rawget(call, name), name)
    end
  end)

  it("is numbered as it is queued", function()
    local engine = world()
    engine.counts.calls = 6
    local first, second = engine:start("unshare", {}), engine:start("unshare", {})
    assert.are.same({ 7, 8 }, { first.number, second.number })
  end)

  it("is done once it has a result", function()
    local engine, core = world()
    local call = engine:start("unshare", {})
    engine:step()
    assert.is_false(call:done())
    core:answer(1)
    engine:step()
    assert.is_true(call:done())
    assert.are.equal("confirmed", call:result().outcome)
  end)

  it("says when nobody can wait for a result", function()
    local engine = world()
    local call = engine:start("unshare", {})
    local receipt, err = call:result()
    assert.is_nil(receipt)
    assert.are.equal("this world cannot wait", err.message)
    assert.are.equal("unconfirmed", err.outcome)
  end)

  it("says that the driver came back too early", function()
    local call = world({ wait = function() end }):start("unshare", {})
    assert.matches("driver returned before the call was done", select(2, call:result()).message)
  end)
end)
