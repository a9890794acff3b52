--- Puts mutants into copies of the tree, and sees whether a spec is red.

local process = require "spec.support.process"
local trees = require "spec.proof.mutants.tree"

local M = {}

local AT_A_TIME = 2

-- ---- several at a time

local function start_next(worker, jobs)
  worker.job = jobs[jobs.started + 1]
  if worker.job then
    jobs.started = jobs.started + 1
    worker.process = worker.job.start(worker.tree)
  end
end

local function take_ended(workers)
  for _, worker in ipairs(workers) do
    if worker.job and worker.process:ended() then
      return worker
    end
  end
end

--- Play jobs, each in the next tree that is free.
---@param jobs table[] { start = function(tree) -> process, ended = function(code, out) }
---@param name string|nil of the trees
function M.play(jobs, name)
  local workers = {}
  jobs.started = 0
  for i = 1, math.min(AT_A_TIME, #jobs) do
    workers[i] = { tree = trees.new((name or "") .. i) }
    start_next(workers[i], jobs)
  end
  for _ = 1, #jobs do
    local worker
    repeat
      process.run_until(function()
        worker = take_ended(workers)
        return worker
      end)
    until worker
    local code, out, err = worker.process:wait()
    assert(code ~= trees.NOT_BUILT, worker.job.name .. " cannot be built:\n" .. out .. err)
    worker.job.ended(code, out .. err)
    start_next(worker, jobs)
  end
end

-- ---- a spec, in a tree

local function start_spec(tree, by, filters)
  local arguments = {
    "spec/support/runner/run.lua",
    "--helper=spec/support/runner/helper.lua",
    "--output=spec/support/runner/output.lua",
    "--pattern=_spec",
    by,
  }
  for _, filter in ipairs(filters) do
    arguments[#arguments + 1] = "--filter=" .. filter
  end
  return tree:start(arguments)
end

--- How a spec ended: "green", "red", or what kept it from its last line, which is red too.
local function end_of(code, out)
  local passed = out:match "(%d+) passed, %d+ failed, %d+ skipped\n[^\n]*$"
  if code == 0 then
    assert(passed ~= "0", "no test has this name")
    return "green"
  elseif passed then
    return "red"
  end
  return (code == 124 or code == 137) and "time-out" or "crash"
end

---@class spec.proof.mutants.Fate
---@field mutant spec.Mutant
---@field how "green"|"red"|"time-out"|"crash" of the spec; "green": it survived

local function job_of(mutant, tell)
  return {
    name = mutant.name,
    start = function(tree)
      tree:put(mutant)
      return start_spec(tree, mutant.by, { mutant.filter })
    end,
    ended = function(code, out)
      tell { mutant = mutant, how = end_of(code, out) }
    end,
  }
end

--- Put each mutant into a tree of its own and run the spec that must be red.
---@param mutants spec.Mutant[]
---@param tell fun(fate: spec.proof.mutants.Fate)
---@param name string|nil of the trees
function M.run(mutants, tell, name)
  local jobs = {}
  for i, mutant in ipairs(mutants) do
    jobs[i] = job_of(mutant, tell)
  end
  M.play(jobs, name)
end

-- ---- without a mutant

--- Which tests of which specs, each once; none: all of them.
local function group(mutants)
  local specs, filters = {}, {}
  for _, mutant in ipairs(mutants) do
    local by = mutant.by
    if not filters[by] then
      specs[#specs + 1], filters[by] = by, {}
    end
    table.insert(filters[by], mutant.filter)
    filters[by].all = filters[by].all or not mutant.filter
  end
  return specs, filters
end

--- The same specs in a tree without a mutant, where they must be green.
---@param mutants spec.Mutant[]
---@return string[] red specs that are not, with what they say
function M.check(mutants)
  local specs, filters = group(mutants)
  local jobs, red = {}, {}
  for i, by in ipairs(specs) do
    jobs[i] = {
      name = by,
      start = function(tree)
        return start_spec(tree, by, filters[by].all and {} or filters[by])
      end,
      ended = function(code, out)
        if end_of(code, out) ~= "green" then
          red[#red + 1] = by .. " is red without a mutant:\n" .. out
        end
      end,
    }
  end
  M.play(jobs)
  return red
end

return M
