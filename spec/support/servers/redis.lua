--- A redis-server, or another that speaks its protocol, on a socket in a folder of its own. Its
--- clock can step.

local process = require "spec.support.process"
local uv = require "luv"

local M = {}

--- The programs that are here, of those that a limit may be in.
function M.programs()
  local found = {}
  for _, name in ipairs { "redis-server", "valkey-server" } do
    if uv.fs_stat("/usr/bin/" .. name) or uv.fs_stat("/usr/local/bin/" .. name) then
      found[#found + 1] = name
    end
  end
  return found
end

--- redis-lua. Debian has it for 5.1 to 5.3, and it runs on 5.4 and 5.5.
function M.library()
  if not package.path:find("/usr/share/lua/5.3/", 1, true) then
    package.path = package.path .. ";/usr/share/lua/5.3/?.lua"
  end
  return require "redis"
end

---@class spec.Redis
---@field path string of its socket
local Redis = {}
Redis.__index = Redis

--- Start one. It answers from then on.
---@param options table|nil { program = "redis-server", arguments = {}, is_plain = true if its clock
--- is to cost nothing }
---@return spec.Redis
function M.start(options)
  local self = setmetatable({ options = options or {} }, Redis)
  self.folder = assert(uv.fs_mkdtemp((os.getenv "TMPDIR" or "/tmp") .. "/elevenlabs-spec-XXXXXX"))
  self.path = self.folder .. "/redis.sock"
  self:step(0)
  self:start()
  return self
end

--- Start it again, with what it saved.
function Redis:start()
  local command = process.join({
    self.options.program or "redis-server",
    "--port",
    "0",
    "--unixsocket",
    self.path,
    "--dir",
    self.folder,
  }, self.options.arguments or { "--save", "" })
  local env = {
    LD_PRELOAD = not self.options.is_plain and os.getenv "SPEC_PRELOAD" .. "/stepping_clock.so",
    SPEC_CLOCK = self.folder .. "/clock",
  }
  self.process = process.start(command, { env = env })
  local is_ready = process.run_until(function()
    return self.process.code or self.process.out.text:find("eady to accept connections", 1, true)
  end)
  assert(is_ready and not self.process.code, self.process.out.text .. self.process.err.text)
end

--- Send it a command.
---@return any reply
function Redis:call(...)
  local adapters = require "elevenlabs.workspace.limits.redis_lua"
  local connection = assert(adapters.new(M.library(), { path = self.path })())
  local reply, why = connection:call(...)
  connection:release()
  return reply or error(why, 2)
end

--- Make the state of a limit that grants places at once: a new one waits for what may be in flight.
---@param name string
function Redis:prepare_limit(name)
  local adapters = require "elevenlabs.workspace.limits.redis_lua"
  local connect = adapters.new(M.library(), { path = self.path })
  local store = require("elevenlabs.workspace.limits.redis").new(connect, name)
  local message = { id = "spec", seq = 0, beat = 1, attempt_ms = 0, joins = true }
  message.flying, message.wants, message.had, message.peak, message.successes = 0, 0, 0, 0, 0
  repeat
    message.seq = message.seq + 1
    local reply = assert(store:send(message))
  until not reply.quiet_ms
end

--- Its clock is so many seconds ahead.
function Redis:step(seconds)
  local file = assert(io.open(self.folder .. "/clock", "w"))
  file:write(("%+020d"):format(seconds))
  file:close()
end

--- End its process, by SIGKILL unless named otherwise.
function Redis:kill(signal)
  self.process:stop(signal or "sigkill")
end

--- End it and remove its folder. Idempotent.
function Redis:stop()
  pcall(self.process.stop, self.process, "sigkill")
  os.execute(("rm -rf '%s'"):format(self.folder))
end

return M
