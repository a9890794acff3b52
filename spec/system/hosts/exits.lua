--- The child of exit_spec.lua: ends with calls in flight. Arguments: how, after how many steps,
--- and with which status where the way lets it choose.

local workspace = require "elevenlabs.workspace"

local how, steps, status = ...

local WAYS = {
  ["os.exit"] = function()
    os.exit(tonumber(status))
  end,
  ["os.exit, closing the state"] = function()
    os.exit(tonumber(status), true) -- in 5.1 as the other
  end,
  ["the end of the script"] = function() end,
  ["an error"] = error,
}

local client = assert(workspace.new {
  io = os.getenv "SPEC_IO",
  base_url = os.getenv "ELEVENLABS_BASE_URL",
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
})

local function fill()
  while client:stats().in_flight < 4 do
    assert(client:start("unshare", {
      resource_id = "voice_narrator",
      resource_type = "voice",
      user_email = "mia@example.com",
    }))
    client:step(0)
  end
end

fill()
for i = 1, steps do
  client:step(i % 2)
  fill()
end
io.write(client:stats().in_flight, " in flight")
WAYS[how]()
