--- The command line. Run as a script, it is the command `elevenlabs-workspace`.

local M = {}

local USAGE = [[
Usage: elevenlabs-workspace COMMAND [OPTION...]

Commands:
  sandbox   run a local workspace that speaks the same API

`elevenlabs-workspace COMMAND --help` tells more.
]]

local SANDBOX_USAGE = [==[
Usage: elevenlabs-workspace sandbox [OPTION...] [-- COMMAND [ARGUMENT...]]

Runs a local workspace over TLS on 127.0.0.1 until it gets SIGINT or SIGTERM. When
it is ready it prints one line of JSON: base_url, api_key, ca_file, and an example
to try. With a COMMAND it runs that instead of printing, with ELEVENLABS_API_KEY,
ELEVENLABS_BASE_URL and ELEVENLABS_CA_FILE set, and ends with its exit status.

  --port N        port to listen on; 0 takes a free one (default 8443)
  --state FILE    JSON state, read at the start if it is there, written at the end
  --latency-ms N  wait so long before each answer (default 0)
  --no-http2      speak HTTP/1.1 alone
  --help          show this
]==]

local EXIT = { ok = 0, failed = 1, usage = 2 }

local function complain(text)
  io.stderr:write("elevenlabs-workspace: ", text, "\n")
end

-- ---- sandbox

local function whole_number(text, most)
  local number = text and text:match "^%d+$" and tonumber(text)
  return number and number <= most and number or nil
end

local SANDBOX_OPTIONS = {
  ["--port"] = function(options, value)
    options.port = whole_number(value, 65535)
    return options.port
  end,
  ["--latency-ms"] = function(options, value)
    options.latency_ms = whole_number(value, 600000)
    return options.latency_ms
  end,
  ["--state"] = function(options, value)
    options.state_file = value
    return value
  end,
}

--- -> options, or nil and what is wrong (nothing: help was asked for)
local function read_sandbox_arguments(arguments)
  local options = { port = 8443, latency_ms = 0, http2 = true }
  local i = 1
  while arguments[i] do
    local name = arguments[i]
    if name == "--help" then
      return nil, nil
    elseif name == "--no-http2" then
      options.http2 = false
    elseif name == "--" then
      options.command = { (unpack or table.unpack)(arguments, i + 1) }
      return #options.command > 0 and options or nil, "-- needs a command"
    elseif not SANDBOX_OPTIONS[name] then
      return nil, "unknown option " .. name
    else
      i = i + 1
      if not SANDBOX_OPTIONS[name](options, arguments[i]) then
        return nil, name .. " needs another value than " .. (arguments[i] or "none")
      end
    end
    i = i + 1
  end
  return options
end

--- nginx's working folder is another, so a relative path must be made absolute.
local function absolute(uv, path)
  return path and path:sub(1, 1) ~= "/" and uv.cwd() .. "/" .. path or path
end

local function with_environment(uv, description)
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

--- Run the user's command; `on_exit(status)` where it ended or could not start.
local function run_command(uv, command, description, on_exit)
  local process, why
  process, why = uv.spawn(command[1], {
    args = { (unpack or table.unpack)(command, 2) },
    stdio = { 0, 1, 2 },
    env = with_environment(uv, description),
  }, function(code, signal)
    process:close()
    on_exit(signal > 0 and 128 + signal or code)
  end)
  if not process then
    complain(("cannot run %s: %s"):format(command[1], why))
    on_exit(127)
  end
end

local function on_signals(uv, handler)
  local watchers = {}
  for _, name in ipairs { "sigint", "sigterm" } do
    local watcher = uv.new_signal()
    watcher:start(name, handler)
    watchers[#watchers + 1] = watcher
  end
  return function()
    for _, watcher in ipairs(watchers) do
      watcher:close()
    end
  end
end

local function run_sandbox(options)
  local uv = require "luv"
  local nginx = require "elevenlabs.workspace.sandbox.nginx"
  local status, process, forget_signals, stopping
  local function stop(code)
    status, stopping = status or code, true
    process:kill "sigterm"
  end
  options.state_file = absolute(uv, options.state_file)
  function options.on_ready(description)
    if options.command then
      run_command(uv, options.command, description, stop)
    else
      print(require("elevenlabs.workspace.sandbox.app").encode(description))
      io.stdout:flush()
    end
  end
  function options.on_exit(code, log)
    forget_signals()
    if code ~= 0 or not stopping then
      complain("nginx ended:\n" .. log)
      status = EXIT.failed
    end
  end
  local why
  process, why = nginx.start(options)
  if not process then
    complain(why)
    return EXIT.failed
  end
  forget_signals = on_signals(uv, function()
    stop(EXIT.ok)
  end)
  uv.run()
  return status
end

local function sandbox(arguments)
  local options, why = read_sandbox_arguments(arguments)
  if options then
    return run_sandbox(options)
  elseif not why then
    io.write(SANDBOX_USAGE)
    return EXIT.ok
  end
  complain(why .. "\n" .. SANDBOX_USAGE)
  return EXIT.usage
end

-- ---- the command

local COMMANDS = { sandbox = sandbox }

---@param arguments string[]
---@return integer exit status
function M.main(arguments)
  local name = arguments[1]
  if name == "--help" or name == "help" then
    io.write(USAGE)
    return EXIT.ok
  elseif not COMMANDS[name or ""] then
    complain((name and "unknown command " .. name or "which command?") .. "\n" .. USAGE)
    return EXIT.usage
  end
  return COMMANDS[name] { (unpack or table.unpack)(arguments, 2) }
end

if ... == "elevenlabs.workspace.cli" then
  return M
end
os.exit(M.main { ... })
