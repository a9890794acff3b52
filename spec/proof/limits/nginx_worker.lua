--- A worker of nginx, over cosockets. It runs in a timer, for as long as the watcher is there.

local core = require "elevenlabs.workspace.core"
local ngx = require "ngx"
local semaphores = require "ngx.semaphore"
local workers = require "spec.proof.limits.worker"

local M = {}

--- Talk to the watcher, and count its answers.
local function serve(parts, places)
  local socket, woken = ngx.socket.tcp(), semaphores.new()
  socket:settimeout(60000)
  assert(socket:connect("unix:" .. parts.watcher))
  local worker = workers.new(places, function()
    assert(socket:send "+")
  end, parts.maximum)
  ngx.thread.spawn(function()
    while true do
      woken:wait(math.max(0.001, worker:look() / 1000))
    end
  end)
  repeat
    local answers = socket:receiveany(4096)
    worker:ended(#(answers or ""))
    woken:post()
  until not answers
end

--- Begin, in init_worker_by_lua.
---@param limit elevenlabs.workspace.Limit
---@param parts table { watcher, maximum, attempt_ms, beat_ms }
function M.start(limit, parts)
  local places = limit:join {
    now = core.now,
    random = core.random,
    max_concurrency = 1000,
    attempt_timeout_ms = parts.attempt_ms,
    heartbeat_ms = parts.beat_ms,
  }
  assert(ngx.timer.at(0, function()
    serve(parts, places)
    os.exit(0)
  end))
end

return M
