--- `make faults`: the table of faults, one line a row, with what was seen.

local faults = require "spec.support.faults"

local good = 0
for _, fault in ipairs(faults.list) do
  local ok, seen, kind = pcall(fault.run, fault.by)
  local holds = ok and seen == fault.expected and (not fault.kind or fault.kind == kind)
  good = good + (holds and 1 or 0)
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
end
require("spec.support.tls").remove()
print(("faults %d/%d"):format(good, #faults.list))
os.exit(good == #faults.list and 0 or 1)
