-- A table stands for lua-resty-redis; nginx_spec.lua has the real one.

local adapters = require "elevenlabs.workspace.limits.resty_redis"

--- The library. `answers` are what its commands give: { reply, why }.
local function library(answers, reused)
  local self = { said = {} }
  local function say(...)
    table.insert(self.said, table.concat({ ... }, " "))
  end
  local methods = {}
  function methods.set_timeout(_, ms)
    say("set_timeout", ms)
  end
  function methods.connect(_, host, port, pool)
    say("connect", host, type(port) == "number" and port or "")
    self.pool = (pool or port).pool
    if self.refuses then
      return nil, self.refuses
    end
    return 1
  end
  function methods.get_reused_times()
    return reused or 0
  end
  function methods.close()
    say "close"
  end
  function methods.set_keepalive(_, ms)
    say("set_keepalive", ms)
  end
  local connection = setmetatable(methods, {
    __index = function(_, command)
      return function(_, ...)
        say(command, ...)
        local answer = answers and table.remove(answers, 1) or { "OK" }
        return answer[1], answer[2]
      end
    end,
  })
  function self.new()
    return connection
  end
  return self
end

describe("lua-resty-redis", function()
  it("is reached at a host and a port, or at a socket", function()
    local redis = library()
    assert(adapters.new(redis, { host = "10.0.0.7" })())
    assert(adapters.new(redis, { path = "/run/redis.sock" })())
    assert.are.same({
      "set_timeout 1000",
      "connect 10.0.0.7 6379",
      "set_timeout 1000",
      "connect unix:/run/redis.sock ",
    }, redis.said)
  end)

  it("says why it is not reached", function()
    local redis = library()
    redis.refuses = "connection refused"
    local connection, why = adapters.new(redis, {})()
    assert.is_nil(connection)
    assert.are.equal("connection refused", why)
  end)

  it("logs in on a new connection alone", function()
    local options = { user = "ada", password = "secret", database = 3 }
    local redis = library()
    assert(adapters.new(redis, options)())
    assert.are.same({ "AUTH ada secret", "SELECT 3" }, {
      (redis.said[3]:gsub("^auth", "AUTH")),
      (redis.said[4]:gsub("^select", "SELECT")),
    })
    redis = library(nil, 1)
    assert(adapters.new(redis, options)())
    assert.are.equal(2, #redis.said)
  end)

  it("gives no connection if it cannot log in", function()
    local redis = library { { false, "WRONGPASS" } }
    local connection, why = adapters.new(redis, { password = "wrong" })()
    assert.is_nil(connection)
    assert.are.equal("WRONGPASS", why)
  end)

  it("has a pool for each limit's options", function()
    local first, second = library(), library()
    assert(adapters.new(first, { user = "ada", password = "a" })())
    assert(adapters.new(second, { user = "tom", password = "b" })())
    assert.are_not.equal(first.pool, second.pool)
  end)

  it("gives replies and errors, and the connection back", function()
    local redis = library { { "sha" }, { false, "NOSCRIPT" } }
    local connection = assert(adapters.new(redis, {})())
    assert.are.equal("sha", connection:call("SCRIPT", "LOAD", "text"))
    local reply, why = connection:call("EVALSHA", "sha")
    assert.is_nil(reply)
    assert.are.equal("NOSCRIPT", why)
    connection:release()
    assert.are.equal("set_keepalive 60000", redis.said[#redis.said])
  end)

  it("closes a connection that gave no reply: the reply may come later", function()
    local redis = library { { nil, "timeout" } }
    local connection = assert(adapters.new(redis, {})())
    assert.is_nil(connection:call "PING")
    connection:release()
    assert.are.equal("close", redis.said[#redis.said])
  end)
end)
