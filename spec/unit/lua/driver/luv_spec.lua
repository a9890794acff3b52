local limits = require "spec.support.limit"
local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"
local uv = require "luv"

local LUA = os.getenv "SPEC_LUA"
local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }

-- What each program begins with; the server is in the environment.
local PREAMBLE = [[
  local uv = require "luv"
  local client = assert(require "elevenlabs.workspace".new {
    driver = "luv",
    base_url = os.getenv "ELEVENLABS_BASE_URL",
    ca_file = os.getenv "ELEVENLABS_CA_FILE",
  })
  local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }
]]

describe("driver.luv", function()
  local sandbox, client

  setup(function()
    sandbox = sandboxes.start("--latency-ms", "20")
  end)

  teardown(function()
    sandbox:stop()
  end)

  before_each(function()
    client = sandbox:client { driver = "luv" }
  end)

  after_each(function()
    client:close()
  end)

  --- Run a program with a loop of its own, in which there is nothing else.
  local function run(program)
    return process.run({ LUA, "-e", PREAMBLE .. program }, {
      env = {
        ELEVENLABS_API_KEY = sandbox.api_key,
        ELEVENLABS_BASE_URL = sandbox.base_url,
        ELEVENLABS_CA_FILE = sandbox.ca_file,
      },
    })
  end

  local function run_until(done)
    while not done() do
      uv.run "once"
    end
  end

  it("runs the loop on the main thread, where others live on meanwhile", function()
    local ticks, timer, resource = 0, uv.new_timer(), nil
    timer:start(1, 1, function()
      ticks = ticks + 1
    end)
    coroutine.wrap(function()
      resource = assert(client:get(VOICE))
    end)()
    repeat
      assert(client:get(VOICE))
    until ticks > 0 and resource
    timer:close()
  end)

  it("case 42: gives the resource to whoever started a call that gets it", function()
    local resource
    coroutine.wrap(function()
      resource = assert(client:start("get", VOICE):result())
    end)()
    run_until(function()
      return resource
    end)
    assert.matches("^voice voice_narrator ", tostring(resource))
    assert.matches("^voice voice_narrator ", tostring(client:start("get", VOICE):result()))
  end)

  it("says in a callback that it cannot wait, and sends nothing", function()
    local timer, err = uv.new_timer(), nil
    timer:start(0, 0, function()
      timer:close()
      err = select(2, client:get(VOICE))
    end)
    run_until(function()
      return err
    end)
    assert.matches("call from a coroutine", err.message)
    assert.are.same({ "not_sent", 0 }, { err.outcome, client:stats().attempts })
  end)

  if not os.getenv "SPEC_SLOW_MACHINE" then -- luv 1.44 leaks the handle that it could not make
    it("says where a poll of the user's is on the descriptor", function()
      local poll = uv.new_poll(client:pollfd())
      poll:start("r", function() end)
      local _, err = client:get(VOICE)
      poll:close()
      assert.matches("EEXIST", err.message)
    end)
  end

  it("lets the loop end when nobody waits, and be waited in again", function()
    local code, out, err = run [[
      for i = 1, 3 do
        coroutine.wrap(function()
          assert(client:get(VOICE))
          assert(client:get(VOICE))
        end)()
      end
      uv.run()
      assert(client:get(VOICE))
      print(client:stats().confirmed)
    ]]
    assert.are.same({ 0, "7\n", "" }, { code, out, err })
  end)

  it("lets the loop end when the client was closed, also where the main thread waits", function()
    local code, out, err = run [[
      for i = 1, 3 do
        coroutine.wrap(function()
          print(select(2, client:get(VOICE)).kind)
        end)()
      end
      local timer = uv.new_timer()
      timer:start(1, 0, function()
        timer:close()
        client:close()
      end)
      print(select(2, client:get(VOICE)).kind)
      uv.run()
      print(select(2, client:get(VOICE)).kind)
    ]]
    assert.are.same({ 0, ("closed\n"):rep(5), "" }, { code, out, err })
  end)

  it("reports what a coroutine raised as luv does, after the others' turn", function()
    local code, out, err = run [[
      io.stdout:setvbuf "no"
      local call = client:start("get", VOICE)
      for i = 1, 3 do
        coroutine.wrap(function()
          call:result()
          if i == 1 then
            error "boom"
          end
          print(i)
        end)()
      end
      uv.run()
    ]]
    assert.are.same({ 255, "2\n3\n" }, { code, out }) -- luv ends the process
    assert.matches("boom\nstack traceback:", err)
  end)

  it("resumes no coroutine that could not yield, and went on", function()
    local resumed, err = 0, nil
    local thread = coroutine.create(function()
      pcall(string.gsub, "x", "x", function()
        err = select(2, client:get(VOICE)) -- raises in 5.1 and 5.2; runs the loop in others
      end)
      coroutine.yield()
      resumed = resumed + 1
    end)
    assert(coroutine.resume(thread))
    assert(client:get(VOICE))
    run_until(function()
      return client:stats().confirmed == 2
    end)
    assert(client:get(VOICE))
    assert.are.same({ 0 }, { resumed, err })
  end)

  it("survives a coroutine that nobody wants any more", function()
    local close = rawget(coroutine, "close") -- since 5.4
    local thread = coroutine.create(function()
      client:get(VOICE)
    end)
    coroutine.resume(thread)
    if close then
      close(thread)
    end
    thread = nil -- luacheck: ignore 311 (so that it is collected)
    collectgarbage()
    run_until(function()
      return client:stats().confirmed == 1
    end)
    assert(client:get(VOICE))
  end)

  it("does not wait for a closed client", function()
    client:close()
    local never = coroutine.wrap(client.engine.wait)
    assert.are.equal(
      "the client is closed",
      never(client.engine, function()
        return false
      end)
    )
  end)

  if limits.can_yield then
    it("asks a limit's store where it may yield, also if the main thread waits", function()
      local asked = 0
      client:close()
      client = sandbox:client {
        driver = "luv",
        deadline_ms = 20000,
        limit = limits.over(function(message)
          local timer, thread = uv.new_timer(), coroutine.running()
          timer:start(1, 0, function()
            timer:close()
            asked = asked + 1
            coroutine.resume(thread)
          end)
          coroutine.yield()
          return limits.reply(message)
        end),
      }
      assert(client:get(VOICE))
      assert(client:get(VOICE))
      assert.is_true(asked > 0)
      local before = asked
      client:close()
      run_until(function()
        return asked > before -- the places are given back
      end)
    end)
  end
end)
