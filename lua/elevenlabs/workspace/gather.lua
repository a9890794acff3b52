--- Functions that run side by side over one client, whatever its driver.
---
--- Each runs in a coroutine of ours. Where one waits for the client it yields to us, and we
--- wait for all of them at once where we were called, as the client's driver does.

local manual = require "elevenlabs.workspace.driver.manual"

local M = {}

local TURN_MS = 1 -- how long one rests that yields by itself

-- By coroutine: { client, done = what it waits for or false, resumed = by us, why, results }.
local jobs = setmetatable({}, { __mode = "k" })

--- How the engine waits, everywhere.
---@param client elevenlabs.workspace.Client
---@param done fun(): boolean
---@return string|nil why not
function M.wait(client, done)
  local job = jobs[coroutine.running()]
  if not job then
    return client.driver.wait(client, done)
  elseif job.client ~= client then
    return manual.wait(client, done) -- by yielding, and so in turn with the others
  end
  job.done, job.resumed = done, false
  repeat
    coroutine.yield()
  until job.resumed
  return job.why
end

local function pack(...)
  return { n = select("#", ...), ... }
end

--- -> { thread, job, index } of each function, in order
local function begin(client, functions)
  local live = {}
  for i, f in ipairs(functions) do
    local job = { client = client, done = false, resumed = false, why = nil, results = false }
    local thread = coroutine.create(function()
      job.results = pack(f())
    end)
    jobs[thread] = job
    live[i] = { thread = thread, job = job, index = i }
  end
  return live
end

--- Does it wait for nothing any more? Where `done` raises, that is for its function to see.
local function is_ready(entry)
  local done = entry.job.done
  if not done or coroutine.status(entry.thread) == "dead" then
    return true
  end
  local ok, is_done = pcall(done)
  return is_done or not ok
end

--- -> what it returned or raised, once it has ended
local function resume(entry, why)
  local job, thread = entry.job, entry.thread
  job.done, job.resumed, job.why = false, true, why
  local _, raised = coroutine.resume(thread)
  if coroutine.status(thread) == "dead" then
    return job.results or pack(nil, raised)
  end
end

--- Resume all that are ready; where there is no waiting, all. -> those that have not ended
local function turn(live, results, why)
  local others = {}
  for _, entry in ipairs(live) do
    local ended = (why or is_ready(entry)) and resume(entry, why)
    if ended then
      results[entry.index] = ended
    else
      others[#others + 1] = entry
    end
  end
  return others
end

local function yields_by_itself(live)
  for _, entry in ipairs(live) do
    if not entry.job.done then
      return true
    end
  end
  return false
end

--- Wait until one is ready. -> nil, or why that is not possible here
local function wait(engine, live)
  local turn_at = yields_by_itself(live) and engine.now() + TURN_MS
  if turn_at then
    engine:set_timer(live, turn_at)
  end
  return engine.wait(function()
    if turn_at then
      return engine.now() >= turn_at
    end
    for _, entry in ipairs(live) do
      if is_ready(entry) then
        return true
      end
    end
    return false
  end)
end

local function check(client, functions)
  if type(client) ~= "table" or type(client.engine) ~= "table" then
    error("workspace.gather takes a client, got " .. type(client), 3)
  elseif type(functions) ~= "table" then
    error("workspace.gather takes an array of functions, got " .. type(functions), 3)
  end
  for i = 1, #functions do
    if type(functions[i]) ~= "function" then
      error(("function %d to gather is a %s"):format(i, type(functions[i])), 3)
    end
  end
end

--- See `workspace.gather`.
---@param client elevenlabs.workspace.Client
---@param functions function[]
---@return table[]
function M.run(client, functions)
  check(client, functions)
  local live, results = begin(client, functions), {}
  live = turn(live, results) -- each until it waits
  while #live > 0 do
    local why = wait(client.engine, live)
    live = turn(live, results, why)
  end
  return results
end

return M
