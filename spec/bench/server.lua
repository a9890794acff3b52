--- The server that every row is measured against: nginx on loopback with TLS, one listener
--- for HTTP/2 and one for HTTP/1.1 alone. Ids that begin with "slow_" are answered after 50 to
--- 150 ms, all others at once.

local process = require "spec.support.process"
local uv = require "luv"

local M = {}

local HOST = "127.0.0.1"
local LIMIT_MS = 10000 -- a bound for a server that does not start or end, never a delay

-- One worker on the first core: the others are the clients'.
local CONFIG = [[
daemon off;
worker_processes 1;
worker_cpu_affinity 1;
pid nginx.pid;
error_log stderr notice;
${user}
${modules}
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000000;
  default_type application/json;
  lua_package_path "${root}/lua/?.lua;;";
  init_by_lua_block { require("elevenlabs.workspace.sandbox.worker").follow_parent() }
  init_worker_by_lua_block {
    require("elevenlabs.workspace.sandbox.worker").follow_parent()
    math.randomseed(1)
    ngx.log(ngx.NOTICE, "bench server is ready")
  }
  server {
    listen ${host}:${h2} ssl http2;
    listen ${host}:${h1} ssl;
    ssl_certificate ca.pem;
    ssl_certificate_key key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / { return 200 '{"status":"ok"}'; }
    location ~ ^/v1/workspace/resources/slow_ {
      content_by_lua_block {
        ngx.sleep(0.05 + math.random() * 0.1)
        ngx.header["content-length"] = 15
        ngx.print('{"status":"ok"}')
      }
    }
  }
}
]]

local CERTIFICATE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"
  .. " -subj /CN=bench -addext subjectAltName=IP:127.0.0.1"
  .. " -keyout '%s/key.pem' -out '%s/ca.pem' 2>'%s/openssl.log'"

local function find_modules()
  local lines = {}
  for _, name in ipairs { "ndk_http_module.so", "ngx_http_lua_module.so" } do
    local path = "/usr/lib/nginx/modules/" .. name
    if uv.fs_stat(path) then
      lines[#lines + 1] = ("load_module %s;"):format(path)
    end
  end
  return table.concat(lines, "\n")
end

local function write_file(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function make_files(folder, ports)
  local ok = os.execute(CERTIFICATE:format(folder, folder, folder))
  assert(ok == true or ok == 0, "openssl could not make a certificate")
  local values = {
    user = uv.getuid() == 0 and "user root;" or "",
    modules = find_modules(),
    root = uv.cwd(),
    host = HOST,
    h2 = tostring(ports.h2),
    h1 = tostring(ports.h1),
  }
  write_file(folder .. "/nginx.conf", (CONFIG:gsub("%${(%w+)}", values)))
end

--- nginx inherits what listens, as when it replaces its own binary: a free port cannot be
--- lost between choosing and using it.
local function listen()
  local socket = uv.new_tcp()
  assert(socket:bind(HOST, 0))
  assert(socket:listen(1024, function() end))
  return socket, socket:getsockname().port
end

local function environment()
  local list = { "NGINX=3;4;" }
  for name, value in pairs(uv.os_environ()) do
    list[#list + 1] = name ~= "NGINX" and name .. "=" .. value or nil
  end
  return list
end

---@class bench.Server
---@field base_urls table<"h2"|"h1", string>
---@field ca_file string
---@field folder string temporary, removed at the end
local Server = {}
Server.__index = Server

local function watch(self, pipe)
  pipe:read_start(function(_, chunk)
    self.log = self.log .. (chunk or "")
  end)
end

local function spawn(self, sockets)
  local program = uv.fs_stat "/usr/sbin/nginx" and "/usr/sbin/nginx" or "nginx"
  local pipe = uv.new_pipe(false)
  self.log = ""
  self.handle, self.pid = uv.spawn(program, {
    args = { "-e", "stderr", "-p", self.folder, "-c", "nginx.conf" },
    stdio = { nil, nil, pipe, sockets[1], sockets[2] },
    env = environment(),
    detached = true, -- a terminal's Ctrl-C is for the bench, which then stops it
  }, function()
    self.ended = true
    self.handle:close()
    pipe:close()
  end)
  for _, socket in ipairs(sockets) do
    socket:close() -- nginx has it now
  end
  assert(self.handle, self.pid)
  watch(self, pipe)
end

--- Start nginx, and return when it answers.
---@return bench.Server
function M.start()
  local temporary = os.getenv "TMPDIR" or "/tmp"
  local self = setmetatable({}, Server)
  self.folder = assert(uv.fs_mkdtemp(temporary .. "/elevenlabs-bench-XXXXXX"))
  local h2, h2_port = listen()
  local h1, h1_port = listen()
  make_files(self.folder, { h2 = h2_port, h1 = h1_port })
  self.ca_file = self.folder .. "/ca.pem"
  self.base_urls = {
    h2 = ("https://%s:%d"):format(HOST, h2_port),
    h1 = ("https://%s:%d"):format(HOST, h1_port),
  }
  spawn(self, { h2, h1 })
  process.run_until(function()
    return self.ended or self.log:find("bench server is ready", 1, true)
  end, LIMIT_MS)
  if not self.log:find("bench server is ready", 1, true) then
    self:stop()
    error("nginx did not start:\n" .. self.log, 0)
  end
  return self
end

--- End it and remove its folder. Idempotent.
function Server:stop()
  if self.handle and not self.ended then
    self.handle:kill "sigterm"
    if not process.run_until(function()
      return self.ended
    end, LIMIT_MS) then
      self.handle:kill "sigkill"
    end
  end
  os.execute(("rm -rf '%s'"):format(self.folder))
end

return M
