local process = require "spec.support.process"

local function run(...)
  return process.run { "elevenlabs-workspace", ... }
end

describe("cli", function()
  it("helps", function()
    for _, arguments in ipairs { { "--help" }, { "help" }, { "sandbox", "--help" } } do
      local code, out, err = run((unpack or table.unpack)(arguments))
      assert.are.same({ 0, "" }, { code, err })
      assert.matches("^Usage: elevenlabs%-workspace", out)
    end
  end)

  local misuses = {
    { {}, "which command?" },
    { { "sandbax" }, "unknown command sandbax" },
    { { "sandbox", "--prot", "1" }, "unknown option --prot" },
    { { "sandbox", "--port" }, "--port needs another value than none" },
    { { "sandbox", "--port", "x" }, "--port needs another value than x" },
    { { "sandbox", "--port", "65536" }, "--port needs another value than 65536" },
    { { "sandbox", "--latency-ms", "-1" }, "--latency-ms needs another value than -1" },
    { { "sandbox", "--state" }, "--state needs another value than none" },
    { { "sandbox", "--" }, "-- needs a command" },
    { { "sandbox", "--fail-rate", "1.5" }, "--fail-rate needs another value than 1.5" },
    { { "sandbox", "--fail-rate", "5%" }, "--fail-rate needs another value than 5%" },
    { { "sandbox", "--rate-limit", "0" }, "--rate-limit needs another value than 0" },
    { { "sandbox", "--max-concurrent", "0" }, "--max-concurrent needs another value than 0" },
    { { "sandbox", "--resources", "0" }, "--resources needs another value than 0" },
    { { "sandbox", "--resources", "5", "--state", "f" }, "--resources and --state are two ways" },
  }
  for _, misuse in ipairs(misuses) do
    it("says with status 2: " .. misuse[2], function()
      local code, out, err = run((unpack or table.unpack)(misuse[1]))
      assert.are.same({ 2, "" }, { code, out })
      assert.matches(misuse[2], err, 1, true)
      assert.matches("Usage: ", err, 1, true)
    end)
  end

  it("tells its version", function()
    assert.are.same({ 0, "elevenlabs-workspace 0.1.0\n", "" }, { run "--version" })
  end)

  describe("sandbox -- command", function()
    local function in_sandbox(...)
      return run("sandbox", "--port", "0", "--", ...)
    end

    it("runs it with the environment set, and ends with its status", function()
      local code, out = in_sandbox(
        "sh",
        "-c",
        'echo "$ELEVENLABS_API_KEY $ELEVENLABS_BASE_URL"; test -f "$ELEVENLABS_CA_FILE"; exit 7'
      )
      assert.are.equal(7, code)
      assert.matches("^sk_sandbox_ada https://127%.0%.0%.1:%d+\n$", out)
    end)

    it("says when it cannot be run", function()
      local code, _, err = in_sandbox "/nonexistent/program"
      assert.are.equal(127, code)
      assert.matches("cannot run /nonexistent/program", err, 1, true)
    end)

    for signal, status in pairs { sigint = 130, sigterm = 143, sighup = 129 } do
      it("passes " .. signal .. " on to it", function()
        local around = process.start {
          "elevenlabs-workspace",
          "sandbox",
          "--port",
          "0",
          "--",
          "sh",
          "-c",
          "echo up; exec sleep 60",
        }
        assert.are.equal("up", around:read_line())
        assert.are.same({ status, "", "" }, { around:stop(signal) })
      end)
    end
  end)
end)
