-- A plugin that looks for what others left, or meddle with.

local thread, round = ...
local workspace = require "elevenlabs.workspace"

local MINE = thread * 1000 + round

assert(rawget(_G, "mark") == nil and workspace.mark == nil and package.loaded.mark == nil)
_G.mark, workspace.mark, package.loaded.mark = MINE, MINE, MINE

local client = assert(workspace.new {
  driver = "manual",
  io = os.getenv "SPEC_IO",
  base_url = os.getenv "ELEVENLABS_BASE_URL",
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
})
for _ = 1, thread do
  assert(client:get { resource_id = "voice_narrator", resource_type = "voice" })
end
local stats = client:stats()
assert(stats.calls == thread and stats.attempts == thread and stats.connections == 1)
assert(_G.mark == MINE and workspace.mark == MINE and package.loaded.mark == MINE)
return "all mine"
