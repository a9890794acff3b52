--- Starts the sandbox's nginx: on loopback, with TLS and a temporary prefix, without privileges.
--- Child process, signals and folders go through luv.

local cjson = require "cjson.safe"
local core = require "elevenlabs.workspace.core"
local leaver = require "elevenlabs.workspace.sandbox.leaver"
local model = require "elevenlabs.workspace.sandbox.model"
local uv = require "luv"

local M = {}

local HOST = "127.0.0.1"

local CONFIG = [[
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
worker_shutdown_timeout 200ms;
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
  client_max_body_size 64k;
  client_body_buffer_size 64k;
  keepalive_requests 1000000000;
  lua_check_client_abort on; # also what lets nginx end while a handler waits
  lua_package_path "${lua}/?.lua;;";
  init_by_lua_block { require("elevenlabs.workspace.sandbox.worker").follow_parent() }
  init_worker_by_lua_block {
    require("elevenlabs.workspace.sandbox.worker").follow_parent()
    require("elevenlabs.workspace.sandbox.worker").init("${prefix}/settings.json")
    ngx.log(ngx.NOTICE, "sandbox is ready")
  }
  exit_worker_by_lua_block { require("elevenlabs.workspace.sandbox.worker").save() }
  server {
    listen ${host}:${port} ssl ${http2};
    ssl_certificate ca.pem;
    ssl_certificate_key key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    error_page 413 = @too_large;
    log_by_lua_block { require("elevenlabs.workspace.sandbox.worker").leave() }
    location / {
      content_by_lua_block { require("elevenlabs.workspace.sandbox.worker").serve() }
    }
    location @too_large {
      content_by_lua_block { require("elevenlabs.workspace.sandbox.worker").too_large() }
    }
  }
}
]]

-- ---- finding things

local function exists(path)
  return uv.fs_stat(path) ~= nil
end

local function find_program(name)
  for folder in ((os.getenv "PATH" or "") .. ":/usr/sbin:/usr/local/sbin"):gmatch "[^:]+" do
    if exists(folder .. "/" .. name) then
      return folder .. "/" .. name
    end
  end
end

--- The folder that holds elevenlabs/, for nginx's own Lua.
local function lua_folder()
  local this = debug.getinfo(1, "S").source:gsub("^@", "")
  return (uv.fs_realpath(this):gsub("/elevenlabs/workspace/sandbox/nginx%.lua$", ""))
end

