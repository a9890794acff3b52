-- A plugin for plugin_host.c. The host runs this file as a coroutine, and resumes it once a frame.
-- Each call yields until its answer is there. The host prints the value that this file returns.

local workspace = require "elevenlabs.workspace"

--- In some Luas assert takes nothing but text for its message, and the library's errors are tables.
local function must(value, err)
  return value or error(tostring(err), 0)
end

local client = must(workspace.new {
  driver = "manual",
  io = "thread", -- a thread of the client sends and receives
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
