-- The example's counters for Prometheus, over a table in place of nginx's shared dictionary.

local fake = require "elevenlabs.workspace.sandbox.fake"
local sandboxes = require "spec.support.servers.sandbox"

local metrics = dofile "examples/openresty/metrics.lua"

--- What the example uses of a lua_shared_dict.
local function new_dict()
  local values, lives = {}, {}
  return {
    lives = lives,
    incr = function(_, key, value, init)
      values[key] = (values[key] or init) + value
    end,
    set = function(_, key, value, seconds)
      values[key], lives[key] = value, seconds
    end,
    get = function(_, key)
      return values[key]
    end,
    get_keys = function()
      local keys = {}
      for key in pairs(values) do
        keys[#keys + 1] = key
      end
      return keys
    end,
  }
end

describe("the metrics of the nginx example", function()
  local dict, counts

  before_each(function()
    dict = new_dict()
    counts = metrics.new(dict)
  end)

  local function respond(...)
    for _, elapsed_ms in ipairs { ... } do
      counts:count { name = "response", op = "get", elapsed_ms = elapsed_ms }
    end
  end

  local function assert_has(line)
    assert.matches("\n" .. line .. "\n", "\n" .. counts:text(), 1, true)
  end

  it("count the calls of a client by what became of them, and name no target", function()
    local sandbox = sandboxes.start()
    local client = sandbox:client {
      on_event = function(event)
        counts:count(event)
      end,
    }
    for _, id in ipairs { "voice_narrator", "voice_trailer", "voice_draft", "voice_none" } do
      client:unshare { resource_id = id, resource_type = "voice", user_email = "mia@example.com" }
    end
    client:get { resource_id = "voice_narrator", resource_type = "voice" }
    for _, line in ipairs {
      'elevenlabs_workspace_attempts_total{op="unshare"} 4',
      'elevenlabs_workspace_calls_total{op="get",outcome="confirmed",kind=""} 1',
      'elevenlabs_workspace_calls_total{op="unshare",outcome="confirmed",kind=""} 2',
      'elevenlabs_workspace_calls_total{op="unshare",outcome="refused",kind="not_found"} 1',
      'elevenlabs_workspace_calls_total{op="unshare",outcome="refused",kind="permission"} 1',
      'elevenlabs_workspace_response_seconds_count{op="unshare"} 4',
    } do
      assert_has(line)
    end
    for _, secret in ipairs { "mia", "narrator", "role", "sk_" } do
      assert.is_nil(counts:text():find(secret, 1, true))
    end
    client:close()
    sandbox:stop()
  end)

  it("count retries and pauses", function()
    counts:count { name = "retry", op = "get", outcome = "unconfirmed", kind = "server" }
    counts:count { name = "throttle", op = "get", window = 4 }
    counts:count { name = "throttle", message = "the store of the limit does not answer" }
    assert_has 'elevenlabs_workspace_retries_total{op="get",outcome="unconfirmed",kind="server"} 1'
    assert_has 'elevenlabs_workspace_throttles_total{op="get"} 1'
    assert_has 'elevenlabs_workspace_throttles_total{op=""} 1'
  end)

  it("have a histogram in which a bucket holds all that are below it", function()
    respond(50, 51, 700, 40000)
    for bound, count in pairs {
      ["0.05"] = 1,
      ["0.1"] = 2,
      ["0.5"] = 2,
      ["1"] = 3,
      ["30"] = 3,
      ["+Inf"] = 4,
    } do
      local line = 'elevenlabs_workspace_response_seconds_bucket{op="get",le="%s"} %d'
      assert_has(line:format(bound, count))
    end
    assert_has 'elevenlabs_workspace_response_seconds_sum{op="get"} 40.801000'
    assert_has 'elevenlabs_workspace_response_seconds_count{op="get"} 4'
  end)

  it("have each worker's gauges for a while, with no digits lost", function()
    local client = fake.new()
    local stats = client:stats()
    stats.in_flight, stats.connections = 7, 1234567
    counts:publish(1, stats)
    assert_has 'elevenlabs_workspace_calls_in_flight{worker="1"} 7'
    assert_has 'elevenlabs_workspace_connections_total{worker="1"} 1234567'
    assert.are.equal(15, dict.lives['elevenlabs_workspace_calls_in_flight{worker="1"}'])
    client:close()
  end)

  it("say what the limit gives a worker, if there is a limit", function()
    local stats = fake.new():stats()
    counts:publish(1, stats)
    assert.is_nil(counts:text():find("limit_places{", 1, true))
    stats.limit = { places = 3 }
    counts:publish(1, stats)
    assert_has 'elevenlabs_workspace_limit_places{worker="1"} 3'
    assert_has 'elevenlabs_workspace_limit_held_back{worker="1"} 0'
    stats.limit = { places = 0, why = "the limit's store is out of reach: gone" }
    counts:publish(1, stats)
    assert_has 'elevenlabs_workspace_limit_held_back{worker="1"} 1'
  end)

  it("have a help and a type before their samples, and every sample's name has its type", function()
    respond(1)
    counts:publish(0, fake.new():stats())
    local types = {}
    for line in counts:text():gmatch "([^\n]*)\n" do
      local name, kind = line:match "^# TYPE (%S+) (%l+)$"
      if name then
        types[name] = kind
        assert.are.equal(kind == "counter", name:find "_total$" ~= nil, name)
      elseif not line:find "^# HELP [%w_]+ %u.*%.$" then
        name = line:match "^([%w_]+){.*} [%d.]+$"
        assert.truthy(types[name] or types[name:gsub("_%l+$", "")], line)
      end
    end
  end)
end)
