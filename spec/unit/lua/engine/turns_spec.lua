local hosts = require "spec.support.turns"
local turns = require "elevenlabs.workspace.engine.turns"

describe("turns", function()
  local engine, core, pass, looks

  --- An engine whose driver yields, as that of a host which resumes coroutines.
  local function begin(options)
    looks = 0
    engine, core, pass = hosts.engine(options)
    local wait = engine.wait_by_driver
    function engine.wait_by_driver(...)
      looks = looks + 1
      return wait(...)
    end
  end

  before_each(function()
    begin()
  end)

  --- Run a function in a coroutine. Each turn of the host takes 1 ms.
  ---@return integer turns that the host had
  local function host(f, in_turn)
    return (hosts.host(f, function()
      pass(1)
      if in_turn then
        in_turn()
      end
    end))
  end

  --- Work of so many pieces, each of which takes so long.
  local function work(pieces, ms)
    local give_turn = turns.giver(engine)
    for _ = 1, pieces do
      pass(ms)
      local ok, why = give_turn()
      if not ok then
        return why
      end
    end
  end

  it("come while a long work is done", function()
    assert.are.equal(10, host(function()
      work(160, 1)
    end))
  end)

  it("come no more often than every 5 ms", function()
    assert.are.equal(2, host(function()
      work(160, 0.0625)
    end))
  end)

  it("count from the last wait, whoever waited", function()
    assert.are.equal(3, host(function()
      turns.pause(engine, 2) -- two turns
      work(32, 0.125)
      turns.give(engine)
      pass(2)
      turns.give(engine)
    end))
  end)

  it("do not count a wait that was over at once", function()
    engine.waited_ms = engine.now()
    assert.are.equal(1, host(function()
      pass(5)
      engine:wait(function()
        return true
      end)
      turns.give(engine)
    end))
  end)

  it("come although the driver's step takes long", function()
    local step = core.step
    function core:step()
      pass(50)
      return step(self)
    end
    assert.are.equal(1, host(function()
      turns.give(engine)
    end))
  end)

  it("are for each coroutine that works", function()
    local function job()
      work(160, 1)
    end
    local both = { coroutine.create(job), coroutine.create(job) }
    local resumed = { 0, 0 }
    while coroutine.status(both[1]) ~= "dead" or coroutine.status(both[2]) ~= "dead" do
      for i, thread in ipairs(both) do
        if coroutine.status(thread) ~= "dead" then
          assert(coroutine.resume(thread))
          resumed[i] = resumed[i] + 1
        end
      end
      pass(1)
    end
    assert.is_true(resumed[1] >= 10 and resumed[2] >= 10)
  end)

  it("do not come if the driver holds its host up", function()
    begin { gives_turns = false }
    assert.are.equal(0, host(function()
      work(1000, 1)
    end))
    assert.are.equal(0, looks)
    assert.is_true(turns.giver(nil)())
  end)

  it("do not come inside of a C function, and nothing is raised", function()
    assert.are.equal(0, host(function()
      string.gsub("x", "x", function()
        work(160, 1)
      end)
    end))
    assert.are.equal(0, looks)
  end)

  it("do not come on the main thread", function()
    assert.is_nil(work(160, 1)) -- a yield would raise
  end)

  it("do not come inside a step, and the work goes on", function()
    engine.stepping = true
    assert.are.equal(0, host(function()
      assert.is_nil(work(160, 1))
    end))
  end)

  it("do not come if the driver says that it cannot wait", function()
    begin {
      wait = function()
        return "not here"
      end,
    }
    assert.are.equal(0, host(function()
      assert.is_nil(work(160, 1))
    end))
    assert.are.equal(10, looks)
  end)

  it("tell of a client that was closed meanwhile", function()
    local why
    local count = host(function()
      why = work(160, 1)
    end, function()
      engine:close()
    end)
    assert.are.equal(1, count)
    assert.are.same({ "closed", "not_sent" }, { why.kind, why.outcome })
  end)

  it("end with the client, though its time stands still", function()
    local thread = coroutine.create(function()
      turns.pause(engine, 1000)
    end)
    assert(coroutine.resume(thread))
    engine:close()
    assert(coroutine.resume(thread))
    assert.are.equal("dead", coroutine.status(thread))
  end)

  it("do not tell of a client that was closed before", function()
    engine:close()
    assert.are.equal(0, host(function()
      assert.is_nil(work(160, 1))
    end))
  end)

  it("leave nothing behind", function()
    host(function()
      work(160, 1)
    end)
    assert.is_nil(next(engine.timers))
    assert.is_true(engine.waiters:is_empty())
  end)
end)
