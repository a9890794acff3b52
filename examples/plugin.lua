-- A plugin for plugin_host.c, which runs this file as a coroutine and resumes it once a frame:
-- each call yields until its answer is there. What it returns is printed.

local workspace = require "elevenlabs.workspace"

--- assert wants text for its message in some Luas, and errors of ours only read as text.
local function must(value, err)
  return value or error(tostring(err), 0)
end

local client = must(workspace.new {
  driver = "manual",
  io = "thread", -- and a thread of the client's own does the rest
  base_url = os.getenv "ELEVENLABS_BASE_URL",
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
})

local report = must(client:unshare_many(workspace.items.product {
  resource_ids = { "voice_narrator", "voice_trailer" },
  resource_type = "voice",
  user_emails = { "mia@example.com" },
}))
client:close()
return tostring(report)
