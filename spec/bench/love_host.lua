--- What a bulk run takes of a game's frames: examples/love on a display of its own, against a
--- sandbox, with the system's authorities to load as ever. Prints one line of JSON.

local cjson = require "cjson"
local process = require "spec.support.process"

local COMMAND = "build/luajit/bin/elevenlabs-workspace"
local AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
local SCRIPT = [[
  cat "$ELEVENLABS_CA_FILE" %s >"$ELEVENLABS_CA_FILE.all" 2>/dev/null
  ELEVENLABS_CA_FILE="$ELEVENLABS_CA_FILE.all" love examples/love --quit
  status=$?; rm "$ELEVENLABS_CA_FILE"; exit $status
]]

local display = process.start {
  "Xvfb", "-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp",
}
local number = assert(display:read_line(), "Xvfb did not start")
local code, out, err = process.run({
  COMMAND, "sandbox", "--port", "0", "--resources", "400",
  "--latency-ms", "50", "--jitter-ms", "100", "--", "sh", "-c", SCRIPT:format(AUTHORITIES),
}, { env = { DISPLAY = ":" .. number, LIBGL_ALWAYS_SOFTWARE = "1" } })
display:stop()
assert(code == 0, err)
local p50, p99, first = out:match "p50 (%d+) p99 (%d+) max %d+ us, first connection (%d+) us"
local idle_p99 = out:match "idle %d+ p50 %d+ p99 (%d+) us"
print(cjson.encode {
  frame_p50_us = tonumber(p50),
  frame_p99_us = tonumber(p99),
  frame_idle_p99_us = tonumber(idle_p99),
  frame_p99_ratio = tonumber(p99) / tonumber(idle_p99),
  frame_first_us = tonumber(first),
})
