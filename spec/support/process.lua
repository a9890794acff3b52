--- Child processes for specs: started, read line by line, always stopped by pid.

local uv = require "luv"

local M = {}

local Process = {}
Process.__index = Process

local LIMIT_MS = 300000 -- a bound for a machine that is stuck, never a delay

--- Run uv's loop until `done()`; false when the bound passed first.
---@param done fun(): any
---@param limit_ms number|nil
---@return boolean
function M.run_until(done, limit_ms)
  local expired, timer = false, uv.new_timer()
  uv.update_time() -- else the bound counts from when the loop last ran
  timer:start(limit_ms or LIMIT_MS, 0, function()
    expired = true
  end)
  while not done() and not expired do
    uv.run "once"
  end
  timer:close()
  uv.run "nowait"
  return not expired
end

local function collect(pipe, sink)
  pipe:read_start(function(_, chunk)
    if chunk then
      sink.text = sink.text .. chunk
    else
      sink.ended = true
      pipe:close()
    end
  end)
end

---@param command string[]
---@param options table|nil { env = table of further variables, sockets = for it, from 3 on }
function M.start(command, options)
  local self = setmetatable({ out = { text = "" }, err = { text = "" } }, Process)
  local out, err = uv.new_pipe(false), uv.new_pipe(false)
  local env
  if options and options.env then
    env = {}
    for name, value in pairs(uv.os_environ()) do
      if options.env[name] == nil then
        env[#env + 1] = name .. "=" .. value
      end
    end
    for name, value in pairs(options.env) do
      env[#env + 1] = value and name .. "=" .. value or nil
    end
  end
  local sockets = options and options.sockets or {}
  self.handle, self.pid = uv.spawn(command[1], {
    args = { (unpack or table.unpack)(command, 2) },
    stdio = { nil, out, err, (unpack or table.unpack)(sockets) },
    env = env,
  }, function(code, signal)
    self.code = signal == 0 and code or 128 + signal -- as a shell has it
    self.handle:close()
  end)
  assert(self.handle, self.pid)
  collect(out, self.out)
  collect(err, self.err)
  return self
end

--- The next line of its standard output, or nil at the end.
function Process:read_line()
  M.run_until(function()
    return self.out.text:find "\n" or self.out.ended
  end)
  local line, rest = self.out.text:match "^([^\n]*)\n(.*)$"
  self.out.text = rest or self.out.text
  return line
end

--- Has it ended, and is all it wrote here?
function Process:ended()
  return self.code and self.out.ended and self.err.ended
end

--- Wait for its end. Returns the exit status, standard output's rest and standard
--- error.
---@param limit_ms number|nil for a process that may take longer than others
function Process:wait(limit_ms)
  local ended = M.run_until(function()
    return self:ended()
  end, limit_ms)
  if not ended then
    self.handle:kill "sigkill"
    error "the process did not end"
  end
  return self.code, self.out.text, self.err.text
end

--- End it (SIGTERM unless named otherwise) and wait.
function Process:stop(signal)
  if not self.code then
    self.handle:kill(signal or "sigterm")
  end
  return self:wait()
end

--- Lists of words as one, for a command.
function M.join(...)
  local all = {}
  for _, list in ipairs { ... } do
    for _, value in ipairs(list) do
      all[#all + 1] = value
    end
  end
  return all
end

--- Run a command to its end.
function M.run(command, options)
  return M.start(command, options):wait()
end

return M
