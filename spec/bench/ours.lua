--- A row of ours: the client as a user has it. Arguments as plain.c's; modes are "many",
--- "journal", "thread" and "journal-thread" (unshare_many), and "single" (one call after another).

local bench = require "spec.bench.child"
local workspace = require "elevenlabs.workspace"

local args = bench.arguments { ... }

local function new_client()
  local client, err = workspace.new {
    base_url = args.base_url,
    ca_file = args.ca_file,
    api_key = "sk_bench",
    max_concurrency = args.in_flight,
    io = args.mode:find "thread$" and "thread" or nil,
  }
  if not client and err.field == "io" then
    bench.skip 'this client has no io = "thread"'
  end
  return assert(client, tostring(err))
end

local function item(prefix, number)
  return {
    resource_id = ("%s_%07d"):format(prefix, number),
    resource_type = "voice",
    user_email = "leaver@example.com",
  }
end

local function iterate(prefix, count)
  local number = 0
  return function()
    number = number + 1
    return number <= count and item(prefix, number) or nil
  end
end

local client = new_client()

local function run_many(prefix, count, journal)
  local report = assert(client:unshare_many(iterate(prefix, count), { journal = journal }))
  assert(report.confirmed == count, tostring(report))
end

local function run_single(prefix, count)
  for number = 1, count do
    assert(client:unshare(item(prefix, number)))
  end
end

--- Until as many are in flight as may be: the window starts small and grows.
local function open_window()
  for _ = 1, 1000 do
    if client:stats().window >= args.in_flight then
      return
    end
    run_many("voice", 8 * args.in_flight)
  end
  error "the window does not open"
end

if args.mode == "single" then
  run_single("voice", args.warm_up)
  bench.measure(args, function()
    run_single(args.prefix, args.requests)
  end)
else
  run_many("voice", args.warm_up)
  open_window()
  local journal = args.mode:find "^journal" and bench.new_path() or nil
  bench.measure(args, function()
    run_many(args.prefix, args.requests, journal)
  end)
  if journal then
    os.remove(journal)
  end
end
client:close()
