--- What memory runs out in: each prepares a world of its own, runs one thing in it, and tells
--- what of its outcome is not true or does not work any more.

local core = require "elevenlabs.workspace.core"
local journals = require "elevenlabs.workspace.bulk.journal"
local torture = require "spec.proof.torture.allocator"
local workspace = require "elevenlabs.workspace"

local M = {}

local LONGEST_STEP_MS = 20000 -- a bound, never a delay
local MOST_STEPS = 1000
local OUTCOMES = { confirmed = true, refused = true, unconfirmed = true, not_sent = true }

--- No rest before an attempt is repeated.
function core.random()
  return 0
end

local BASE_URL = ("http://127.0.0.1:%d"):format(torture.listen())

local LONG_KEY = "sk_torture" .. ("x"):rep(100) -- so that its header line has to grow

local function args_of(id, op)
  return {
    resource_id = id,
    resource_type = "voice",
    user_email = "leaver@example.com",
    role = op == "share" and "viewer" or nil,
  }
end

local function new_client(options)
  local all = { base_url = BASE_URL, api_key = LONG_KEY, driver = "blocking" }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return assert(workspace.new(all))
end

-- ---- what must be true afterwards

local function check(truth, message, ...)
  if not truth then
    error(message:format(...), 0)
  end
end

--- An error that was raised is that of memory, and not what half a change led to.
local function check_raised(why)
  check(tostring(why):lower():find("memory", 1, true), "it raised: %s", tostring(why))
end

--- What was told of an item, against what the server knows of it.
local function check_outcome(id, result)
  local seen, confirmed = torture.seen(id)
  check(type(result) == "table" and OUTCOMES[result.outcome], "%s has no outcome", id)
  if result.outcome == "confirmed" then
    check(confirmed > 0, "%s was confirmed falsely", id)
  elseif result.outcome == "not_sent" then
    check(seen == 0, "%s was sent, and is said not to have been: %s", id, tostring(result))
  elseif result.outcome == "refused" then
    check(id:find "^no", "%s is said to have been refused: %s", id, tostring(result))
  end
end

--- Let everything end that an error left under way.
local function drain(client)
  for _ = 1, MOST_STEPS do
    local stats = client:stats()
    if stats.waiting + stats.in_flight == 0 then
      return
    end
    client:step(LONGEST_STEP_MS)
  end
  error("calls that never end", 0)
end

local function check_works(client, what)
  local _, before = torture.seen "fine"
  local receipt, err = client:unshare(args_of "fine")
  local _, after = torture.seen "fine"
  check(receipt and after == before + 1, "%s does not work: %s", what, tostring(err))
end

--- The client that met it, and a new one.
local function check_usable(client)
  drain(client)
  check_works(client, "the same client")
  client:close()
  client = new_client()
  check_works(client, "a new client")
  client:close()
end

-- ---- one call

