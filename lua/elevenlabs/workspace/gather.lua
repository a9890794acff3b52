--- Functions that run side by side over one client, whatever its driver. Each runs in a coroutine
--- of ours, which yields to us when it waits; the client's driver then waits for all of them at
--- once.

local manual = require "elevenlabs.workspace.driver.manual"
local resumed_by = require("elevenlabs.workspace.engine.waiters").resumed_by

local M = {}

local TURN_MS = 1 -- after this time a function that yielded by itself is resumed

--- A function's wait: yield to `M.run`, which resumes the function once `done` is true. A wait for
--- another client steps that client, and takes turns with the others.
local function wait_in(job, engine, done)
  if job.client.engine ~= engine then
    return manual.wait(engine, done)
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
    -- done: its condition while it waits; resumed: by `resume`; why: the driver cannot wait
    local job = { client = client, done = false, resumed = false, why = nil, results = false }
    function job.wait(engine, done)
      return wait_in(job, engine, done)
    end
    local thread = coroutine.create(function()
      job.results = pack(f())
    end)
    resumed_by[thread] = job
    live[i] = { thread = thread, job = job, index = i }
  end
  return live
end

--- True if the function may go on. If `done` raises, the function is resumed and sees the error.
local function is_ready(entry)
  local done = entry.job.done
  if not done or coroutine.status(entry.thread) == "dead" then
    return true
  end
  local ok, is_done = pcall(done)
  return is_done or not ok
end

--- Resume a function. -> what it returned or raised, if it has ended
local function resume(entry, why)
  local job, thread = entry.job, entry.thread
  job.done, job.resumed, job.why = false, true, why
  local _, raised = coroutine.resume(thread)
  if coroutine.status(thread) == "dead" then
    return job.results or pack(nil, raised)
  end
end

--- Resume the functions that are ready. -> those that have not ended
---@param why string|nil why there is no waiting: resume all
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

--- Wait until one of them is ready. -> nil, or why there is no waiting here
local function wait(engine, live)
  local turn_at = yields_by_itself(live) and engine.now() + TURN_MS
  if turn_at then
    engine:set_timer(live, turn_at)
  end
  return engine:wait(function()
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
