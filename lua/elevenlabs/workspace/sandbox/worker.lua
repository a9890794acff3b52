--- The sandbox inside nginx: it reads settings, answers requests by the app, and writes the state.
--- There is one worker, and the model is in its memory.

local app = require "elevenlabs.workspace.sandbox.app"
local cjson = require "cjson.safe"
local faults = require "elevenlabs.workspace.sandbox.faults"
local json = require "elevenlabs.workspace.json"
local leaver = require "elevenlabs.workspace.sandbox.leaver"
local model = require "elevenlabs.workspace.sandbox.model"

local M = {}

local settings, workspace, service, gate
local collect_every -- requests

local function read_json(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return assert(cjson.decode(text))
end

local SIGQUIT, PR_SET_PDEATHSIG = 3, 1

--- The kernel sends SIGQUIT if the parent ends. So nginx's master ends with the command, and the
--- worker with the master. nginx.lua explains SIGQUIT.
function M.follow_parent()
  local ffi = require "ffi"
  if ffi.os == "Linux" then
    pcall(ffi.cdef, "int prctl(int option, ...)") -- in the worker it is declared already
    ffi.C.prctl(PR_SET_PDEATHSIG, ffi.new("unsigned long", SIGQUIT))
  end
end

local function first_state()
  local file = settings.state_file and io.open(settings.state_file)
  if file then
    file:close()
    return read_json(settings.state_file)
  end
  return settings.resources and leaver.state(settings.resources) or model.example()
end

--- At the worker's start.
---@param path string JSON: the settings that nginx.lua wrote
function M.init(path)
  settings = read_json(path)
  workspace = model.new(first_state())
  service = app.new(workspace, settings.resource_types, settings.forbid_list)
  -- LuaJIT hashes a few bytes of a long string, so answers that differ by a number alone collide.
  -- If thousands of old answers are not collected, each new one is compared with all of them. But
  -- to collect takes longer the more resources there are.
  collect_every = math.max(500, math.floor(#workspace.state.resources / 20))
  math.randomseed(ngx.now() * 1000 + ngx.worker.pid())
  settings.now, settings.random = ngx.now, math.random
  gate = faults.new(settings)
end

local function send(response, headers)
  ngx.status = response.status
  for _, list in ipairs { headers, response.headers } do
    for name, value in pairs(list) do
      ngx.header[name] = value
    end
  end
  ngx.header["content-length"] = #response.body
  ngx.print(response.body)
end

--- Answer one request after limits and faults.
---@param handle fun(): table the app's answer
local function answer(handle)
  local verdict = gate:enter()
  ngx.ctx.verdict = verdict -- for M.leave
  local delay_ms = settings.latency_ms + settings.jitter_ms * math.random()
  if delay_ms > 0 then
    ngx.sleep(delay_ms / 1000)
  end
  local response = verdict.apply and handle() or nil
  if verdict.close then
    return ngx.exit(444) -- over HTTP/2 this resets the stream, and others go on
  elseif verdict.refusal then
    response = service:refuse(verdict.refusal, response and response.headers["request-id"])
  end
  send(response, gate:headers(verdict))
end

--- For each request. If its body is too large, nginx calls M.too_large instead.
function M.serve()
  ngx.req.read_body()
  answer(function()
    local path, query = ngx.var.request_uri:match "^([^?]*)%??(.*)$"
    return service:handle({
      method = ngx.req.get_method(),
      path = path,
      query = query,
      headers = { ["xi-api-key"] = ngx.var.http_xi_api_key },
      body = ngx.req.get_body_data() or "",
    }, true)
  end)
end

--- For a body over nginx's limit, which is that of the app.
function M.too_large()
  answer(function()
    return service:too_large()
  end)
end

--- At each request's end. nginx calls this also if a handler failed or the client went away.
function M.leave()
  local verdict = ngx.ctx.verdict
  if verdict then
    gate:leave(verdict)
  end
  if service.requests % collect_every == 0 then
    collectgarbage()
  end
end

--- At the worker's end. The new file replaces the old one whole, so no reader sees a part.
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
