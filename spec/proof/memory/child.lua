--- The child of memory.lua: one bulk run, and what it cost as a line of JSON. Arguments: "fake"
--- (a core that answers at once) or "sandbox", how many items, and a journal if there is to be
--- one.

local cjson = require "cjson"
local clients = require "spec.proof.memory.clients"

local server, count, journal = ...
count = tonumber(count)

--- The sandbox's one resource again and again; otherwise each item is another.
local function iterate()
  local form, number = server == "sandbox" and "voice_narrator" or "voice_%07d", 0
  return function()
    number = number + 1
    return number <= count
        and {
          resource_id = form:format(number),
          resource_type = "voice",
          user_email = "mia@example.com",
        }
      or nil
  end
end

local client = server == "sandbox" and clients.of_sandbox() or clients.of_fake()
local told, heap_kib = 0, nil
local run = assert(client:start_many("unshare", iterate(), {
  journal = journal,
  on_result = function()
    told = told + 1
    if told == count then -- while the run has all that it keeps
      collectgarbage()
      heap_kib = collectgarbage "count"
    end
  end,
}))
local cpu_seconds = os.clock()
local report = assert(run:result())
cpu_seconds = os.clock() - cpu_seconds
assert(report.confirmed == count, tostring(report))
local now, peak, items
if journal then
  now, peak, items = run.known_items.set:memory()
end
print(cjson.encode {
  peak_kib = clients.peak_kib(),
  heap_kib = heap_kib,
  cpu_seconds = cpu_seconds,
  set_bytes = now,
  set_peak_bytes = peak,
  set_items = items,
  already_confirmed = report.already_confirmed,
})
