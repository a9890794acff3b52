-- A host with a loop of its own waits on the client's descriptor alone: libuv here,
-- as in Neovim. No timer of the host's calls step.

local raw = require "spec.support.servers.raw"
local sandboxes = require "spec.support.servers.sandbox"
local uv = require "luv"

local VOICE = { resource_id = "voice_narrator", resource_type = "voice" }
local LIMIT_MS = 60000

--- Run uv's loop, stepping only when the descriptor is readable, until `done()`.
local function drive(client, on_step, done)
  local poll, limit, expired = uv.new_poll(client:pollfd()), uv.new_timer(), false
  poll:start("r", function(err)
    assert(not err, err)
    on_step(client:step(0))
  end)
  limit:start(LIMIT_MS, 0, function()
    expired = true
  end)
  while not done() and not expired do
    uv.run "once"
  end
  poll:close()
  limit:close()
  uv.run "nowait"
  assert.is_false(expired)
end

--- Start 40 calls, and 60 more once the host waits, three of which it cancels; drive
--- them to their ends. Returns how many ended each way.
local function run_hundred(client)
  local calls, finished = {}, 0
  local function start(count)
    for _ = 1, count do
      calls[#calls + 1] = assert(client:start("unshare", {
        resource_id = "voice_narrator",
        resource_type = "voice",
        user_email = "eve@example.com",
      }))
    end
  end
  start(40)
  drive(client, function(count)
    finished = finished + count
    if finished > 0 and #calls == 40 then
      start(60)
      calls[60]:cancel()
      calls[80]:cancel()
      calls[100]:cancel()
    end
  end, function()
    return finished == 100
  end)
  local ends = {}
  for _, call in ipairs(calls) do
    assert.is_true(call:done())
    local receipt, err = call:result()
    local name = receipt and "confirmed" or err.kind
    ends[name] = (ends[name] or 0) + 1
  end
  return ends
end

describe("pollfd", function()
  local sandbox, client

  before_each(function()
    sandbox = sandboxes.start("--latency-ms", "20")
  end)

  after_each(function()
    client:close()
    sandbox:stop()
  end)

  it("alone completes 100 calls over HTTP/2: early, late and cancelled ones", function()
    client = sandbox:client { max_concurrency = 16 }
    assert.are.same({ confirmed = 97, cancelled = 3 }, run_hundred(client))
  end)

  it("alone completes 100 calls over HTTP/1.1, one of which times out", function()
    local busy = {}
    for i = 1, 200, 2 do
      busy[i], busy[i + 1] = raw.read, raw.answer(200, '{"status":"ok"}')
    end
    local server = raw.start { { raw.read, raw.hold }, busy }
    client = server:client { max_concurrency = 8, attempt_timeout_ms = 1000 }
    assert.are.same({ confirmed = 96, cancelled = 3, timeout = 1 }, run_hundred(client))
    server:stop()
  end)

  for _, limit in ipairs { "deadline_ms", "attempt_timeout_ms" } do
    it("wakes the host when the time of " .. limit .. " is up", function()
      sandbox:stop()
      sandbox = sandboxes.start("--latency-ms", "60000")
      client = sandbox:client { [limit] = 150 }
      local call, finished = client:start("get", VOICE), 0
      drive(client, function(count)
        finished = finished + count
      end, function()
        return finished == 1
      end)
      local _, err = call:result()
      assert.are.same({ "unconfirmed", "timeout" }, { err.outcome, err.kind })
    end)
  end

  it("wakes the host for a call in flight that was cancelled", function()
    client = sandbox:client()
    local call, finished, steps = client:start("get", VOICE), 0, 0
    drive(client, function(count)
      finished, steps = finished + count, steps + 1
      if client:stats().in_flight == 1 then
        call:cancel()
      end
    end, function()
      return finished == 1
    end)
    assert.are.equal("cancelled", select(2, call:result()).kind)
    assert.is_true(steps < 20)
  end)

  it("is quiet when nothing is due", function()
    client = sandbox:client()
    local probe = require "probe"
    assert.is_false(probe.readable(client:pollfd(), 0))
    assert.is_nil(client:timeout_ms())
    local call = client:start("get", VOICE)
    assert.is_true(probe.readable(client:pollfd(), 20000))
    assert.are.equal(0, client:timeout_ms())
    assert.are.equal(VOICE.resource_id, call:result().resource_id)
    assert.is_false(probe.readable(client:pollfd(), 0))
  end)
end)