local function add(name, operation)
  operation.name = name
  M[#M + 1] = operation
end

add("new", {
  prepare = function(options)
    return { options = options }
  end,
  run = function(world)
    return workspace.new {
      base_url = BASE_URL,
      api_key = "sk_torture",
      driver = "blocking",
      io = world.options.io,
      ca_file = "spec/proof/torture/authority.pem",
      user_agent = "torture",
    }
  end,
  check = function(_, client, err)
    check(not err or err.kind == "out_of_memory", "no client: %s", tostring(err))
    if client then
      check_usable(client)
    end
  end,
})

add("new with a proxy", {
  prepare = function(options)
    return { options = options }
  end,
  run = function(world)
    return workspace.new {
      base_url = "https://127.0.0.1:1",
      api_key = LONG_KEY,
      driver = "blocking",
      io = world.options.io,
      proxy = BASE_URL,
    }
  end,
  check = function(_, client, err)
    check(not err or err.kind == "out_of_memory", "no client: %s", tostring(err))
    if client then
      client:close()
    end
  end,
})

add("validate", {
  prepare = function(options)
    return { client = new_client(options) }
  end,
  run = function(world)
    return world.client:unshare { resource_id = "a/b", resource_type = "voice" }
  end,
  check = function(world, _, err)
    check(err == nil or err.kind == "invalid_argument", "not invalid: %s", tostring(err))
    check_usable(world.client)
  end,
})

--- A call whose handle is there, and one that only returns its result.
local function add_call(name, op, id)
  add(name, {
    prepare = function(options)
      return { client = new_client(options), call = false, receipt = false, err = false }
    end,
    run = function(world)
      world.call = world.client:start(op, args_of(id, op)) or false
      if world.call then
        return world.call:result()
      end
      return world.client[op](world.client, args_of(id, op))
    end,
    check = function(world, receipt, err)
      drain(world.client)
      if receipt or err then
        check_outcome(id, receipt or err)
      end
      if world.call then
        check(world.call:done(), "the call is not done")
        receipt, err = world.call:result()
        check_outcome(id, receipt or err)
      end
      local seen = torture.seen(id)
      check(op ~= "share" or seen <= 1, "a share was sent %d times", seen)
      check_usable(world.client)
    end,
  })
end

add_call("unshare", "unshare", "ok")
add_call("retry", "unshare", "busy")
add_call("resend", "unshare", "drop")
add_call("share", "share", "ok")

add("refuse a key", {
  prepare = function(options)
    local ask = function() return LONG_KEY end
    return { client = new_client { api_key = ask, io = options.io }, call = false }
  end,
  run = function(world)
    world.call = world.client:start("unshare", args_of("x" .. LONG_KEY)) or false
    return world.call and world.call:result()
  end,
  check = function(world, receipt)
    drain(world.client)
    check(not receipt and torture.seen("x" .. LONG_KEY) == 0, "the key was sent")
    local id = world.call and world.call.args.resource_id or ""
    check(not id:find(LONG_KEY, 1, true), "the call that was refused holds the key")
    check_usable(world.client)
  end,
})

add("list", {
  prepare = function(options)
    local args = {
      path = { "v1", "agents", "a b", "branches" },
      query = { "page_size", "100", "cursor", ("c+"):rep(200) },
    }
    return { client = new_client(options), args = args, call = false }
  end,
  run = function(world)
    world.call = world.client.engine:start("list", world.args) or false
    return world.call and world.call:result()
  end,
  check = function(world, page, err)
    drain(world.client)
    if page or err then
      check(page or err.kind == "out_of_memory" or err.kind == "untrusted_response", "%s", err)
    end
    check(not world.call or world.call:done(), "the call is not done")
    check_usable(world.client)
  end,
})

add("connect", {
  prepare = function(options)
    return { client = new_client(options) }
  end,
  run = function(world)
    world.client:connect()
    return world.client:unshare(args_of "ok")
  end,
  check = function(world, receipt, err)
    drain(world.client)
    if receipt or err then
      check_outcome("ok", receipt or err)
    end
    check_usable(world.client)
  end,
})

add("close", {
  prepare = function(options)
    local client = new_client(options)
    local flying = client:start("unshare", args_of "hold")
    while torture.seen "hold" == 0 do
      client:step(1)
    end
    return { client = client, flying = flying, waiting = client:start("unshare", args_of "ok") }
  end,
  run = function(world)
    world.client:close()
  end,
  check = function(world)
    world.client:close()
    check(world.flying:done() and world.waiting:done(), "closing left calls")
    check(world.client:pollfd() == nil, "closing left a descriptor")
    for id, call in pairs { hold = world.flying, ok = world.waiting } do
      local receipt, err = call:result()
      check_outcome(id, receipt or err)
    end
    local client = new_client()
    check_works(client, "a new client")
    client:close()
  end,
})

-- ---- many

local IDS = { "ok1", "ok2", "no3", "busy4", "ok5" }

--- A run's items, with what it told of each: fields that are there need no memory.
local function new_told()
  local told = { items = {}, results = {}, times = {} }
  for i, id in ipairs(IDS) do
    told.items[i], told.results[id], told.times[id] = args_of(id), false, 0
  end
  function told.on_result(item, receipt, err)
    local id = item.resource_id
    told.results[id] = receipt or err
    told.times[id] = told.times[id] + 1
  end
  return told
end

local function check_told(told)
  for id, times in pairs(told.times) do
    check(times <= 1, "%s was told of %d times", id, times)
    if told.results[id] then
      check_outcome(id, told.results[id])
    end
  end
end

--- Nothing that was taken is missing from a report.
local function check_report(told, report)
  local sum = report.confirmed + report.refused + report.unconfirmed + report.not_sent
  check(report.total == sum, "a report of %d that sums to %d", report.total, sum)
  local count = 0
  for _, times in pairs(told.times) do
    count = count + times
  end
  local is_whole = report.stopped == "callback" or count == report.total
  check(is_whole, "told of %d of %d", count, report.total)
  check(report.exhausted or report.stopped, "it ended without a reason")
  check(not report.exhausted or report.total == #IDS, "%d items are lost", #IDS - report.total)
end

--- What is to be asked for again once an error was raised out of it.
local function end_run(world, report, err)
  if not report and not err and world.run then
    report, err = world.run:result()
    check(report or err.kind == "cancelled", "an error's run says: %s", tostring(err))
  end
  if report then
    check_report(world.told, report)
  end
  check_told(world.told)
end

add("bulk", {
  prepare = function(options)
    return { client = new_client(options), told = new_told(), run = false }
  end,
  run = function(world)
    local opts = { on_result = world.told.on_result, on_progress = function() end }
    local run, err = world.client:start_many("unshare", world.told.items, opts)
    world.run = run or false
    if not run then
      return nil, err
    end
    return run:result()
  end,
  check = function(world, report, err)
    end_run(world, report, err)
    check_usable(world.client)
  end,
})

-- ---- resuming a journal

--- The journal of a run that confirmed the first item, and was killed with the second on its
--- way.
local function killed_journal(op, items, path)
  local journal = assert(journals.open(path, { operation = op, base_url = BASE_URL }))
  for i = 1, 2 do
    if op == "share" then
      assert(journal:intend(items[i]))
    end
  end
  assert(journal:record(items[1], { outcome = "confirmed", status = 200 }))
  assert(journal:sync())
  journal:close()
end

local function resume_items(op)
  local told = new_told()
  for _, item in ipairs(told.items) do
    item.role = op == "share" and "viewer" or nil
  end
  return told
end

--- What a run without want of memory makes of the journal that one with it left.
local function check_resumed(world)
  local before = {}
  for _, id in ipairs(IDS) do
    before[id] = torture.seen(id)
  end
  local told, client = resume_items(world.op), new_client()
  local opts = { journal = world.path, on_result = told.on_result }
  local report, err = client:start_many(world.op, told.items, opts):result()
  check(report, "it cannot be resumed: %s", tostring(err))
  check(report.exhausted and not report.stopped, "resuming it stopped: %s", report.stop_message)
  check_report(told, report)
  check_told(told)
  for id, result in pairs(told.results) do
    check(result and result.outcome ~= "not_sent", "%s was not sent in the end", id)
    local first = world.told.results[id]
    if first and first.outcome == "confirmed" then
      check(result.outcome == "confirmed", "%s was confirmed, and not written down", id)
      check(torture.seen(id) == before[id], "%s was confirmed, and sent again", id)
    end
  end
  client:close()
end

--- What may have been applied by the run that was killed.
local function check_doubted(world)
  for _, id in ipairs(IDS) do
    local result = world.told.results[id]
    local is_doubted = world.op == "unshare" or id == "ok2"
    if result and is_doubted and id ~= "ok1" then
      check(result.outcome ~= "not_sent", "%s may have been sent: %s", id, tostring(result))
      check(result.outcome ~= "refused" or result.ambiguous, "%s: not ambiguous", id)
    end
  end
end

local function add_resume(op)
  add("resume " .. op, {
    prepare = function(options)
      local path = os.tmpname()
      os.remove(path)
      local told = resume_items(op)
      killed_journal(op, told.items, path)
      local client = new_client(options)
      return { client = client, told = told, run = false, path = path, op = op }
    end,
    run = function(world)
      local opts = { journal = world.path, on_result = world.told.on_result }
      local run, err = world.client:start_many(op, world.told.items, opts)
      world.run = run or false
      if not run then
        return nil, err
      end
      return run:result()
    end,
    check = function(world, report, err)
      torture.confirm "ok1" -- by the run before
      if not world.run then
        collectgarbage() -- the journal's lock goes with what nobody has
      end
      end_run(world, report, err)
      check_doubted(world)
      drain(world.client)
      check_resumed(world)
      check_usable(world.client)
    end,
    clean = function(world)
      os.remove(world.path)
    end,
  })
end

add_resume "unshare"
add_resume "share"

M.check_raised = check_raised

return M
