-- LÖVE, on a display of its own: a bulk run beside a scene.

local process = require "spec.support.process"

-- It holds LuaJIT, whatever the specs run on; this command passes it the paths.
local COMMAND = "build/luajit/bin/elevenlabs-workspace"

describe("a LÖVE scene", function()
  local display, folder, env

  setup(function()
    display = process.start {
      "Xvfb",
      "-displayfd",
      "1",
      "-screen",
      "0",
      "800x600x24",
      "-nolisten",
      "tcp",
    }
    local number = assert(display:read_line(), "Xvfb did not start")
    folder = os.tmpname()
    os.remove(folder)
    assert.are.equal(0, (process.run { "mkdir", "-m", "700", folder }))
    env = { DISPLAY = ":" .. number, LIBGL_ALWAYS_SOFTWARE = "1", XDG_RUNTIME_DIR = folder }
  end)

  teardown(function()
    display:stop()
    process.run { "rm", "-r", folder }
  end)

  --- Run the example in a sandbox of 400 resources until it quits.
  local function run(...)
    local sandbox = { COMMAND, "sandbox", "--port", "0", "--resources", "400" }
    local command = process.join(sandbox, { "--latency-ms", "20", "--", "env", ... }, {
      "love",
      "examples/love",
      "--quit",
    })
    return process.start(command, { env = env }):wait(60000)
  end

  it("moves on while a bulk run goes to its end", function()
    local code, out, err = run()
    local frames = out:match(
      "^total 400 confirmed 384 refused 16 unconfirmed 0 not_sent 0\n"
        .. "frames (%d+) p50 %d+ p99 %d+ max %d+ us, first connection %d+ us\n"
        .. "idle 240 p50 %d+ p99 %d+ us\n$"
    )
    assert.are.same({ 0, "" }, { code, err }, out)
    -- 16 are in flight at most, and what one frame sends a later one receives.
    assert.is_true(tonumber(frames) >= 400 / 16, out)
  end)

  it("says what went wrong, and quits with status 1", function()
    local code, out = run "ELEVENLABS_BASE_URL=ftp://127.0.0.1"
    assert.are.equal(1, code)
    assert.matches("^not_sent %(invalid_argument%): base_url [^\n]+\nframes 0 ", out)
  end)
end)
