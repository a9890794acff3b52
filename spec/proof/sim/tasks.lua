--- The coroutines of a process: bulk runs, single calls, and those who disturb them.

local users = require "spec.proof.sim.users"

local M = {}

-- ---- bulk runs

--- The list as a run takes it. An iterator counts what it gave.
local function make_source(process, owner)
  if owner.source == "array" then
    return owner.items
  end
  owner.taken = 0
  return function()
    users.meddle(process, "source")
    local item = owner.items[owner.taken + 1]
    owner.taken = owner.taken + (item and 1 or 0)
    return item
  end
end

local function make_options(process, owner)
  local plan = process.plan
  return {
    journal = owner.journal,
    deadline_ms = plan.run_deadline_ms,
    max_concurrency = plan.run_concurrency,
    on_result = function(item, receipt, err)
      process.world:touch()
      process:check(process.watch.told, process.watch, owner, item, receipt, err)
      users.meddle(process, "on_result")
    end,
    on_progress = plan.progress and function()
      users.meddle(process, "on_progress")
    end or nil,
  }
end

local function end_run(process, owner, report, err)
  if not report then
    local form = "%s could not begin, but told of %d items: %s"
    if owner.count > 0 then
      process.watch:fail("broken", form, owner.name, owner.count, err.message)
    elseif process.plan.is_calm then
      process.watch:fail("lost", "%s could not begin: %s", owner.name, err.message)
    end
    return
  end
  process.world:note("%s: %s stopped: %s", owner.name, tostring(report), tostring(report.stopped))
  process.watch:report(owner, report)
  if process.plan.is_calm then
    process.watch:settled(owner, report)
  end
end

local function ask_twice(process, owner, run)
  process:spawn(owner.name .. " asked again", function()
    run:result()
  end)
end

--- A run over a list, from its beginning to its report.
function M.bulk(process, owner)
  owner.told, owner.count, owner.taken = {}, 0, nil
  if process.plan.shuffles then
    process.world.random:shuffle(owner.items)
  end
  local items = make_source(process, owner)
  local run, err = process.client:start_many(owner.op, items, make_options(process, owner))
  if not run then
    return end_run(process, owner, nil, err)
  end
  table.insert(process.runs, run)
  if process.plan.asks_twice then
    ask_twice(process, owner, run)
  end
  local report
  report, err = run:result()
  end_run(process, owner, report, err)
end

-- ---- others

local function pause(ms)
  if ms > 0 then
    coroutine.yield(ms)
  end
end

--- A few single calls, one after the other.
function M.single(process, plan)
  for _ = 1, plan.calls do
    pause(plan.pause_ms)
    users.call(process)
  end
end

--- Do one thing after some time.
function M.other(process, plan)
  pause(plan.after_ms)
  users.act(process, plan.what)
end

return M
