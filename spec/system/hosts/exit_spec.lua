-- A process that ends while calls are in flight ends as it was told to, whatever the moment.

local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"

-- Each way after each number of steps, twice.
local RUNS = os.getenv "SPEC_SLOW_MACHINE" and 40 or 250
local AT_ONCE = 4
local MOST_STEPS = 24 -- the first few are in the handshake

local ASKED = 7
local WAYS = {
  { "os.exit", ASKED },
  { "os.exit, closing the state", ASKED },
  { "os.exit, closing the state", 0 },
  { "the end of the script", 0 },
  { "an error", 1 },
}

describe("a process with calls in flight", function()
  local sandbox, env

  setup(function()
    sandbox = sandboxes.start("--latency-ms", "3")
    env = {
      ELEVENLABS_API_KEY = sandbox.api_key,
      ELEVENLABS_BASE_URL = sandbox.base_url:gsub("127%.0%.0%.1", "localhost"), -- to resolve
      ELEVENLABS_CA_FILE = sandbox.ca_file,
    }
  end)

  teardown(function()
    sandbox:stop()
  end)

  local function start(number)
    local way = WAYS[number % #WAYS + 1]
    local steps = math.floor(number / #WAYS) % (MOST_STEPS + 1)
    local child = { expected = way[2], name = ("%s after %d steps"):format(way[1], steps) }
    child.process = process.start({
      os.getenv "SPEC_LUA",
      "spec/system/hosts/exits.lua",
      way[1],
      ("%d"):format(steps),
      ("%d"):format(way[2]),
    }, { env = env })
    return child
  end

  --- nil where it ended as it should.
  local function finish(child)
    local code, out, err = child.process:wait()
    if code ~= child.expected or out ~= "4 in flight" then
      return ("%s: %d, %s, %s"):format(child.name, code, out, err)
    end
  end

  local function end_many()
    local children, failures = {}, {}
    for number = 1, RUNS + AT_ONCE do
      children[number] = number <= RUNS and start(number) or nil
      local oldest = children[number - AT_ONCE]
      failures[#failures + 1] = oldest and finish(oldest)
    end
    assert.are.same({}, failures)
  end

  for _, io in ipairs { "inline", "thread" } do
    it("ends with the status that was asked for, with transfers in mode " .. io, function()
      env.SPEC_IO = io
      end_many()
    end)
  end
end)
