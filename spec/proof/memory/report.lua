--- `make memory`: what bulk runs and a reading pass keep in memory, against the goals.

local memory = require "spec.proof.memory.memory"
local sandboxes = require "spec.support.servers.sandbox"

local FEW, MANY, MOST = 1000, 100000, 1000000
local ID_BYTES = 64 -- for each id that is known, at the most

local missed = 0

--- One line; `goal` is the most that the value may be, where there is one.
local function tell(what, value, unit, goal)
  local over = goal and value > goal
  missed = missed + (over and 1 or 0)
  local line = ("%-68s %6.1f %s%s"):format(what, value, unit, goal and ", goal " .. goal or "")
  print(line .. (over and "  <-- MISSED" or ""))
  io.stdout:flush()
end

local function at_least(what, value, unit, goal)
  local under = value < goal
  missed = missed + (under and 1 or 0)
  local line = ("%-68s %6.2f %s, goal at least %s"):format(what, value, unit, goal)
  print(line .. (under and "  <-- MISSED" or ""))
  io.stdout:flush()
end

local function size_of(path)
  local file = assert(io.open(path))
  local size = file:seek "end"
  file:close()
  return size
end

local function more_kib(many, few)
  return math.max(0, many.peak_kib - few.peak_kib)
end

-- ---- without a journal: the same, however many items

local function compare(what, count, sandbox)
  local few = memory.measure(FEW, { sandbox = sandbox })
  local many = memory.measure(count, { sandbox = sandbox })
  tell(("%s, %d items: peak of the process"):format(what, FEW), few.peak_kib / 1024, "MiB")
  local text = ("%s, %d items: more at the peak"):format(what, count)
  tell(text, more_kib(many, few) / 1024, "MiB", 8)
end

compare("core that answers at once", MOST)
local sandbox = sandboxes.start()
compare("sandbox", MANY, sandbox)
sandbox:stop()

-- ---- with a journal: the resume set alone

local function tell_journal(count, few)
  local path = os.tmpname()
  local first = memory.measure(count, { journal = path })
  local resumed = memory.measure(count, { journal = path })
  assert(first.set_items == count and resumed.already_confirmed == count)
  local what = ("journal, %d items: "):format(count)
  tell(what .. "resume set", first.set_bytes / count, "bytes an item")
  tell(what .. "resume set while it grows", first.set_peak_bytes / count, "bytes an item", 64)
  for name, run in pairs { first = first, resumed = resumed } do
    local bytes = more_kib(run, few) * 1024 / (count - FEW)
    tell(("%swhole process, %s run"):format(what, name), bytes, "bytes an item", 64)
  end
  tell(what .. "file", size_of(path) / count, "bytes an item")
  os.remove(path)
end

local path = os.tmpname()
local few = memory.measure(FEW, { journal = path })
os.remove(path)
tell_journal(MANY, few)
tell_journal(MOST, few)

-- ---- a reading pass: the set of ids alone

local function read_workspace(count)
  local workspace = sandboxes.start("--resources", ("%d"):format(count))
  local cost = memory.measure_reading(workspace)
  workspace:stop()
  return cost
end

local function compare_readings(count)
  local empty, many = read_workspace(1), read_workspace(count)
  local what = ("reading pass, %d resources: "):format(many.listed)
  local set_mib = math.floor(ID_BYTES * many.ids / 1024 / 102.4) / 10
  tell(what .. "pages of lists", many.pages, "requests")
  tell(what .. "time", many.elapsed_ms / 1000, "s")
  local reads = (many.attempts - many.pages) / many.listed
  tell(what .. "beside them", reads, "requests a resource", 1.1)
  at_least(what .. "of the window in use", many.window_share, "", 0.95)
  tell(what .. "set of ids while it grows", many.set_peak_bytes / many.ids, "bytes an id", ID_BYTES)
  tell(what .. "more at the peak, and the set", more_kib(many, empty) / 1024, "MiB",
    8 + set_mib)
end

compare_readings(MANY)

print(missed == 0 and "memory pass" or ("memory fail: %d goals missed"):format(missed))
os.exit(missed == 0 and 0 or 1)
