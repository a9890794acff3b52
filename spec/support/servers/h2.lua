--- A misbehaving HTTP/2 server, in a child process. See spec/support/servers/h2_server.py.

local python = require "spec.support.servers.python"
local raw = require "spec.support.servers.raw"
local workspace = require "elevenlabs.workspace"

local M = {}

M.REFUSED_STREAM, M.NO_ERROR, M.HTTP_1_1_REQUIRED = 7, 0, 13

local EMPTY = { ["server"] = "spec" } -- lua-cjson writes an empty table as a list or a map

local Server = {}
Server.__index = Server

M.fin = { "fin" }
function M.headers(status, headers, ended)
  return { "headers", status, headers or EMPTY, ended or false }
end
function M.data(text, ended)
  return { "data", raw.send(text)[2], ended or false }
end
function M.rst(code)
  return { "rst", code }
end
function M.goaway(last_stream, code)
  return { "goaway", last_stream, code or 0 }
end
function M.wait(seconds)
  return { "wait", seconds }
end

--- The steps of a whole answer.
function M.answer(status, body)
  return M.headers(status, { ["content-length"] = tostring(#body) }), M.data(body, true)
end

---@param connections table see h2_server.py
function M.start(connections)
  local certificate = raw.certificate()
  local self = setmetatable({ ca_file = certificate.cert }, Server)
  self.server = python.start("h2", {
    connections = connections,
    cert = certificate.cert,
    key = certificate.key,
  })
  self.base_url = ("https://127.0.0.1:%d"):format(self.server.started.port)
  return self
end

function Server:client(options)
  local all = {
    base_url = self.base_url,
    ca_file = self.ca_file,
    api_key = raw.KEY,
    max_attempts = 1,
  }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  all.max_attempts = all.max_attempts or nil -- false: as many as usual
  return assert(workspace.new(all))
end

--- Stop it. Returns the headers of each request it got.
function Server:stop()
  local requests = {}
  for i, report in ipairs(self.server:stop()) do
    requests[i] = report.received
  end
  return requests
end

return M
