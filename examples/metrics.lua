-- Counts a client's requests and results, in the text format that Prometheus reads.
--
--   elevenlabs-workspace sandbox --port 0 -- lua examples/metrics.lua

local workspace = require "elevenlabs.workspace"

local counters = {}

local function add(name, labels, value)
  local key = ("%s{%s}"):format(name, labels)
  counters[key] = (counters[key] or 0) + value
end

local client, why = workspace.new {
  base_url = os.getenv "ELEVENLABS_BASE_URL",
  ca_file = os.getenv "ELEVENLABS_CA_FILE",
  on_event = function(event)
    local op = ('op="%s"'):format(event.op)
    if event.name == "attempt" then
      add("elevenlabs_workspace_attempts_total", op, 1)
    elseif event.name == "response" then
      add("elevenlabs_workspace_response_seconds_sum", op, event.elapsed_ms / 1000)
      add("elevenlabs_workspace_response_seconds_count", op, 1)
    elseif event.name == "done" then
      local labels = ('%s,outcome="%s",kind="%s"'):format(op, event.outcome, event.kind or "")
      add("elevenlabs_workspace_calls_total", labels, 1)
    end
  end,
}
if not client then
  error(tostring(why), 0) -- in some Luas assert takes nothing but text
end

for _, id in ipairs { "voice_narrator", "voice_trailer", "voice_draft", "voice_none" } do
  client:unshare { resource_id = id, resource_type = "voice", user_email = "mia@example.com" }
end
client:get { resource_id = "voice_narrator", resource_type = "voice" }
client:close()

local lines = {}
for key, value in pairs(counters) do
  lines[#lines + 1] = ("%s %g"):format(key, value)
end
table.sort(lines)
print(table.concat(lines, "\n"))
