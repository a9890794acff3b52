local cqueues = require "cqueues"
local limits = require "spec.support.limit"
local sandboxes = require "spec.support.servers.sandbox"

local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }
local LIMIT_S = 20 -- a bound for what hangs, never a delay

describe("driver.cqueues", function()
  local sandbox, client

  setup(function()
    sandbox = sandboxes.start("--latency-ms", "20")
  end)

  teardown(function()
    sandbox:stop()
  end)

  before_each(function()
    client = sandbox:client { driver = "cqueues" }
  end)

  after_each(function()
    client:close()
  end)

  --- Run them in a controller of their own.
  local function run(...)
    local controller = cqueues.new()
    for _, f in ipairs { ... } do
      controller:wrap(f)
    end
    assert(controller:loop(LIMIT_S))
    assert.is_true(controller:empty())
  end

  local function get()
    assert(client:get(VOICE))
  end

  it("says outside a controller that it cannot wait, and sends nothing", function()
    local _, err = client:get(VOICE)
    assert.matches("waits inside a controller", err.message)
    assert.are.same({ "not_sent", 0 }, { err.outcome, client:stats().attempts })
  end)

  it("case 42: gives the resource to whoever started a call that gets it", function()
    local resource
    run(function()
      resource = assert(client:start("get", VOICE):result())
    end)
    assert.matches("^voice voice_narrator ", tostring(resource))
  end)

  it("lets the controller live meanwhile, and end when nobody waits", function()
    local ticks, ended = 0, false
    run(function()
      repeat
        get()
      until ticks > 0
      ended = true
    end, function()
      while not ended do
        cqueues.sleep(0.001)
        ticks = ticks + 1
      end
    end)
    run(get, get)
  end)

  it("serves several controllers, one inside the other or left for good", function()
    local left = cqueues.new()
    left:wrap(get)
    left:step(0) -- now it watches
    run(get, function()
      run(get, get)
    end)
    assert.are.equal(4, client:stats().calls)
    assert(left:loop(LIMIT_S))
    assert.are.equal(4, client:stats().confirmed)
  end)

  it("lets go of the descriptor before it is closed and used again", function()
    local fd
    run(function()
      for _ = 1, 3 do
        get()
        assert.are.equal(fd or client:pollfd(), client:pollfd())
        fd = client:pollfd()
        client:close()
        client = sandbox:client { driver = "cqueues" }
      end
    end)
  end)

  it("goes on after a step that raised, which the controller reports", function()
    local step, controller = client.engine.step, cqueues.new()
    local ended = 0
    for _ = 1, 2 do
      controller:wrap(function()
        get()
        ended = ended + 1
      end)
    end
    controller:step(0)
    function client.engine.step()
      client.engine.step = step
      error "no memory"
    end
    local raised = {}
    for why in controller:errors(LIMIT_S) do
      raised[#raised + 1] = why
    end
    assert.are.same({ 1, 2 }, { #raised, ended })
    assert.matches("no memory", raised[1])
  end)

  it("does not wait for a closed client", function()
    client:close()
    local why
    run(function()
      why = client.engine:wait(function()
        return false
      end)
    end)
    assert.are.equal("the client is closed", why)
  end)

  if limits.can_yield then
    it("asks a limit's store in a coroutine of its own", function()
      local asked, threads = 0, {}
      client:close()
      client = sandbox:client {
        driver = "cqueues",
        deadline_ms = LIMIT_S * 1000,
        limit = limits.over(function(message)
          cqueues.sleep(0.01)
          asked = asked + 1
          threads[asked] = coroutine.running()
          return limits.reply(message)
        end),
      }
      run(function()
        get()
        assert.are_not.equal(coroutine.running(), threads[1])
      end)
      client:close() -- no controller runs here
      assert.are.equal(2, asked)
    end)
  end
end)
