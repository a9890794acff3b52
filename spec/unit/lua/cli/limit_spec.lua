local limit = require "elevenlabs.workspace.cli.limit"
local process = require "spec.support.process"
local redises = require "spec.support.servers.redis"
local support = require "spec.support.command"

local run, write = support.run, support.write

describe("cli.limit", function()
  for text, server in pairs {
    ["redis://host"] = { host = "host", port = 6379 },
    ["redis://host/"] = { host = "host", port = 6379 },
    ["redis://10.0.0.1:6380/2"] = { host = "10.0.0.1", port = 6380, database = "2" },
    ["redis://[::1]:6380"] = { host = "::1", port = 6380 },
    ["unix:/run/redis.sock"] = { path = "/run/redis.sock" },
    ["unix:/run/a@b.sock"] = { path = "/run/a@b.sock" },
  } do
    it("reads " .. text, function()
      assert.are.same(server, limit.read_url(text))
    end)
  end

  for text, why in pairs {
    ["redis://ada:secret@host"] = "no user and no password",
    ["redis://:secret@host/0"] = "no user and no password",
    ["rediss://host"] = "stunnel",
    ["host:6379"] = "^redis://HOST",
    ["redis://"] = "^redis://HOST",
    ["redis://host:70000"] = "^redis://HOST",
    ["redis://host/x"] = "^redis://HOST",
    ["redis://host:x"] = "^redis://HOST",
    ["unix:redis.sock"] = "^redis://HOST",
  } do
    it("refuses " .. text, function()
      local server, takes = limit.read_url(text)
      assert.is_nil(server)
      assert.matches(why, takes)
    end)
  end

  describe("as an option of a command", function()
    local redis

    before_each(function()
      support.begin()
      redis = redises.start { is_plain = true }
    end)

    after_each(function()
      redis:stop()
      support.finish()
    end)

    local function from(count)
      return { "--from", write("some.csv", support.resources(count)), "--yes" }
    end

    it("is refused with a password, which no message shows", function()
      local code, out, err = run(from(2), support.LEAVER, { "--limit", "redis://:s3cret@host" })
      assert.are.same({ 2, "" }, { code, out })
      assert.matches("set ELEVENLABS_LIMIT_USER and ELEVENLABS_LIMIT_PASSWORD", err)
      assert.is_nil(err:find("s3cret", 1, true))
    end)

    it("is wrong usage if the name stands alone, or is none", function()
      local code, _, err = run(from(2), support.LEAVER, { "--limit-name", "prod" })
      assert.are.equal(2, code)
      assert.matches("%-%-limit%-name needs %-%-limit", err)
      code, _, err = run(from(2), support.LEAVER, { "--limit-name", "a b" })
      assert.are.equal(2, code)
      assert.matches("%-%-limit%-name takes 1 to 100 letters", err)
    end)

    it("says which package is missing", function()
      local path = write("socket.lua", 'error "no LuaSocket here"')
      local program = { os.getenv "SPEC_LUA", "lua/elevenlabs/workspace/cli.lua", "unshare" }
      local command = process.join(program, support.to_sandbox())
      local code, _, err = process.run(
        process.join(command, from(2), support.LEAVER, { "--limit", "unix:" .. redis.path }),
        {
          env = {
            ELEVENLABS_API_KEY = support.sandbox.api_key,
            LUA_PATH = path:gsub("socket", "?") .. ";" .. os.getenv "LUA_PATH",
          },
        }
      )
      assert.are.equal(2, code, err)
      assert.matches("install the Debian packages lua%-redis and lua%-socket", err)
    end)

    it("says while the store is out of reach that it is, and stops by the deadline", function()
      redis:kill()
      local code, out, err = run(from(2), support.LEAVER, {
        "--limit",
        "unix:" .. redis.path,
        "--deadline",
        "1",
      })
      assert.are.equal(3, code)
      assert.matches("total 2 confirmed 0 refused 0 unconfirmed 0 not_sent 2", out)
      assert.matches("\nelevenlabs%-workspace: the limit's store is out of reach: ", "\n" .. err)
    end)

    it("sends by the places of the limit, and warns if Redis may lose it", function()
      redis:prepare_limit "prod"
      redis:call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
      local code, out, err = run(from(10), support.LEAVER, {
        "--limit",
        "unix:" .. redis.path,
        "--limit-name",
        "prod",
      })
      assert.are.equal(0, code, err)
      assert.matches("total 10 confirmed 10 ", out)
      assert.matches("\nelevenlabs%-workspace: Redis may lose the limit's state: its "
        .. "maxmemory%-policy is allkeys%-lru\n", "\n" .. err)
      local key = "elevenlabs-workspace:limit:prod" -- has the state and the one client
      assert.are.equal(2, redis:call("HLEN", key))
      assert.are.equal(0, redis:call("HEXISTS", key, "spec"))
    end)

    it("takes user and password from the environment", function()
      redis:prepare_limit "default"
      redis:call("ACL", "SETUSER", "ada", "on", ">s3cret", "~*", "+@all")
      redis:call("ACL", "SETUSER", "default", "-@scripting")
      local arguments = process.join(
        { "elevenlabs-workspace", "unshare" },
        support.to_sandbox(),
        from(2),
        support.LEAVER,
        { "--limit", "unix:" .. redis.path, "--deadline", "2" }
      )
      local env = { ELEVENLABS_API_KEY = support.sandbox.api_key }
      local code, _, err = process.run(arguments, { env = env })
      assert.are.equal(3, code)
      assert.matches("out of reach: .*NOPERM", err)
      env.ELEVENLABS_LIMIT_USER, env.ELEVENLABS_LIMIT_PASSWORD = "ada", "s3cret"
      code, _, err = process.run(arguments, { env = env })
      assert.are.equal(0, code, err)
    end)
  end)
end)
