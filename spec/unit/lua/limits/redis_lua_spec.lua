-- Connections of redis-lua to a real Redis.

local redises = require "spec.support.servers.redis"
local uv = require "luv"

local library = redises.library()

local adapters = require "elevenlabs.workspace.limits.redis_lua"

describe("redis-lua", function()
  local redis

  after_each(function()
    redis:stop()
  end)

  local function connect(options)
    return adapters.new(library, options)()
  end

  it("sends commands, and gives replies and errors", function()
    redis = redises.start()
    local connection = assert(connect { path = redis.path })
    assert.are.equal("PONG", connection:call "PING")
    local reply, why = connection:call("EVALSHA", ("0"):rep(40), "0")
    assert.is_nil(reply)
    assert.matches("^redis error: NOSCRIPT", why)
    connection:release()
  end)

  it("logs in, and selects a database", function()
    redis = redises.start {
      arguments = { "--save", "", "--user", "ada", "on", ">secret", "~*", "+@all" },
    }
    local options = { path = redis.path, user = "ada", password = "secret", database = 3 }
    local connection = assert(connect(options))
    assert.matches(" db=3 ", connection:call("CLIENT", "LIST"))
    assert.matches(" user=ada ", connection:call("CLIENT", "LIST"))
    connection:release()
  end)

  it("gives no connection, and says why, if it cannot log in", function()
    redis = redises.start { arguments = { "--save", "", "--requirepass", "secret" } }
    local connection, why = connect { path = redis.path, password = "wrong" }
    assert.is_nil(connection)
    assert.matches("WRONGPASS", why)
    assert.is_table(connect { path = redis.path, password = "secret" })
  end)

  it("waits for 250 ms in all", function()
    redis = redises.start()
    local connection = assert(connect { path = redis.path })
    uv.kill(redis.process.pid, "sigstop")
    local began = uv.hrtime()
    assert.is_nil(connection:call "PING")
    assert.is_nil(connection:call "PING")
    local ms = (uv.hrtime() - began) / 1e6
    uv.kill(redis.process.pid, "sigcont")
    assert.is_true(ms < 2000, ms .. " ms")
  end)

  it("reaches a host and a port", function()
    local socket = uv.new_tcp()
    socket:bind("127.0.0.1", 0)
    local port = socket:getsockname().port
    socket:close()
    redis = redises.start { arguments = { "--save", "", "--port", tostring(port) } }
    assert.are.equal("PONG", assert(connect { port = port }):call "PING")
  end)

  it("says why it reaches nobody", function()
    redis = redises.start()
    local connection, why = connect { path = redis.folder .. "/none.sock" }
    assert.is_nil(connection)
    assert.is_string(why)
  end)
end)
