-- A plugin that ends after 1 to 8 frames, with calls in flight: single ones and those of a
-- bulk run.

local _, round = ...
local workspace = require "elevenlabs.workspace"

local function new_client()
  return assert(workspace.new {
    driver = "manual",
    io = os.getenv "SPEC_IO",
    base_url = os.getenv "ELEVENLABS_BASE_URL",
    ca_file = os.getenv "ELEVENLABS_CA_FILE",
  })
end

local function item()
  return {
    resource_id = "voice_narrator",
    resource_type = "voice",
    user_email = "mia@example.com",
  }
end

local calls, run = new_client(), new_client()
local job = coroutine.create(function()
  return run:unshare_many(item, { max_concurrency = 4 }) -- without an end
end)

local function frame()
  calls:step(0)
  while calls:stats().in_flight < 4 do
    assert(calls:start("unshare", item()))
    calls:step(0)
  end
  assert(coroutine.resume(job))
end

for _ = 1, round % 8 do
  frame()
  coroutine.yield()
end
frame()
return ("left %d calls and %d items in flight"):format(
  calls:stats().in_flight,
  run:stats().in_flight
)
