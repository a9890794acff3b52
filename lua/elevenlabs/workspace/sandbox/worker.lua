--- Inside nginx: settings in, requests through the app, state out. One worker, so
--- the model lives in its memory.

local app = require "elevenlabs.workspace.sandbox.app"
local cjson = require "cjson.safe"
local json = require "elevenlabs.workspace.json"
local model = require "elevenlabs.workspace.sandbox.model"

local M = {}

local settings, workspace, service

local function read_json(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return assert(cjson.decode(text))
end

local SIGTERM, PR_SET_PDEATHSIG = 15, 1

--- In nginx's master: end when the command that started it ends, however that was. In
--- its worker: end with the master.
function M.follow_parent()
  local ffi = require "ffi"
  if ffi.os == "Linux" then
    pcall(ffi.cdef, "int prctl(int option, ...)") -- the worker has the master's already
    ffi.C.prctl(PR_SET_PDEATHSIG, ffi.new("unsigned long", SIGTERM))
  end
end

--- At the worker's start.
---@param path string JSON { resource_types, latency_ms, state_file = nil }
function M.init(path)
  settings = read_json(path)
  local state = settings.state_file and io.open(settings.state_file)
  if state then
    state:close()
    state = read_json(settings.state_file)
  end
  workspace = model.new(state or model.example())
  service = app.new(workspace, settings.resource_types)
end

local function send(response)
  ngx.status = response.status
  for name, value in pairs(response.headers) do
    ngx.header[name] = value
  end
  ngx.header["content-length"] = #response.body
  ngx.print(response.body)
end

--- For each request.
function M.serve()
  if settings.latency_ms > 0 then
    ngx.sleep(settings.latency_ms / 1000)
  end
  ngx.req.read_body()
  local path, query = ngx.var.request_uri:match "^([^?]*)%??(.*)$"
  send(service:handle {
    method = ngx.req.get_method(),
    path = path,
    query = query,
    headers = { ["xi-api-key"] = ngx.var.http_xi_api_key },
    body = ngx.req.get_body_data() or "",
  })
end

--- For a body over nginx's own limit, which is the app's.
function M.too_large()
  send(service:too_large())
end

--- At the worker's end: a reader sees the old state or the new one, never a part.
function M.save()
  if not settings or not settings.state_file then
    return
  end
  local fresh = settings.state_file .. ".new"
  local file = assert(io.open(fresh, "w"))
  assert(file:write(json.encode(workspace.state), "\n"))
  assert(file:close())
  assert(os.rename(fresh, settings.state_file))
end

return M
