--- The command `sandbox`: runs a local workspace, alone or around another command.

local json = require "elevenlabs.workspace.json"
local lists = require "elevenlabs.workspace.sandbox.lists"
local options = require "elevenlabs.workspace.cli.options"
local output = require "elevenlabs.workspace.cli.output"

local M = {
  name = "sandbox",
  summary = "run a local workspace that speaks the same API",
  description = "Runs a local workspace over TLS on 127.0.0.1 until it gets SIGINT, SIGTERM or"
    .. " SIGHUP. When it is ready, it prints one line of JSON: base_url, api_key, ca_file, and an"
    .. " example to try. If there is a COMMAND, it prints nothing and runs the COMMAND with"
    .. " ELEVENLABS_API_KEY, ELEVENLABS_BASE_URL and ELEVENLABS_CA_FILE set. It then ends with the"
    .. " exit status of the COMMAND.",
  arguments = {
    {
      name = "command",
      shown = "[-- COMMAND [ARGUMENT...]]",
      text = "the command to run, and its arguments",
      count = "*",
    },
  },
  statuses = {
    { "2", "wrong usage" },
    { "127", "the COMMAND cannot be run" },
    { "1", "the sandbox could not start, or it ended by itself" },
    { "0", "ended by a signal; with a COMMAND the status is that of the COMMAND" },
  },
}

local MOST = 1000000

local FORBIDDEN = options.choice(lists.names())

--- "assets,voice" -> { "assets", "voice" }
local function read_names(text)
  local names = {}
  for name in (text .. ","):gmatch "(.-)," do
    local known, why = FORBIDDEN(name)
    if not known then
      return nil, "names with commas between them: " .. why
    end
    names[#names + 1] = known
  end
  return names
end

M.groups = {
  {
    title = "Server",
    options = {
      {
        name = "--port",
        value = "N",
        text = "listen on port N; 0 takes a free port (default 8443)",
        read = options.number(0, 65535),
      },
      {
        name = "--state",
        value = "FILE",
        text = "keep the state in FILE as JSON: read at the start if FILE exists, written at the"
          .. " end",
      },
      {
        name = "--resources",
        value = "N",
        text = "start with N resources of all kinds instead of the example's ten."
          .. " mia@example.com, who leaves, has a role of her own on most. Not together with"
          .. " --state",
        read = options.number(1, MOST),
      },
      {
        name = "--latency-ms",
        value = "N",
        text = "wait N milliseconds before each answer (default 0)",
        read = options.number(0, 600000),
      },
      {
        name = "--jitter-ms",
        value = "N",
        text = "wait up to N milliseconds more, at random (default 0)",
        read = options.number(0, 600000),
      },
      { name = "--no-http2", text = "speak only HTTP/1.1" },
    },
  },
  {
    title = "Faults, to see how a program handles them",
    options = {
      {
        name = "--fail-rate",
        value = "P",
        text = "let this share of all requests fail, lists and reads too, 0 to 1, such as 0.05. A"
          .. " failed request is applied or not, at random. It is answered with 500 or, if it was"
          .. " not applied, 503; or it gets no answer: over HTTP/1.1 the connection is closed, over"
          .. " HTTP/2 the stream is reset",
        read = options.fraction,
      },
      {
        name = "--rate-limit",
        value = "N",
        text = "accept N requests a second, and answer 429 with retry-after to all others",
        read = options.number(1, MOST),
      },
      {
        name = "--max-concurrent",
        value = "N",
        text = "accept N requests at once, and answer 429 to all others. The headers"
          .. " current-concurrent-requests and maximum-concurrent-requests tell both numbers",
        read = options.number(1, MOST),
      },
      {
        name = "--forbid-list",
        value = "KIND",
        text = "answer the list of this kind with 401 and missing_permissions, as for a key that"
          .. " may not read it; several kinds with commas",
        read = read_names,
        choices = lists.names(),
      },
    },
  },
}

--- An absolute path: nginx has another working folder.
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

-- A run in one loop: nginx, the command if there is one, and signals. A signal goes to the command,
-- or to nginx if there is no command.
local Run = {}
Run.__index = Run

--- End nginx, and so the run. The first status stands.
function Run:stop(status, problem)
  if problem then
    output.complain(problem)
  end
  self.status, self.command = self.status or status, nil
  if self.server then
    self.server:kill "sigquit"
  end
end

function Run:on_signal(name)
  if self.command then
    self.command:kill(name)
  else
    self:stop(0)
  end
end

function Run:start_command(description)
  local command = self.settings.command
  local process, why
  process, why = self.uv.spawn(command[1], {
    args = { (unpack or table.unpack)(command, 2) },
    stdio = { 0, 1, 2 },
    env = environment_for(self.uv, description),
  }, function(code, signal)
    process:close()
    self:stop(signal > 0 and 128 + signal or code)
  end)
  self.command = process
  if not process then
    self:stop(127, ("cannot run %s: %s"):format(command[1], why))
  end
end

function Run:on_ready(description)
  if self.settings.command then
    self:start_command(description)
  else
    output.write(json.encode(description) .. "\n")
    io.flush()
  end
end

function Run:on_server_exit(code, log)
  self.server = nil
  if code ~= 0 or not self.status then
    output.complain("nginx ended:\n" .. log)
    self.status = 1
  end
  if self.command then
    self.command:kill "sigterm" -- its server is gone
  end
  self.forget_signals()
end

--- A method as a function.
function Run:handler(name)
  return function(...)
    return self[name](self, ...)
  end
end

--- Start nginx, and return the exit status when everything has ended.
---@return integer
function Run:all()
  local nginx = require "elevenlabs.workspace.sandbox.nginx"
  local signals = require "elevenlabs.workspace.cli.signals"
  -- Watched before anything is started. Signals are heard when the loop runs.
  self.forget_signals = signals.watch(self:handler "on_signal")
  self.settings.on_ready = self:handler "on_ready"
  self.settings.on_exit = self:handler "on_server_exit"
  local why
  self.server, why = nginx.start(self.settings)
  if not self.server then
    self.forget_signals()
    output.complain(why)
    return 1
  end
  self.uv.run()
  return self.status
end

local function misuse_of(values, arguments)
  if arguments[#arguments] == "--" then
    return "-- needs a command"
  elseif values.resources and values.state then
    return "--resources and --state are two ways to start"
  end
end

--- Run the command.
---@param values table the options
---@param arguments string[] as they were given
---@return integer|nil status, string|nil misuse
function M.run(values, arguments)
  local misuse = misuse_of(values, arguments)
  if misuse then
    return nil, misuse
  end
  local uv = require "luv"
  local settings = {
    port = values.port or 8443,
    latency_ms = values.latency_ms or 0,
    jitter_ms = values.jitter_ms or 0,
    http2 = not values.no_http2,
    state_file = absolute(uv, values.state),
    resources = values.resources,
    fail_rate = values.fail_rate,
    rate_limit = values.rate_limit,
    max_concurrent = values.max_concurrent,
    forbid_list = values.forbid_list,
    command = #values.command > 0 and values.command or nil,
  }
  return setmetatable({ uv = uv, settings = settings }, Run):all()
end

return M
