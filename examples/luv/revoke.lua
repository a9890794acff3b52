-- Removes a leaver in luv's loop, which does other work meanwhile. README.md tells how to run it.

local uv = require "luv"
local workspace = require "elevenlabs.workspace"

local LEAVER = "mia@example.com"
local VOICES = { "voice_narrator", "voice_trailer", "voice_draft" }

local client, why = workspace.new {
  driver = "luv",
  base_url = os.getenv "ELEVENLABS_BASE_URL", -- of a sandbox; nil: the service
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
}
if not client then
  error(tostring(why), 0) -- in some Luas assert takes nothing but text
end
local running, ticks = #VOICES, 0

-- The other work.
local timer = uv.new_timer()
timer:start(1, 1, function()
  ticks = ticks + 1
end)

-- Each coroutine waits for its own call. They share the client and its connections.
for _, id in ipairs(VOICES) do
  coroutine.wrap(function()
    local receipt, err =
      client:unshare { resource_id = id, resource_type = "voice", user_email = LEAVER }
    print(("%-16s %s"):format(id, tostring(receipt or err)))
    running = running - 1
    if running == 0 then
      timer:close()
    end
  end)()
end

uv.run() -- ends when nobody waits any more, and no handle of yours is active
print(("%d done; the loop had %d other turns meanwhile"):format(#VOICES, ticks))
client:close()
