--- `make torture`: memory that runs out at every point of every operation, on either side.
--- Arguments: every = only each so many-th point, then words that an operation's name has.

local runner = require "spec.proof.torture.runner"

local SHOWN = 5 -- complaints of one operation
local every, wanted = tonumber(arg[1]) or 1, arg[2] or ""
local sums = { points = 0, poisoned = 0, leaks = 0, good = 0 }

local function tell(side, name, result)
  local good = result.points - math.min(result.points, #result.complaints)
  print(
    ("OOM %s %s %d/%d poisoned %d leaks %d"):format(
      side,
      name,
      good,
      result.points,
      result.poisoned,
      result.leaks
    )
  )
  for i = 1, math.min(SHOWN, #result.complaints) do
    print("  " .. result.complaints[i])
  end
  io.stdout:flush()
  for _, field in ipairs { "points", "poisoned", "leaks" } do
    sums[field] = sums[field] + result[field]
  end
  sums.good = sums.good + good
end

for _, side in ipairs(runner.SIDES) do
  for _, operation in ipairs(runner.operations) do
    for _, io_mode in ipairs { "inline", "thread" } do
      local name = operation.name .. (io_mode == "thread" and " thread" or "")
      if name:find(wanted, 1, true) then
        tell(side, name, runner.torture(operation, { io = io_mode }, side, every))
      end
    end
  end
end

print(
  ("OOM %d/%d poisoned %d leaks %d"):format(sums.good, sums.points, sums.poisoned, sums.leaks)
)
os.exit(sums.good == sums.points and 0 or 1)
