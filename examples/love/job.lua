-- The job: all that has to do with the network. It is a coroutine that the game resumes once a frame.

local workspace = require "elevenlabs.workspace"

local M = {
  phase = "connecting", -- "idle", "removing", "over"
  results = {}, -- by resource id: { confirmed, at }
  confirmed = 0,
  not_confirmed = 0,
  outcome = nil, -- at the end: the report as text, or the error
  failed = false,
}

local IN_FLIGHT = 16

--- assert wants text for its message in LuaJIT, and errors of the library only read as text.
local function must(value, err)
  return value or error(tostring(err), 0)
end

local function on_result(item, receipt)
  local count = receipt and "confirmed" or "not_confirmed"
  M[count] = M[count] + 1
  M.results[item.resource_id] = { confirmed = receipt ~= nil, at = love.timer.getTime() }
end

--- items: what to remove. idle_frames: so many frames pass between the connection and the run.
local function work(items, idle_frames)
  local client = must(workspace.new {
    driver = "manual", -- calls yield until they are done
    io = "thread", -- and a thread of the client's own does the rest
    max_concurrency = IN_FLIGHT,
    base_url = os.getenv "ELEVENLABS_BASE_URL", -- of a sandbox; nil: the service
    ca_file = os.getenv "ELEVENLABS_CA_FILE",
  })
  coroutine.yield() -- so far while the scene loads
  must(client:connect()) -- early, before anybody waits for it
  M.phase = "idle"
  for _ = 1, idle_frames do
    client:step(0)
    coroutine.yield()
  end
  M.phase = "removing"
  local report = must(client:unshare_many(items, { on_result = on_result }))
  client:close()
  return report
end

local thread

--- Begin the job, with its first part.
function M.start(items, idle_frames)
  thread = coroutine.create(work)
  M.frame(items, idle_frames)
end

--- The job's part of a frame. Does nothing once the job is over.
function M.frame(...)
  if M.phase == "over" then
    return
  end
  local ok, result = coroutine.resume(thread, ...)
  if coroutine.status(thread) == "dead" then
    M.phase, M.outcome, M.failed = "over", tostring(result), not ok
  end
end

return M
