local turns = require "elevenlabs.workspace.engine.turns"

--- A coroutine that waits, and looks each time that it is resumed.
local function waiter(all)
  local job = coroutine.wrap(function()
    all:wait(function(done)
      while not done() do
        coroutine.yield()
      end
    end, function()
      return false
    end)
  end)
  job()
  return job
end

describe("turns", function()
  it("know the news once one of them has looked twice since", function()
    local all = turns.new()
    local first, second = waiter(all), waiter(all)
    all:announce()
    second()
    assert.is_true(all.unheeded > 0)
    first()
    assert.is_true(all.unheeded > 0)
    second()
    assert.are.equal(0, all.unheeded)
  end)

  it("are waited for only as many steps as they and their functions may take", function()
    local all = turns.new()
    waiter(all)
    all:announce()
    for _ = 1, 64 do
      assert.is_true(all.unheeded > 0)
      all:step_begins()
      all:step_ends()
    end
    assert.are.equal(0, all.unheeded)
  end)

  it("keep no host busy where the only one steps itself, or there is none", function()
    local all = turns.new()
    all:announce()
    assert.are.equal(0, all.unheeded)
    local left, done = nil, false
    all:wait(function(look)
      repeat
        all:step_begins()
        all:announce()
        done = left ~= nil
        all:step_ends()
        left = all.unheeded
      until look()
    end, function()
      return done
    end)
    assert.are.equal(0, left)
    assert.are.equal(2 + 1, all.news)
  end)

  it("pass on why there is no waiting", function()
    local function refuse()
      return "not here"
    end
    assert.are.equal("not here", turns.new():wait(refuse, error))
  end)
end)
