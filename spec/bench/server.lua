--- The server that every row is measured against: nginx on loopback with TLS, one listener
--- for HTTP/2 and one for HTTP/1.1 alone. Ids that begin with "slow_" are answered after 50 to
--- 150 ms, all others at once.

local hosts = require "spec.support.servers.nginx_host"
local tls = require "spec.support.servers.tls"

local M = {}

-- One worker on the first core: the others are the clients'.
local MAIN = "worker_cpu_affinity 1;"

local SERVER = [[
  listen 127.0.0.1:${port2} ssl http2;
  ssl_certificate ${cert};
  ssl_certificate_key ${key};
  ssl_protocols TLSv1.2 TLSv1.3;
  keepalive_requests 1000000000;
  default_type application/json;
  location / { return 200 '{"status":"ok"}'; }
  location ~ ^/v1/workspace/resources/slow_ {
    content_by_lua_block {
      ngx.sleep(0.05 + math.random() * 0.1)
      ngx.header["content-length"] = 15
      ngx.print('{"status":"ok"}')
    }
  }
]]

---@class bench.Server
---@field base_urls table<"h2"|"h1", string>
---@field ca_file string
local Server = {}
Server.__index = Server

--- Start nginx, and return when it answers.
---@return bench.Server
function M.start()
  local certificate = tls.certificate("bench", "IP:127.0.0.1")
  local host = hosts.start {
    tls = "ssl",
    main = MAIN,
    server = SERVER,
    cert = certificate.cert,
    key = certificate.key,
  }
  return setmetatable({
    host = host,
    ca_file = certificate.cert,
    base_urls = {
      h2 = ("https://127.0.0.1:%d"):format(host.port2),
      h1 = ("https://127.0.0.1:%d"):format(host.port),
    },
  }, Server)
end

--- End it. Idempotent.
function Server:stop()
  self.host:stop()
end

return M
