-- The script in a real Redis, and in Valkey if it is here.

local redises = require "spec.support.servers.redis"
local script = require "elevenlabs.workspace.limits.script"
local stores = require "elevenlabs.workspace.limits.redis"

redises.library()

local adapters = require "elevenlabs.workspace.limits.redis_lua"

local QUIET_MS = 35000

local function message(id, seq, fields)
  local all = { id = id, seq = seq, wants = 9, flying = 0, had = 0, peak = 0, successes = 0 }
  all.beat, all.attempt_ms = 1000, 30000
  for name, value in pairs(fields or {}) do
    all[name] = value
  end
  return all
end

for _, program in ipairs(redises.programs()) do
  describe("a limit in " .. program, function()
    local redis, store, connect

    before_each(function()
      redis = redises.start { program = program }
      connect = adapters.new(redises.library(), { path = redis.path })
      store = stores.new(connect, "prod")
    end)

    after_each(function()
      redis:stop()
    end)

    --- What Redis answers to a command.
    local function ask(...)
      local connection = assert(connect())
      local reply, why = connection:call(...)
      connection:release()
      return reply, why
    end

    it("begins without places for whom it does not know", function()
      local reply = assert(store:send(message("a", 1)))
      assert.are.same({ 0, QUIET_MS, 4 }, { reply.share, reply.quiet_ms, reply.window })
    end)

    it("says what a client had, and answers no older message", function()
      assert.are.equal(3, assert(store:send(message("a", 2, { had = 3 }))).share)
      local reply, why = store:send(message("a", 1))
      assert.is_nil(reply)
      assert.are.equal("a later message came before this one", why)
    end)

    it("keeps one key, under the limit's name", function()
      store:send(message("a", 1))
      assert.are.same({ "elevenlabs-workspace:limit:prod" }, ask("KEYS", "*"))
    end)

    it("loads its script anew if Redis forgot it", function()
      store:send(message("a", 1))
      ask("SCRIPT", "FLUSH")
      assert.is_table(store:send(message("a", 2)))
      assert.is_table(store:send(message("a", 3)))
    end)

    it("sees that Redis was started again with what it had saved", function()
      local before = assert(store:send(message("a", 1)))
      ask("SAVE")
      redis:kill()
      redis:start()
      local after = assert(store:send(message("b", 1)))
      assert.are_not.equal(before.life, after.life)
      assert.are.equal(QUIET_MS, after.quiet_ms)
    end)

    it("counts time by Redis's clock, which may step", function()
      store:send(message("a", 1, { had = 3 }))
      redis:step(100000)
      assert.are.equal(QUIET_MS - 2000, store:send(message("a", 2)).quiet_ms)
      redis:step(-100000)
      assert.is_true(store:send(message("a", 3)).quiet_ms > QUIET_MS - 4000)
    end)

    it("tells a client that joins if Redis may lose the state", function()
      assert.are.equal("noeviction", store:send(message("a", 1, { joins = true })).policy)
      ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
      assert.are.equal("allkeys-lru", store:send(message("a", 2, { joins = true })).policy)
      assert.is_nil(store:send(message("a", 3)).policy)
    end)

    it("is out of reach if Redis is gone", function()
      redis:kill()
      local reply, why = store:send(message("a", 1))
      assert.is_nil(reply)
      assert.is_string(why)
    end)

    it("reads its own record alone for a heartbeat that changes nothing", function()
      for clients = 1, 100 do
        store:send(message("client" .. clients, 1, { had = 3, flying = 3 }))
      end
      store:send(message("client1", 2, { had = 3, flying = 3 }))
      ask("CONFIG", "RESETSTAT")
      for clients = 2, 100 do
        store:send(message("client" .. clients, 2, { had = 3, flying = 3 }))
      end
      local calls = ask("INFO", "commandstats"):match "cmdstat_hgetall:calls=(%d+)"
      assert.is_true(tonumber(calls or 0) <= 3, calls) -- one more whenever a lease may have ended
    end)
  end)
end

describe("the script in Redis", function()
  it("is the text that runs elsewhere too", function()
    local texts = {}
    local function call(_, command, ...)
      texts[command] = ...
      return command == "SCRIPT" and "sha" or nil, command == "EVALSHA" and "NOSCRIPT" or "no"
    end
    stores.new(function()
      return { call = call }
    end, "prod"):send(message("a", 1))
    assert.is_truthy(texts.EVAL:find(script.SOURCE, 1, true))
  end)
end)
