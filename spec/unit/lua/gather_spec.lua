local fake = require "elevenlabs.workspace.sandbox.fake"
local manual = require "elevenlabs.workspace.driver.manual"
local sandboxes = require "spec.support.servers.sandbox"
local workspace = require "elevenlabs.workspace"
local worlds = require "spec.support.world"

local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }
local EVE = {
  resource_id = "voice_narrator",
  resource_type = "voice",
  user_email = "eve@example.com",
}
local YIELDS_IN_PCALL = rawget(_G, "jit") ~= nil or _VERSION ~= "Lua 5.1"

local function pack(...)
  return { n = select("#", ...), ... }
end

describe("gather", function()
  it("returns in order what each function returned, nil and nothing too", function()
    local results = workspace.gather(fake.new(), {
      function() end,
      function()
        return nil, "two", nil
      end,
      function()
        coroutine.yield()
        return 3
      end,
      function()
        return nil
      end,
    })
    assert.are.same({ { n = 0 }, pack(nil, "two", nil), pack(3), pack(nil) }, results)
    assert.are.same({}, workspace.gather(fake.new(), {}))
  end)

  it("lets the others go on where one raises, and tells what", function()
    local client, why = fake.new(), { "a table" }
    local results = workspace.gather(client, {
      function()
        client:get(VOICE)
        error(why)
      end,
      function()
        client:get(VOICE)
        return assert(client:get(VOICE)).resource_id
      end,
      function()
        error("at once", 0)
      end,
    })
    assert.are.same({ pack(nil, why), pack "voice_narrator", pack(nil, "at once") }, results)
    assert.are.equal(why, results[1][2])
  end)

  it("tells each function that its driver cannot wait here, and hangs nowhere", function()
    local client = fake.new { driver = manual }
    local function twice()
      local _, first = client:get(VOICE)
      coroutine.yield()
      return first, select(2, client:get(VOICE))
    end
    for _, result in ipairs(workspace.gather(client, { twice, twice })) do
      for i = 1, 2 do
        assert.matches("call from a coroutine", result[i].message)
        assert.are.equal("not_sent", result[i].outcome)
      end
    end
    client:step(0)
    assert.are.equal(0, client:stats().attempts)
  end)

  it("waits as the client's driver does, where it was called", function()
    local client = fake.new { driver = manual }
    local job = coroutine.create(function()
      return workspace.gather(client, {
        function()
          coroutine.yield "to gather alone"
          return assert(client:get(VOICE)).resource_id
        end,
      })
    end)
    local turns, seen = 0, nil
    while coroutine.status(job) ~= "dead" do
      seen = select(2, assert(coroutine.resume(job)))
      turns = turns + 1
    end
    assert.is_true(turns > 1)
    assert.are.same({ pack "voice_narrator" }, seen)
  end)

  it("resumes by itself alone a function that waits for the client", function()
    local client = fake.new { driver = manual }
    local threads = {}
    local job = coroutine.wrap(function()
      local results = workspace.gather(client, {
        function()
          threads[1] = coroutine.running()
          return assert(client:get(VOICE)).resource_id
        end,
        function() -- resumes the first, before its call is done
          assert(coroutine.resume(threads[1]))
          return coroutine.status(threads[1])
        end,
      })
      return results
    end)
    local results = job()
    while not results do
      results = job()
    end
    assert.are.same({ pack "voice_narrator", pack "suspended" }, results)
  end)

  it("takes what a function returned that somebody else resumed to its end", function()
    local threads, raised = {}, {}
    local results = workspace.gather(fake.new(), {
      function()
        threads[1] = coroutine.running()
        coroutine.yield()
        return "its own"
      end,
      function()
        threads[2] = coroutine.running()
        coroutine.yield()
        error "for whoever resumed it"
      end,
      function()
        for i = 1, 2 do
          raised[i] = select(2, coroutine.resume(threads[i])) or false
        end
      end,
    })
    assert.are.same({ pack "its own", { n = 0 } }, { results[1], results[3] })
    assert.matches("dead coroutine", results[2][2])
    assert.matches("for whoever resumed it", raised[2])
  end)

  it("raises where it is given the wrong kinds", function()
    local client = fake.new()
    for _, case in ipairs {
      { "a client, got nil" },
      { "a client, got table", {}, {} },
      { "an array of functions, got nil", client },
      { "an array of functions, got function", client, print },
      { "function 2 to gather is a number", client, { print, 2 } },
    } do
      local ok, why = pcall(workspace.gather, case[2], case[3])
      assert.is_false(ok)
      assert.matches(case[1], why)
    end
  end)

  it("keeps nothing of what has ended", function()
    local client, seen = fake.new(), setmetatable({}, { __mode = "k" })
    workspace.gather(client, {
      function()
        seen[coroutine.running()] = true
        client:get(VOICE)
      end,
    })
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(seen))
  end)

  describe("over an engine", function()
    --- A client whose driver steps until it is done, and answers all attempts that are in flight.
    local function answering()
      local answered, most = 0, 0
      local engine, core
      engine, core = worlds.new {
        max_concurrency = 4,
        wait = function(done)
          while not done() do
            engine:step()
            most = math.max(most, #core.attempts - answered)
            for id = answered + 1, #core.attempts do
              core:confirm(id)
            end
            answered = #core.attempts
          end
        end,
      }
      return { engine = engine }, engine, core, function()
        return most
      end
    end

    it("has all functions wait at once, as one waiter of its driver", function()
      local client, engine, _, most = answering()
      local count
      local function unshare()
        local call = engine:start("unshare", {})
        local receipt = call:result()
        count = engine.waiters.count
        return receipt.outcome
      end
      local results = workspace.gather(client, { unshare, unshare, unshare })
      assert.are.same({ pack "confirmed", pack "confirmed", pack "confirmed" }, results)
      assert.are.same({ 3, 0 }, { most(), count })
      assert.is_true(engine.waiters:is_empty())
    end)

    it("resumes each function that is ready, and no other", function()
      local client, engine, core = answering()
      local order = {}
      local results = workspace.gather(client, {
        function()
          local first = engine:start("unshare", {})
          first:result()
          order[#order + 1] = "first"
          return engine:start("unshare", {}):result().outcome
        end,
        function()
          engine:wait(function()
            return #core.attempts == 2
          end)
          order[#order + 1] = "second after " .. #core.attempts
        end,
      })
      assert.are.same({ pack "confirmed", pack() }, results)
      assert.are.same({ "first", "second after 2" }, order)
    end)

    it("steps another engine for a function that waits for that", function()
      local client = answering()
      local _, other = answering()
      local results = workspace.gather(client, {
        function()
          local call = other:start("unshare", {})
          other:cancel(call)
          return select(2, call:result()).kind
        end,
        function()
          local call = other:start("unshare", {})
          local why = other:wait(function()
            return call.state == "in_flight"
          end)
          return why, call.state
        end,
      })
      assert.are.same({ pack "cancelled", pack(nil, "in_flight") }, results)
    end)

    it("tells each function that nobody waits inside a step, and hangs nowhere", function()
      local client, engine, core = answering()
      local call, results, send = engine:start("unshare", {}), nil, core.send
      function core.send(...) -- as a finalizer may run there
        core.send = send
        results = workspace.gather(client, {
          function()
            return select(2, call:result()).message
          end,
        })
        return send(...)
      end
      engine:step()
      assert.are.same({ pack "a function that runs inside a step cannot wait" }, results)
      assert.are.equal("in_flight", call.state)
    end)
  end)

  describe("over a sandbox", function()
    local sandbox, client, others

    setup(function()
      sandbox = sandboxes.start("--latency-ms", "5")
    end)

    teardown(function()
      sandbox:stop()
    end)

    before_each(function()
      client, others = sandbox:client { max_concurrency = 16 }, {}
    end)

    after_each(function()
      client:close()
      for _, other in ipairs(others) do
        other:close()
      end
    end)

    local function get_name()
      return assert(client:get(VOICE)).resource_name
    end

    it("has the calls of 1,000 functions in flight together, blocking as it may be", function()
      local most, functions = 0, {}
      for i = 1, 1000 do
        functions[i] = function()
          local resource = assert(client:get(VOICE))
          most = math.max(most, client:stats().in_flight)
          return resource.resource_id, i
        end
      end
      local results = workspace.gather(client, functions)
      for i = 1, 1000 do
        assert.are.same(pack("voice_narrator", i), results[i])
      end
      assert.is_true(most > 1)
    end)

    it("works inside itself", function()
      local results = workspace.gather(client, {
        get_name,
        function()
          return workspace.gather(client, { get_name, get_name })
        end,
        function()
          return workspace.gather(client, {
            function()
              return workspace.gather(client, { get_name })
            end,
          })
        end,
      })
      local one = pack(results[1][1])
      assert.are.same(one, results[1])
      assert.are.same(pack { one, one }, results[2])
      assert.are.same(pack { pack { one } }, results[3])
    end)

    it("goes on with other functions while one waits for another client", function()
      for i, driver in ipairs { "blocking", "luv", "manual" } do
        others[i] = sandbox:client { driver = driver }
      end
      local functions, order = { get_name }, {}
      for i, other in ipairs(others) do
        functions[#functions + 1] = function()
          assert(other:get(VOICE))
          order[#order + 1] = "slow"
          return workspace.gather(other, {
            function()
              return assert(other:get(VOICE)).resource_name, i
            end,
          })
        end
      end
      functions[#functions + 1] = function()
        order[#order + 1] = "quick"
        return "never waits"
      end
      local results = workspace.gather(client, functions)
      for i = 1, #others do
        assert.are.same(pack { pack(results[1][1], i) }, results[i + 1])
      end
      assert.are.same({ "quick", "slow", "slow", "slow" }, order)
    end)

    it("runs bulk runs side by side", function()
      local function items(n)
        local list = {}
        for i = 1, n do
          list[i] = EVE
        end
        return list
      end
      local results = workspace.gather(client, {
        function()
          return client:unshare_many(items(50))
        end,
        function()
          return client:unshare_many(items(30), {
            on_result = YIELDS_IN_PCALL and get_name or nil,
          })
        end,
        get_name,
      })
      assert.are.same({ 50, 30 }, { results[1][1].confirmed, results[2][1].confirmed })
      assert.is_string(results[3][1])
    end)

    it("ends all calls where one function closes the client", function()
      local functions = {
        function()
          client:close()
        end,
      }
      for i = 1, 20 do
        table.insert(functions, i % 2 + 1, function()
          return select(2, client:get(VOICE)).kind
        end)
      end
      local results = workspace.gather(client, functions)
      local closed = 0
      for _, result in ipairs(results) do
        closed = closed + (result[1] == "closed" and 1 or 0)
      end
      assert.are.equal(20, closed)
    end)
  end)
end)
