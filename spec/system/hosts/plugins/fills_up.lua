-- A plugin that fills its memory while calls are in flight; what it leaves is more in each
-- round.

local thread, round = ...
local workspace = require "elevenlabs.workspace"

local client = assert(workspace.new {
  driver = "manual",
  io = os.getenv "SPEC_IO",
  base_url = os.getenv "ELEVENLABS_BASE_URL",
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
})
local calls = {}
for i = 1, 4 do
  local arguments = { resource_id = "voice_narrator", resource_type = "voice" }
  calls[i] = assert(client:start("get", arguments))
end
client:step(0) -- sends them
coroutine.yield()

local links
pcall(function()
  while true do
    links = { links }
  end
end)
for _ = 1, round * 30 + thread * 7 do -- 56 bytes each
  links = links[1]
end

repeat
  client:step(0)
  coroutine.yield()
until client:stats().in_flight == 0
for _, call in ipairs(calls) do
  assert(call:result())
end
return "it was enough"
