--- `make parts`: sixteen parts of 100,000 items, of which two are killed and run again.

local parts = require "spec.proof.parts.parts"

local PARTS, ITEMS, KILLS = 16, 100000, 2

local result = parts.run(PARTS, ITEMS, KILLS)
for _, text in ipairs(result.wrong) do
  print(text)
end
if result.report.code ~= 0 then
  print(result.report.said)
end
print(("%d parts of %d items, %d killed and run again"):format(PARTS, ITEMS, result.killed))
print(("parts lost %d twice %d"):format(result.lost, result.twice))
local good = result.lost + result.twice + #result.wrong + result.report.code == 0
os.exit(good and result.killed == KILLS and 0 or 1)
