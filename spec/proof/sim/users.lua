--- What the user's own functions do to the client: next to nothing, or nearly anything.

local M = {}

local DEEPEST, MOST_CALLS = 3, 60

-- ---- calls that are not of a bulk run

local function new_arguments(process, op)
  process.singles = process.singles + 1
  local name = ("s%d-%d"):format(process.number, process.singles)
  return {
    resource_id = name,
    resource_type = "voice",
    user_email = op ~= "get" and "a@example.com" or nil,
    role = op == "share" and "editor" or nil,
  }
end

local OPERATIONS = { "unshare", "unshare", "share", "get", "connect" }

local function draw_operation(process)
  return process.world.random:pick(OPERATIONS)
end

--- Options of a call of its own, in place of the client's.
local function draw_options(random)
  return {
    deadline_ms = random:chance(0.2) and random:spread(20, 60000) or nil,
    max_attempts = random:chance(0.2) and random:int(1, 6) or nil,
  }
end

--- Begin a call that nobody may ever ask for.
function M.start(process)
  if process.singles >= MOST_CALLS then
    return nil
  end
  local op = draw_operation(process)
  local args, options = new_arguments(process, op), draw_options(process.world.random)
  local key = op == "connect" and "connect" or process.key_of(args)
  process.watch.most_attempts[key] = options.max_attempts
  local due_ms = process.world.now + (options.deadline_ms or process.plan.deadline_ms or math.huge)
  local call, err = process.client:start(op, args, options)
  if not call then
    process.watch:outcome(key, nil, err)
    return nil
  end
  local entry = { call = call, key = key, op = op, due_ms = due_ms }
  if op ~= "connect" then
    table.insert(process.calls, entry)
  end
  return entry
end

--- Make a call and wait for its end.
function M.call(process)
  local entry = M.start(process)
  if not entry then
    return
  end
  local _, err = entry.call:result()
  local why = not entry.call:done() and err.message
  if why then
    return process.watch:fail("broken", "a call's result is there before its end: %s", why)
  end
  if entry.op ~= "connect" then
    entry.is_told = true
    process.watch:outcome(entry.key, not err and entry.call.ending or nil, err)
  end
end

-- ---- actions

local ACTIONS = { start = M.start, call = M.call }

function ACTIONS.cancel(process)
  local random = process.world.random
  if #process.calls > 0 then
    random:pick(process.calls).call:cancel()
  end
end

function ACTIONS.step(process)
  process.client:step(0)
end

function ACTIONS.step_long(process)
  process.client:step(process.world.random:spread(1, 2000))
end

--- Not where the client blocks the host, who would have to come back to this.
function ACTIONS.sleep(process)
  if process.plan.driver == "blocking" then
    return
  end
  coroutine.yield(process.world.random:spread(1, 3000))
end

function ACTIONS.slow(process)
  process.world:spend(process.world.random:spread(1, 500))
end

function ACTIONS.raise()
  error("a defect of the user's", 0)
end

function ACTIONS.cancel_run(process)
  if #process.runs > 0 then
    process.world.random:pick(process.runs):cancel()
  end
end

function ACTIONS.close(process)
  process.client:close()
end

--- A key function that waits for a call of its own client keeps a place from it: with one
--- place that is for ever.
local function fits(where, action)
  return where ~= "api_key" or action ~= "call"
end

--- Do one of them.
function M.act(process, name)
  process.world:note("%s: %s", process.watch.current and process.watch.current.name or "?", name)
  ACTIONS[name](process)
end

--- Inside a function of the user's: the task's wait is not what is looked at.
local function inside(process, name)
  local waits = process.watch.current.waits
  local depth = #waits
  waits[depth + 1] = false
  process.depth = process.depth + 1
  local ok, why = pcall(M.act, process, name)
  process.depth = process.depth - 1
  for i = #waits, depth + 1, -1 do
    waits[i] = nil
  end
  if not ok then
    error(why, 0)
  end
end

--- A function of the user's was called: now and then it does something.
function M.meddle(process, where)
  local world, mischief = process.world, process.plan.functions[where]
  world:touch()
  if not mischief or #mischief.actions == 0 or process.depth >= DEEPEST then
    return
  elseif process.watch.current and world.random:chance(mischief.rate) then
    local action = world.random:pick(mischief.actions)
    if fits(where, action) then
      inside(process, action)
    end
  end
end

return M
