--- Servers of spec/support/servers/python_servers.py.

local cjson = require "cjson"
local process = require "spec.support.process"
local uv = require "luv"

local M = {}

local Server = {}
Server.__index = Server

local port -- of the process of all servers, which ends with this one

local function port_of_servers()
  if not port then
    local servers = process.start {
      "/usr/bin/python3", -- Debian's, whose packages the servers need
      "spec/support/servers/python_servers.py",
    }
    port = cjson.decode(servers:read_line() or error(select(3, servers:wait()))).port
  end
  return port
end

--- `self.started` is the first line that the server printed.
---@param name "raw"|"h2"
---@param scenario table see the server's file
function M.start(name, scenario)
  local self = setmetatable({ text = "" }, Server)
  self.connection = uv.new_tcp()
  self.connection:connect("127.0.0.1", port_of_servers(), function(why)
    if why then
      self.ended = true
      return self.connection:close()
    end
    self.connection:write(cjson.encode { server = name, scenario = scenario } .. "\n")
    self.connection:read_start(function(_, chunk)
      if chunk then
        self.text = self.text .. chunk
      else
        self.ended = true
        self.connection:close()
      end
    end)
  end)
  self.started = cjson.decode(self:read_line() or error "the server did not start")
  return self
end

--- The next line that it printed, or nil at the end.
function Server:read_line()
  process.run_until(function()
    return self.text:find "\n" or self.ended
  end)
  local line, rest = self.text:match "^([^\n]*)\n(.*)$"
  self.text = rest or self.text
  return line
end

--- Ends the server, and returns the lines that nobody has read.
---@return table[] decoded
function Server:stop()
  if not self.ended then
    self.connection:shutdown()
  end
  local ended = process.run_until(function()
    return self.ended
  end)
  assert(ended, "the server did not end")
  local values = {}
  for line in self.text:gmatch "[^\n]+" do
    values[#values + 1] = cjson.decode(line)
  end
  return values
end

return M
