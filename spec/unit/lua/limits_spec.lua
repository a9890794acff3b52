local limits = require "elevenlabs.workspace.limits"
local redises = require "spec.support.servers.redis"
local workspace = require "elevenlabs.workspace"

redises.library()

local function raises(text, call, options)
  local ok, why = pcall(call, options)
  assert.is_false(ok)
  assert.is_truthy(tostring(why):find(text, 1, true), why)
end

local function connect()
  return nil, "no reason"
end

describe("limits", function()
  it("raise on wrong options: a client must not be without its limit unseen", function()
    raises("takes a table of options, got nil", limits.redis)
    raises("takes a table of options, got string", limits.redis_lua, "localhost")
    raises('unknown option "nmae"', limits.redis, { nmae = "prod" })
    raises("name must be 1 to 100 letters", limits.redis, { connect = connect })
    raises("name must be 1 to 100 letters", limits.redis, { connect = connect, name = "a b" })
    raises("connect must be a function, got table", limits.redis, { connect = {}, name = "prod" })
    raises("dict must be a shared dictionary", limits.shared_dict, { name = "prod" })
    raises('unknown option "hots"', limits.redis_lua, { hots = "localhost" })
  end)

  it("name the package of the library that is missing", function()
    local path, cpath = package.path, package.cpath
    package.path, package.cpath = "", ""
    raises("Debian's package is lua-nginx-redis", limits.resty_redis, {})
    package.path, package.cpath = path, cpath
  end)

  it("join clients, each with places of its own", function()
    local redis = redises.start()
    local limit = limits.redis {
      connect = limits.redis_lua { path = redis.path },
      name = "prod",
    }
    local function join()
      local core = require "elevenlabs.workspace.core"
      return limit:join {
        now = core.now,
        random = core.random,
        max_concurrency = 32,
        attempt_timeout_ms = 30000,
      }
    end
    local first, second = join(), join()
    first:exchange(0, 1)
    second:exchange(0, 1)
    redis:stop()
    assert.are_not.equal(first.id, second.id)
    assert.are.equal(4, first:window())
    assert.matches("new or has lost its state", first:why(first.now()))
  end)

  describe("of a client", function()
    local function new(limit, driver)
      return workspace.new {
        api_key = "key",
        base_url = "http://127.0.0.1:1",
        driver = driver,
        limit = limit,
      }
    end

    it("are in its stats", function()
      local limit = limits.redis { connect = connect, name = "prod" }
      local client = assert(new(limit))
      assert.are.same({ places = 0 }, client:stats().limit)
      assert.are.equal(0, client:stats().window)
      client:start("unshare", {
        resource_id = "voice_1",
        resource_type = "voice",
        user_email = "a@b.example",
      })
      client:step()
      assert.are.same({
        places = 0,
        why = "the limit's store is out of reach: no reason",
      }, client:stats().limit)
      client:close()
      client = assert(new())
      assert.is_nil(client:stats().limit)
      client:close()
    end)

    it("are refused if connections block and the driver's host must not be held up", function()
      local limit = limits.redis { connect = limits.redis_lua {}, name = "prod" }
      for _, driver in ipairs { "luv", "manual", { wait = connect } } do
        local client, err = new(limit, driver)
        assert.is_nil(client)
        assert.are.equal("limit", err.field)
        assert.matches("connections of limits.redis_lua block", err.message)
      end
      for _, driver in ipairs { "blocking", { wait = connect, may_block = true } } do
        assert(new(limit, driver)):close()
      end
      local own = limits.redis { connect = connect, name = "prod" }
      assert(new(own, "luv")):close()
    end)
  end)
end)
