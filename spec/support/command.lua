--- The command against a sandbox with 100 resources that mia, who leaves, has a role on.

local leaver = require "elevenlabs.workspace.sandbox.leaver"
local process = require "spec.support.process"
local sandboxes = require "spec.support.servers.sandbox"
local tls = require "spec.support.servers.tls"

local M = {}

local join = process.join

M.LEAVER = { "--user-email", "mia@example.com" }

--- Set between `begin` and `finish`.
M.sandbox, M.folder = nil, nil

local server -- options

local function start_sandbox(...)
  M.sandbox = sandboxes.start("--resources", "100", ...)
  server = { "--base-url", M.sandbox.base_url, "--ca-file", M.sandbox.ca_file }
end

--- For `before_each`.
function M.begin()
  start_sandbox()
  M.folder = tls.output "mktemp -d"
end

--- For `after_each`.
function M.finish()
  M.sandbox:stop()
  process.run { "rm", "-r", M.folder }
end

--- Another sandbox, with more options.
function M.restart(...)
  M.sandbox:stop()
  start_sandbox(...)
end

--- The options that lead to the sandbox, and more.
function M.to_sandbox(...)
  return join(server, ...)
end

--- The environment of a command.
function M.env()
  return { env = { ELEVENLABS_API_KEY = M.sandbox.api_key } }
end

-- ---- files

function M.path_of(name)
  return M.folder .. "/" .. name
end

function M.read_file(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  return text
end

---@return string path
function M.write(name, text)
  local file = assert(io.open(M.path_of(name), "w"))
  file:write(text)
  file:close()
  return M.path_of(name)
end

function M.lines_of(text)
  local count = 0
  for _ in text:gmatch "\n" do
    count = count + 1
  end
  return count
end

--- The sandbox's first resources as a CSV. mia created 4 of the 100.
---@param count integer|nil default 100
function M.resources(count)
  local rows = { "resource_id,resource_type" }
  for i, resource in ipairs(leaver.state(count or 100).resources) do
    rows[i + 1] = resource.id .. "," .. resource.type
  end
  return table.concat(rows, "\n") .. "\n"
end

-- ---- unshare

--- Starts `unshare` with these lists of arguments.
function M.start(...)
  return process.start(join({ "elevenlabs-workspace", "unshare" }, server, ...), M.env())
end

---@return integer code, string out, string err
function M.run(...)
  return M.start(...):wait()
end

--- Runs `unshare --from -` behind a pipe that a file is written to.
---@param path string of the file
---@return integer code, string out, string err
function M.run_piped(path, ...)
  return process.run({
    "sh",
    "-c",
    'cat "$0" | elevenlabs-workspace unshare --from - --yes "$@"',
    path,
    (unpack or table.unpack)(join(server, ...)),
  }, M.env())
end

--- Runs a command on a terminal, where somebody types the answer when the prompt is shown.
local function run_on_terminal(prompt, answer, command)
  local env = type(prompt) == "table" and prompt or {}
  env.ELEVENLABS_API_KEY, env.TERM = M.sandbox.api_key, env.TERM or "xterm"
  local terminal = { "/usr/bin/python3", "spec/support/terminal.py", env.prompt or prompt, answer }
  return process.run(join(terminal, command), { env = env })
end

--- Runs `unshare` on a terminal.
---@param prompt string|table or an environment that has `prompt`
---@return integer code, string shown
function M.on_terminal(prompt, answer, ...)
  return run_on_terminal(
    prompt,
    answer,
    join({ "elevenlabs-workspace", "unshare" }, server, ...)
  )
end

-- ---- offboard

--- The commands that send no request take no options of a server.
local function offboard_command(name, ...)
  local is_local = name == "show" or name == "report"
  return join({ "elevenlabs-workspace", "offboard", name }, is_local and {} or server, ...)
end

--- Starts a command below `offboard` with these lists of arguments.
function M.start_offboard(name, ...)
  return process.start(offboard_command(name, ...), M.env())
end

---@return integer code, string out, string err
function M.offboard(name, ...)
  return M.start_offboard(name, ...):wait()
end

--- Runs a command below `offboard` on a terminal.
---@return integer code, string shown
function M.offboard_on_terminal(prompt, answer, name, ...)
  return run_on_terminal(prompt, answer, offboard_command(name, ...))
end

--- Mia's role on a resource of the sandbox.
---@return string|nil
function M.role_of_mia(id, resource_type)
  return M.sandbox:roles(id, resource_type).user_mia
end

return M
