--- A real nginx with the client in its workers, or as what they call; and requests to it.

local process = require "spec.support.process"
local uv = require "luv"

local M = {}

local CONFIG = [[
daemon off;
worker_processes ${workers};
pid nginx.pid;
error_log stderr notice;
${user}
${modules}
${main}
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  lua_package_path "${root}/lua/?.lua;;";
  lua_package_cpath "${root}/build/luajit/?.so;;";
  ${body}
}
]]

local BODY = [[
  ${http}
  init_by_lua_block {
    require("elevenlabs.workspace.sandbox.worker").follow_parent()
    ${init}
  }
  server {
    listen 127.0.0.1:${port} ${tls};
    ${server}
  }
]]

-- ---- its files

local function module_lines()
  local lines = {}
  for _, name in ipairs { "ndk_http_module.so", "ngx_http_lua_module.so" } do
    local path = "/usr/lib/nginx/modules/" .. name
    lines[#lines + 1] = uv.fs_stat(path) and ("load_module %s;"):format(path)
  end
  return table.concat(lines, "\n")
end

local function find_program()
  for _, path in ipairs { "/usr/sbin/nginx", "/usr/local/openresty/bin/openresty" } do
    if uv.fs_stat(path) then
      return path
    end
  end
  return "nginx"
end

local function write_config(folder, values)
  local text = CONFIG
  for _ = 1, 3 do -- what is put in may have some too
    text = text:gsub("%${(%w+)}", values)
  end
  local file = assert(io.open(folder .. "/nginx.conf", "w"))
  file:write(text)
  file:close()
end

--- nginx inherits what listens, as when it replaces its own binary: a free port cannot be
--- lost between choosing and using it.
local function listen()
  local socket = uv.new_tcp()
  assert(socket:bind("127.0.0.1", 0))
  assert(socket:listen(1024, function() end))
  return socket, socket:getsockname().port
end

--- A port that was free a moment ago, for a configuration that binds its port itself.
---@return string
function M.free_port()
  local socket, port = listen()
  socket:close()
  return ("%d"):format(port)
end

-- ---- running it

local Host = {}
Host.__index = Host

--- Start one. It answers from then on.
---@param parts table { init, http, server, main: of its configuration, where ${port} is one that
--- is listened on, and ${port2} another; body = all that is inside of http, in place of these;
--- tls = "ssl" for the first; workers = 1, env = nil }
function M.start(parts)
  local self = setmetatable({}, Host)
  self.folder = assert(uv.fs_mkdtemp((os.getenv "TMPDIR" or "/tmp") .. "/elevenlabs-spec-XXXXXX"))
  local first, port = listen()
  local second, port2 = listen()
  self.port, self.port2 = port, port2
  local values = {
    workers = 1,
    user = uv.getuid() == 0 and "user root;" or "",
    modules = module_lines(),
    root = uv.cwd(),
    port = port,
    port2 = port2,
    body = BODY,
    init = "",
    http = "",
    tls = "",
    server = "",
    main = "",
  }
  for name, value in pairs(parts) do
    values[name] = value
  end
  write_config(self.folder, values)
  local env = { NGINX = "3;4;" }
  for name, value in pairs(parts.env or {}) do
    env[name] = value
  end
  self.process = process.start(
    { find_program(), "-e", "stderr", "-p", self.folder, "-c", "nginx.conf" },
    { env = env, sockets = { first, second } }
  )
  first:close()
  second:close()
  process.run_until(function()
    return self.process.code or self:log():find("start worker process ", 1, true)
  end)
  if self.process.code then
    error(select(2, self:stop()), 0)
  end
  return self
end

--- What it has logged, to be searched.
function Host:log()
  return self.process.err.text
end

--- Its workers' pids, in the order in which they were started.
function Host:workers()
  local path = ("/proc/%d/task/%d/children"):format(self.process.pid, self.process.pid)
  local file = io.open(path)
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  local pids = {}
  for pid in text:gmatch "%d+" do
    pids[#pids + 1] = tonumber(pid)
  end
  return pids
end

function Host:signal(name)
  self.process.handle:kill(name)
end

--- End it, however it is, and remove its folder. Idempotent.
---@return integer code exit status
---@return string log
function Host:stop()
  local fine, code = pcall(self.process.stop, self.process)
  os.execute(("rm -rf '%s'"):format(self.folder))
  assert(fine, code)
  return code, self:log()
end

-- ---- requests

--- Begin a request. Its `ended` is true when the answer is there, or the connection cut: then
--- there is no status.
---@param port integer
---@param target string path and query
---@param body string|nil makes it a POST
---@param header string|nil a further line of the head
---@return table { ended, status, body }
function M.request(port, target, body, header)
  local socket, request, text = uv.new_tcp(), { ended = false }, ""
  local function finish()
    if not request.ended then
      request.ended = true
      socket:close()
      request.status = tonumber(text:match "^HTTP/1%.%d (%d+)")
      request.body = text:match "\r\n\r\n(.*)$"
    end
  end
  request.cut = finish
  local head = "%s %s HTTP/1.0\r\nHost: localhost\r\nContent-Length: %d\r\n"
    .. (header and header .. "\r\n" or "")
    .. "\r\n"
  socket:connect("127.0.0.1", port, function(err)
    if err then
      return finish()
    end
    socket:write(head:format(body and "POST" or "GET", target, #(body or "")) .. (body or ""))
    socket:read_start(function(_, chunk)
      text = text .. (chunk or "")
      return not chunk and finish()
    end)
  end)
  return request
end

function Host:begin(target, body)
  return M.request(self.port, target, body)
end

--- Wait for the answers of those that were begun.
function M.wait(...)
  for _, request in ipairs { ... } do
    assert(
      process.run_until(function()
        return request.ended
      end),
      "a request hangs"
    )
  end
end

--- A whole request.
---@return string|nil body
---@return integer|nil status
function Host:get(target, body)
  local request = self:begin(target, body)
  M.wait(request)
  return request.body, request.status
end

--- Wait for what is asked for again and again: no event of ours tells of it.
---@param done fun(): any
function M.wait_until(done)
  local pace = uv.new_timer()
  pace:start(5, 5, function() end)
  local met = process.run_until(done)
  pace:close()
  assert(met, "what was waited for did not come")
end

--- Ask until the answer is this one.
function Host:wait_for(target, expected)
  M.wait_until(function()
    return self:get(target) == expected
  end)
end

--- Begin many at once in a process of their own, which may have more descriptors than ours.
---@return table process that prints what was answered how often, as JSON, when all have ended
function Host:load(target, count)
  local command = 'ulimit -n 8192; exec "$0" spec/support/servers/nginx_load.lua "$@"'
  return process.start {
    "sh",
    "-c",
    command,
    os.getenv "SPEC_LUA",
    tostring(self.port),
    target,
    tostring(count),
  }
end

return M
