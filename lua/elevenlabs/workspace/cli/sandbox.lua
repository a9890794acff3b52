--- The command `sandbox`: a local workspace, alone or around another command.

local json = require "elevenlabs.workspace.json"
local options = require "elevenlabs.workspace.cli.options"

local M = {}

M.SUMMARY = "run a local workspace that speaks the same API"

M.USAGE = [==[
Usage: elevenlabs-workspace sandbox [OPTION...] [-- COMMAND [ARGUMENT...]]

Runs a local workspace over TLS on 127.0.0.1 until it gets SIGINT, SIGTERM or SIGHUP.
When it is ready it prints one line of JSON: base_url, api_key, ca_file, and an example
to try. With a COMMAND it runs that instead of printing, with ELEVENLABS_API_KEY,
ELEVENLABS_BASE_URL and ELEVENLABS_CA_FILE set, and ends with its exit status.

  --port N        port to listen on; 0 takes a free one (default 8443)
  --state FILE    JSON state, read at the start if it is there, written at the end
  --latency-ms N  wait so long before each answer (default 0)
  --no-http2      speak HTTP/1.1 alone
  --help          show this
]==]

local READERS = {
  ["--port"] = options.number("port", 65535),
  ["--state"] = options.text "state_file",
  ["--latency-ms"] = options.number("latency_ms", 600000),
  ["--no-http2"] = options.flag("http2", false),
  command = true,
}

--- nginx's working folder is another, so a relative path must be made absolute.
local function absolute(uv, path)
  return path and path:sub(1, 1) ~= "/" and uv.cwd() .. "/" .. path or path
end

local function environment_for(uv, description)
  local list = {
    "ELEVENLABS_API_KEY=" .. description.api_key,
    "ELEVENLABS_BASE_URL=" .. description.base_url,
    "ELEVENLABS_CA_FILE=" .. description.ca_file,
  }
  for name, value in pairs(uv.os_environ()) do
    if not name:match "^ELEVENLABS_" then
      list[#list + 1] = name .. "=" .. value
    end
  end
  return list
end

--- Start the user's command; `on_exit(status)` where it ended or could not start.
local function start_command(uv, command, description, on_exit)
  local process, why
  process, why = uv.spawn(command[1], {
    args = { (unpack or table.unpack)(command, 2) },
    stdio = { 0, 1, 2 },
    env = environment_for(uv, description),
  }, function(code, signal)
    process:close()
    on_exit(signal > 0 and 128 + signal or code)
  end)
  if not process then
    on_exit(127, ("cannot run %s: %s"):format(command[1], why))
  end
  return process
end

--- Everything in one loop: nginx, the command if there is one, and signals, which go
--- to the command and without one to nginx.
local function run(settings, complain)
  local uv = require "luv"
  local nginx = require "elevenlabs.workspace.sandbox.nginx"
  local signals = require "elevenlabs.workspace.cli.signals"
  local status, server, command

  local function stop(code, problem)
    if problem then
      complain(problem)
    end
    status, command = status or code, nil
    if server then
      server:kill "sigterm"
    end
  end

  -- Before anything is started; they are heard when the loop runs.
  local forget_signals = signals.watch(function(name)
    if command then
      command:kill(name)
    else
      stop(0)
    end
  end)

  settings.state_file = absolute(uv, settings.state_file)
  function settings.on_ready(description)
    if settings.command then
      command = start_command(uv, settings.command, description, stop)
    else
      io.write(json.encode(description), "\n")
      io.flush()
    end
  end
  function settings.on_exit(code, log)
    server = nil
    if code ~= 0 or not status then
      complain("nginx ended:\n" .. log)
      status = 1
    end
    if command then
      command:kill "sigterm" -- it has lost its server
    end
    forget_signals()
  end

  local why
  server, why = nginx.start(settings)
  if not server then
    forget_signals()
    complain(why)
    return 1
  end
  uv.run()
  return status
end

---@param arguments string[]
---@param complain fun(text: string)
---@return integer|nil status, string|nil misuse
function M.run(arguments, complain)
  local settings, misuse = options.read(arguments, READERS)
  if settings and settings.command and #settings.command == 0 then
    misuse = "-- needs a command"
  end
  if misuse then
    return nil, misuse
  end
  settings.port = settings.port or 8443
  settings.latency_ms = settings.latency_ms or 0
  settings.http2 = settings.http2 == nil
  return run(settings, complain)
end

return M
