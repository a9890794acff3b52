--- A server that sends exactly the bytes it is told to, in a child process.

local cjson = require "cjson"
local python = require "spec.support.servers.python"
local tls = require "spec.support.servers.tls"
local workspace = require "elevenlabs.workspace"

local M = {}

M.KEY = "sk_raw_0123456789abcdef"

local Raw = {}
Raw.__index = Raw

local default_certificate

--- The servers' own certificate: trusted by the clients that they make.
function M.certificate()
  default_certificate = default_certificate or tls.certificate("raw", "IP:127.0.0.1")
  return default_certificate
end

--- Steps of spec/support/servers/raw_server.py.
M.read = { "read" }
M.fin = { "fin" }
M.cut = { "cut" }
M.rst = { "rst" }
M.hold = { "hold" }
M.tell = { "tell" }
function M.send(text)
  local latin_1 = text:gsub("[\128-\255]", function(byte)
    local code = byte:byte()
    return string.char(192 + math.floor(code / 64), 128 + code % 64)
  end)
  return { "send", latin_1 } -- JSON carries UTF-8; the server turns it back into bytes
end
function M.wait(seconds)
  return { "wait", seconds }
end
function M.redirect(status, location)
  return M.answer(status, "", "Location: " .. location .. "\r\n")
end

--- A whole HTTP/1.1 answer.
function M.answer(status, body, further_headers)
  -- Joined, not formatted: %s ends at a NUL in some Lua versions.
  local head = ("HTTP/1.1 %d X\r\nContent-Length: %d\r\n"):format(status, #body)
  return M.send(head .. (further_headers or "") .. "\r\n" .. body)
end

---@param connections table scripts, see raw_server.py
---@param options table|nil { cert, key, tls_1_1 = nil, port = nil } or { plain = true }
function M.start(connections, options)
  options = options or M.certificate()
  local self = setmetatable({ ca_file = not options.plain and options.cert or nil }, Raw)
  self.server = python.start("raw", {
    connections = connections,
    cert = options.cert,
    key = options.key,
    tls_1_1 = options.tls_1_1,
    port = options.port,
  })
  self.port, self.other = self.server.started.port, self.server.started.other
  self.base_url = ("%s://127.0.0.1:%d"):format(options.plain and "http" or "https", self.port)
  return self
end

function Raw:client(options)
  local all = {
    base_url = self.base_url,
    ca_file = self.ca_file,
    api_key = M.KEY,
    max_attempts = 1,
  }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return assert(workspace.new(all))
end

--- Wait until so many connections have ended; returns what each had sent.
function Raw:received(count)
  local texts = {}
  while #texts < count do
    local line = self.server:read_line()
    local report = cjson.decode(line or error "the raw server ended")
    assert(report.on == "port", "something spoke to the other host")
    texts[#texts + 1] = report.received
  end
  return texts
end

--- Stop the server. Returns the reports of connections that nobody asked for yet.
function Raw:stop()
  return self.server:stop()
end

return M
