--- `make mutants`: one line a mutant, with the spec that killed it. MUTANT=name: that alone.

local all = require "spec.proof.mutants.list"
local runner = require "spec.proof.mutants.runner"

local function named(name)
  local found = {}
  for _, mutant in ipairs(all) do
    if name == "" or mutant.name == name then
      found[#found + 1] = mutant
    end
  end
  assert(found[1], "there is no such mutant: " .. name)
  return found
end

local ENDS = {
  red = "killed by %s",
  ["time-out"] = "killed by %s, which never ended",
  crash = "killed by %s, which crashed",
  green = "SURVIVED %s",
}

local function tell(fate)
  local mutant = fate.mutant
  local by = mutant.by .. (mutant.filter and (" (%s)"):format(mutant.filter) or "")
  local became = ENDS[fate.how]:format(by)
  print(("%-15s %-66s %s"):format(mutant.file:match "[^/]+$", mutant.name, became))
  io.stdout:flush()
end

local mutants = named(arg[1] or "")
local red = runner.check(mutants)
for _, text in ipairs(red) do
  print(text)
end
local killed = 0
runner.run(mutants, function(fate)
  killed = killed + (fate.how ~= "green" and 1 or 0)
  tell(fate)
end)
print(("killed %d/%d"):format(killed, #mutants))
os.exit(killed == #mutants and #red == 0 and 0 or 1)
