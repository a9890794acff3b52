-- Removes a leaver in a cqueues controller, which does other work meanwhile. README.md tells how to
-- run it.

local cqueues = require "cqueues"
local workspace = require "elevenlabs.workspace"

local LEAVER = "mia@example.com"
local VOICES = { "voice_narrator", "voice_trailer", "voice_draft" }

local client, why = workspace.new {
  driver = "cqueues",
  base_url = os.getenv "ELEVENLABS_BASE_URL", -- of a sandbox; nil: the service
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
}
if not client then
  error(tostring(why), 0) -- in some Luas assert takes nothing but text
end
local controller = cqueues.new()
local running, ticks = #VOICES, 0

-- Each coroutine waits for its own call. They share the client and its connections.
for _, id in ipairs(VOICES) do
  controller:wrap(function()
    local receipt, err =
      client:unshare { resource_id = id, resource_type = "voice", user_email = LEAVER }
    print(("%-16s %s"):format(id, tostring(receipt or err)))
    running = running - 1
  end)
end

-- The other work.
controller:wrap(function()
  while running > 0 do
    cqueues.sleep(0.001)
    ticks = ticks + 1
  end
end)

local ok, problem = controller:loop()
if not ok then
  error(tostring(problem), 0)
end
print(("%d done; the controller had %d other turns meanwhile"):format(#VOICES, ticks))
client:close()
