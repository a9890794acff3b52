--- `make faults`: the table of faults, one line a case, with what was seen. With numbers of
--- rows as arguments, these alone.

local faults = require "spec.proof.faults.table"

local wanted = {}
for _, number in ipairs(arg) do
  wanted[tonumber(number)] = true
end

local function tell(fault, holds, seen, kind)
  print(
    ("%2d  %-6s  %-55s %-36s %s%s"):format(
      fault.number,
      fault.by.name,
      fault.name,
      fault.expected,
      tostring(seen),
      holds and "" or "  <-- WRONG" .. (kind and " (" .. kind .. ")" or "")
    )
  )
  io.stdout:flush()
end

local cases, good = 0, 0
local rows, good_rows = {}, {} -- by number; a row is as good as its worst case
for _, fault in ipairs(faults.list) do
  if not arg[1] or wanted[fault.number] then
    local ok, seen, kind = pcall(fault.run, fault.by)
    local holds = ok and faults.holds(fault, seen, kind)
    tell(fault, holds, seen, kind)
    cases, good = cases + 1, good + (holds and 1 or 0)
    rows[fault.number] = true
    good_rows[fault.number] = holds and good_rows[fault.number] ~= false
  end
end
require("spec.support.servers.tls").remove()

local row_count, good_count = 0, 0
for number in pairs(rows) do
  row_count, good_count = row_count + 1, good_count + (good_rows[number] and 1 or 0)
end
print(("cases %d/%d"):format(good, cases))
print(("faults %d/%d"):format(good_count, row_count))
os.exit(good == cases and 0 or 1)
