-- A client in nginx that shares a limit, in each phase: against a sandbox, with a real Redis and with
-- a shared dictionary.

local core = require "elevenlabs.workspace.core"
local hosts = require "spec.support.servers.nginx_host"
local limits = require "elevenlabs.workspace.limits"
local redises = require "spec.support.servers.redis"
local sandboxes = require "spec.support.servers.sandbox"

local INIT = [[
  package.path = package.path .. ";${root}/build/unpacked/usr/share/lua/5.1/?.lua"
  local workspace = require "elevenlabs.workspace"
  local limits = require "elevenlabs.workspace.limits"
  local cjson = require "cjson"
  ITEM, said = cjson.decode(${item}), {}
  client = assert(workspace.new {
    base_url = "${url}", ca_file = "${cert}", api_key = "${key}",
    limit = ${limit},
    on_event = function(event)
      said[#said + 1] = not event.call and event.message or nil
    end,
  })
  function outcome()
    local receipt, err = client:unshare(ITEM)
    return receipt and receipt.outcome or tostring(err)
  end
  early = outcome()
]]
local HTTP = [[
  lua_shared_dict fleet 1m;
  init_worker_by_lua_block { client:start("unshare", ITEM) client:step(0) }
]]
local SERVER = [[
  location = /unshare { content_by_lua_block { ngx.print(outcome()) } }
  location = /early { content_by_lua_block { ngx.print(early) } }
  location = /log {
    content_by_lua_block { ngx.print "here" }
    log_by_lua_block { client:start("unshare", ITEM) client:step(0) }
  }
  location = /header {
    content_by_lua_block { ngx.print "here" }
    header_filter_by_lua_block { client:start("unshare", ITEM) client:step(0) }
  }
  location = /confirmed { content_by_lua_block { ngx.print(client:stats().confirmed) } }
  location = /said { content_by_lua_block { ngx.print(table.concat(said, "\n")) } }
  location = /places { content_by_lua_block { ngx.print(client:stats().limit.places) } }
  location = /reader {
    content_by_lua_block {
      local readers = require "elevenlabs.workspace.driver.ngx_reader"
      ngx.print(readers.of(client) and "one" or "none")
    }
  }
]]
local LIMITS = {
  Redis = [[limits.redis { connect = limits.resty_redis { path = "REDIS" }, name = "spec" }]],
  ["a dictionary"] = [[limits.shared_dict { dict = ngx.shared.fleet, name = "spec" }]],
}

describe("nginx, with a limit in", function()
  local sandbox, redis, host

  local function start(limit)
    sandbox, redis = sandboxes.start(), redises.start { is_plain = true }
    redis:prepare_limit "spec"
    host = hosts.start {
      init = INIT,
      http = HTTP,
      server = SERVER,
      limit = limit:gsub("REDIS", redis.path),
      item = ("%q"):format(require("cjson").encode(sandbox.example)),
      url = sandbox.base_url,
      cert = sandbox.ca_file,
      key = sandbox.api_key,
    }
  end

  after_each(function()
    if host then
      host:stop()
    end
    redis:stop()
    sandbox:stop()
    host = nil
  end)

  for name, limit in pairs(LIMITS) do
    it(name .. ", asks for places in phases in which nothing can wait, and in others", function()
      start(limit)
      assert.are.equal("here", (host:get "/log"))
      assert.are.equal("here", (host:get "/header"))
      assert.are.equal("confirmed", (host:get "/unshare"))
      host:wait_for("/confirmed", "4")
      assert.are.equal("", (host:get "/said"))
      assert.matches("nginx cannot ask for places of a limit in its phase init",
        (host:get "/early"))
      local _, log = host:stop()
      assert.is_nil(log:find("[error]", 1, true), log)
    end)
  end

  it("Redis, gives its places back when it is idle, and then its reader ends", function()
    start(LIMITS.Redis)
    assert.are.equal("confirmed", (host:get "/unshare"))
    host:wait_for("/reader", "none")
    host:wait_for("/places", "0")
    local places = limits
      .redis({ connect = limits.redis_lua { path = redis.path }, name = "spec" })
      :join {
        now = core.now,
        random = core.random,
        max_concurrency = 32,
        attempt_timeout_ms = 30000,
      }
    places:exchange(0, 32)
    assert.are.equal(places:window(), places:places(core.now()))
    places:exchange(0, 0)
    assert.are.equal("confirmed", (host:get "/unshare"))
  end)

  it("Redis, says why nothing is sent while Redis is away", function()
    start(LIMITS.Redis)
    redis:kill()
    local request = host:begin "/unshare"
    hosts.wait_until(function()
      return (host:get "/said"):find("the limit's store is out of reach: ", 1, true)
    end)
    assert.is_false(request.ended)
    redis:start()
    redis:prepare_limit "spec"
    hosts.wait(request)
    assert.are.equal("confirmed", request.body)
    assert.matches("\nthe limit's store grants places again$", (host:get "/said"))
  end)
end)
