--- `make crashes`: CRASHES times (200) kill -9, SEED for the same moments again.

local crashes = require "spec.proof.crashes.crashes"

local SHOWN = 10 -- of what is wrong, of either kind

local wanted = tonumber(os.getenv "CRASHES") or 200
local seed = tonumber(os.getenv "SEED") or os.time()
print(("seed %d"):format(seed))
io.stdout:flush()

local result = crashes.run(wanted, seed)
for _, list in ipairs { result.lost, result.false_confirmed } do
  for i = 1, math.min(#list, SHOWN) do
    print(list[i])
  end
end
print(("%d kills in %d rounds"):format(result.kills, result.rounds))
print(
  ("crashes %d lost %d false-confirmed %d"):format(
    result.crashes,
    #result.lost,
    #result.false_confirmed
  )
)
local good = result.crashes == wanted and #result.lost + #result.false_confirmed == 0
os.exit(good and 0 or 1)
