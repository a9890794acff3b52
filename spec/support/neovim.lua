--- A real Neovim without a screen, with the example's plugin: runs Lua programs in it.

local cjson = require "cjson"
local process = require "spec.support.process"

local M = {}

-- Each program ends the editor with `finish(value)`, which is what comes back.
local PREAMBLE = [[
  local function finish(value)
    io.stdout:write(vim.json and vim.json.encode(value) or vim.fn.json_encode(value), "\n")
    vim.cmd "qall!"
  end
]]

local Neovim = {}
Neovim.__index = Neovim

--- An editor with a home of its own.
function M.new()
  local self = setmetatable({ folder = os.tmpname() }, Neovim)
  os.remove(self.folder)
  assert(process.run { "mkdir", "-m", "700", self.folder } == 0)
  return self
end

--- Write a file in its home. -> the path
function Neovim:write(name, text)
  local path = self.folder .. "/" .. name
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end

--- The environment of an editor that works on a sandbox.
---@param sandbox table
---@param more table|nil further variables
function Neovim:env(sandbox, more)
  local env = {
    HOME = self.folder,
    LUA_PATH = "./lua/?.lua;;",
    LUA_CPATH = "./build/luajit/?.so;;",
    ELEVENLABS_API_KEY = sandbox.api_key,
    ELEVENLABS_BASE_URL = sandbox.base_url,
    ELEVENLABS_CA_FILE = sandbox.ca_file,
  }
  for name, value in pairs(more or {}) do
    env[name] = value
  end
  return env
end

--- Run a program. -> what it finished with, and the editor's standard error
function Neovim:run(sandbox, program, more)
  local path = self:write("program.lua", PREAMBLE .. program)
  local runtime = "set runtimepath+=examples/neovim"
  local command = { "nvim", "--headless", "--clean", "--cmd", runtime, "-c", "luafile " .. path }
  local code, out, err = process.run(command, { env = self:env(sandbox, more) })
  assert(code == 0, err)
  assert(out ~= "", err)
  return cjson.decode(out), err
end

--- Run a program on a terminal of 80 columns. It ends the editor with `os.exit(0)`.
---@param prompt string as terminal.py has it
---@param answer string
---@return integer code, string shown
function Neovim:show(sandbox, prompt, answer, program)
  local bound = "vim.loop.new_timer():start(60000, 0, function() os.exit(1) end)\n"
  local path = self:write("program.lua", bound .. program)
  local runtime = "set runtimepath+=examples/neovim"
  local terminal = { "/usr/bin/python3", "spec/support/terminal.py", prompt, answer }
  local command = { "nvim", "--clean", "--cmd", runtime, "-c", "luafile " .. path }
  command = process.join(terminal, command)
  local code, shown = process.run(command, { env = self:env(sandbox, { TERM = "xterm" }) })
  return code, shown
end

function Neovim:remove()
  process.run { "rm", "-r", self.folder }
end

return M
