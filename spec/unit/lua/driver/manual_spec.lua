local manual = require "elevenlabs.workspace.driver.manual"
local sandboxes = require "spec.support.servers.sandbox"

local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }

describe("driver.manual", function()
  local sandbox, client

  setup(function()
    sandbox = sandboxes.start("--latency-ms", "5")
  end)

  teardown(function()
    sandbox:stop()
  end)

  before_each(function()
    client = sandbox:client { driver = "manual" }
  end)

  after_each(function()
    client:close()
  end)

  it("yields to whoever resumes, once a frame", function()
    local resource
    local job = coroutine.create(function()
      resource = assert(client:get(VOICE))
    end)
    local frames = 0
    while coroutine.status(job) ~= "dead" do
      assert(coroutine.resume(job))
      frames = frames + 1
      client:step(1)
    end
    assert.is_true(frames > 1)
    assert.are.equal("voice_narrator", resource.resource_id)
  end)

  it("case 42: gives the resource to whoever started a call that gets it", function()
    local resource
    local job = coroutine.create(function()
      resource = assert(client:start("get", VOICE):result())
    end)
    while coroutine.status(job) ~= "dead" do
      assert(coroutine.resume(job))
      client:step(1)
    end
    assert.matches("^voice voice_narrator ", tostring(resource))
  end)

  it("lets many jobs share a client", function()
    local jobs, done = {}, 0
    for i = 1, 20 do
      jobs[i] = coroutine.create(function()
        assert(client:get(VOICE))
        done = done + 1
      end)
    end
    while done < 20 do
      for _, job in ipairs(jobs) do
        if coroutine.status(job) == "suspended" then
          assert(coroutine.resume(job))
        end
      end
    end
    assert.are.equal(20, client:stats().confirmed)
  end)

  it("says outside a coroutine that it cannot wait, and sends nothing", function()
    local thread, is_main = coroutine.running()
    if thread and not is_main then
      -- busted runs specs in the main thread, where this must be seen
      error "this spec needs the main thread"
    end
    local resource, err = client:get(VOICE)
    assert.is_nil(resource)
    assert.are.equal("not_sent", err.outcome)
    assert.matches("call from a coroutine", err.message)
    client:step(0)
    assert.are.equal(0, client:stats().attempts)
    assert.is_string(manual.wait(client, function() end))
  end)

  it("survives jobs that died, are forgotten, or raise between frames", function()
    local forgotten = coroutine.create(function()
      client:get(VOICE)
    end)
    coroutine.resume(forgotten)
    forgotten = nil -- luacheck: ignore 311 (so that it is collected)
    local raising = coroutine.create(function()
      client:start("get", VOICE)
      error "a plugin's bug"
    end)
    assert.is_false(coroutine.resume(raising))
    collectgarbage()
    collectgarbage()
    local resource
    local job = coroutine.wrap(function()
      resource = assert(client:get(VOICE))
      return "done"
    end)
    repeat
      client:step(10)
    until job() == "done"
    assert.are.equal("voice_narrator", resource.resource_id)
    while client:stats().in_flight > 0 do
      client:step(1000)
    end
    assert.are.equal(3, client:stats().confirmed)
  end)
end)