--- Debian ships the Lua module as a loadable one; OpenResty has it built in.
local function module_lines()
  local lines = {}
  for _, folder in ipairs { "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules" } do
    for _, name in ipairs { "ndk_http_module.so", "ngx_http_lua_module.so" } do
      if exists(folder .. "/" .. name) then
        lines[#lines + 1] = ("load_module %s/%s;"):format(folder, name)
      end
    end
  end
  return table.concat(lines, "\n")
end

-- ---- files

local function write_file(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

--- Check the state before nginx starts: a person reads the reason here, and not in nginx's log.
local function check_state(path)
  local file = path and io.open(path)
  if not path then
    return true
  elseif not file then -- the file will be written when nginx ends
    local folder = path:match "^(.*/)" or "."
    if uv.fs_access(folder, "W") then
      return true
    end
    return nil, "cannot write the state: no file can be made in " .. folder
  end
  local text, unreadable = file:read "*a"
  file:close()
  if not text then
    return nil, ("cannot read the state %s: %s"):format(path, unreadable)
  end
  local state, why = cjson.decode(text)
  if state == nil then
    return nil, ("%s is not JSON: %s"):format(path, why)
  end
  state, why = model.check(state)
  return state, why and ("%s is no sandbox state: %s"):format(path, why)
end

local function remove_folder(path)
  local scan = uv.fs_scandir(path)
  while scan do
    local name, type_ = uv.fs_scandir_next(scan)
    if not name then
      break
    elseif type_ == "directory" then
      remove_folder(path .. "/" .. name)
    else
      uv.fs_unlink(path .. "/" .. name)
    end
  end
  uv.fs_rmdir(path)
end

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Make a certificate for loopback that is its own authority.
local function make_certificate(prefix)
  local command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"
    .. " -subj '/CN=elevenlabs-workspace sandbox'"
    .. " -addext 'subjectAltName=IP:127.0.0.1,DNS:localhost'"
    .. " -keyout %s/key.pem -out %s/ca.pem 2>%s/openssl.log"
  local at = quote(prefix)
  -- Not os.execute: it would block SIGINT.
  assert(io.popen(command:format(at, at, at))):close()
  return exists(prefix .. "/ca.pem") and exists(prefix .. "/key.pem")
end

local function write_files(prefix, options, port)
  write_file(
    prefix .. "/settings.json",
    cjson.encode {
      resource_types = core.RESOURCE_TYPES,
      latency_ms = options.latency_ms,
      jitter_ms = options.jitter_ms,
      state_file = options.state_file,
      resources = options.resources,
      fail_rate = options.fail_rate,
      rate_limit = options.rate_limit,
      max_concurrent = options.max_concurrent,
      forbid_list = options.forbid_list,
    }
  )
  local values = {
    user = uv.getuid() == 0 and "user root;" or "",
    modules = module_lines(),
    lua = lua_folder(),
    prefix = prefix,
    host = HOST,
    port = tostring(port),
    http2 = options.http2 and "http2" or "",
  }
  write_file(prefix .. "/nginx.conf", (CONFIG:gsub("%${(%w+)}", values)))
end

-- ---- starting

--- Listen here and let nginx inherit the socket, as when it replaces its own binary. A free port
--- cannot be lost so between its choice and its use.
local function listen(port)
  local socket = uv.new_tcp()
  local ok, err = socket:bind(HOST, port)
  if ok then
    ok, err = socket:listen(128, function() end)
  end
  if not ok then
    socket:close()
    return nil, ("cannot listen on %s:%d: %s"):format(HOST, port, err)
  end
  return socket, socket:getsockname().port
end

local function environment()
  local list = { "NGINX=3;" }
  for name, value in pairs(uv.os_environ()) do
    if name ~= "NGINX" then
      list[#list + 1] = name .. "=" .. value
    end
  end
  return list
end

--- What a program must know to use a running sandbox.
local function describe(prefix, port, options)
  local state = options.resources and leaver.state(1) or model.example()
  local first = state.resources[1]
  return {
    base_url = ("https://%s:%d"):format(HOST, port),
    api_key = "sk_sandbox_ada",
    ca_file = prefix .. "/ca.pem",
    example = {
      resource_id = first.id,
      resource_type = first.type,
      user_email = "mia@example.com",
    },
  }
end

--- nginx starts a killed worker again, and says again that it is ready; `on_ready` is called once.
local function watch_log(pipe, on_ready, log)
  local tail, ready = "", false
  pipe:read_start(function(_, chunk)
    tail = tail .. (chunk or "")
    for line in tail:gmatch "([^\n]*)\n" do
      if line:find("sandbox is ready", 1, true) then
        if not ready then
          ready = true
          on_ready()
        end
      elseif line:find "%[emerg%]" or line:find "%[error%]" or line:find "%[alert%]" then
        log[#log + 1] = line
      end
    end
    tail = tail:match "([^\n]*)$"
  end)
end

local function spawn(program, prefix, socket, on_ready, on_exit)
  local pipe, log = uv.new_pipe(false), {}
  local process, pid
  process, pid = uv.spawn(program, {
    args = { "-e", "stderr", "-p", prefix, "-c", "nginx.conf" },
    stdio = { nil, nil, pipe, socket },
    env = environment(),
    detached = true, -- Ctrl-C in a terminal goes to the command alone
  }, function(code)
    process:close()
    pipe:close()
    on_exit(code, table.concat(log, "\n"))
  end)
  socket:close() -- nginx has it now
  if process then
    watch_log(pipe, on_ready, log)
  else
    pipe:close()
  end
  return process, pid
end

--- Start nginx. Run uv's loop afterwards.
---@param options table { port, latency_ms, jitter_ms, http2, state_file = nil, resources = nil,
--- fail_rate = nil, rate_limit = nil, max_concurrent = nil, on_ready(description),
--- on_exit(code, log): the folder is gone by then }
---@return table|nil process has kill(signal). Use "sigquit": after SIGTERM nginx gives its worker
--- 3 s to end, and a large state takes longer to write
---@return string|nil why
function M.start(options)
  local program = find_program "nginx" or find_program "openresty"
  if not program then
    return nil, "nginx is not installed (Debian: nginx libnginx-mod-http-lua lua-cjson)"
  end
  local usable, problem = check_state(options.state_file)
  if not usable then
    return nil, problem
  end
  local socket, port = listen(options.port)
  if not socket then
    return nil, port
  end
  local temporary = os.getenv "TMPDIR" or "/tmp"
  local prefix = assert(uv.fs_mkdtemp(temporary .. "/elevenlabs-sandbox-XXXXXX"))
  local process, why
  if make_certificate(prefix) then
    write_files(prefix, options, port)
    process, why = spawn(program, prefix, socket, function()
      options.on_ready(describe(prefix, port, options))
    end, function(code, log)
      remove_folder(prefix)
      options.on_exit(code, log)
    end)
  else
    socket:close()
    why = "openssl could not make a certificate (is it installed?)"
  end
  if not process then
    remove_folder(prefix)
    return nil, why
  end
  return process
end

return M
