-- A plugin that has the less memory the lower its round is: it may end wherever it is.

local thread, round = ...
local ballast = {}
_G.ballast = ballast -- for it to be kept
for i = 1, (25 - round) * 24 + thread * 6 do
  ballast[i] = ("x"):rep(1000) .. i
end

--- 5.1's assert takes no error that is a table.
local function must(value, err)
  return value or error(tostring(err), 0)
end

local workspace = require "elevenlabs.workspace"
local client = must(workspace.new {
  driver = "manual",
  io = os.getenv "SPEC_IO",
  base_url = os.getenv "ELEVENLABS_BASE_URL",
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
})
local items = {}
for i = 1, 20 do
  items[i] = {
    resource_id = "voice_narrator",
    resource_type = "voice",
    user_email = "mia@example.com",
  }
end
return tostring(must(client:unshare_many(items)))
