--- `make faults PLANT=name`: the table of faults with that mutant planted, and the rows that
--- catch it. PLANT=all: for each mutant the rows that must; so every row is seen red.

local faults = require "spec.proof.faults.table"
local mutants = require "spec.proof.mutants.list"
local runner = require "spec.proof.mutants.runner"

--- The numbers of the table's rows, each once.
local function all_rows()
  local rows, known = {}, {}
  for _, fault in ipairs(faults.list) do
    if not known[fault.number] then
      known[fault.number] = true
      rows[#rows + 1] = fault.number
    end
  end
  table.sort(rows)
  return rows
end

---@param name string
---@return table[] plants { mutant, rows }
local function choose(name)
  local plants = {}
  for _, mutant in ipairs(mutants) do
    if name == "all" and mutant.rows then
      plants[#plants + 1] = { mutant = mutant, rows = mutant.rows }
    elseif mutant.name == name then
      plants[#plants + 1] = { mutant = mutant, rows = all_rows() }
    end
  end
  assert(plants[1], "there is no such mutant: " .. name)
  return plants
end

--- A line of the table for each case that is wrong.
local function print_wrong(row, out)
  local count = 0
  for line in out:gmatch "[^\n]*<%-%- WRONG[^\n]*" do
    print(line)
    count = count + 1
  end
  if count == 0 then
    print(("%2d  never came to its end"):format(row))
  end
end

local function print_plant(plant)
  table.sort(plant.caught)
  table.sort(plant.missed)
  local missed = plant.missed[1] and "; not by " .. table.concat(plant.missed, " ") or ""
  print(("%-66s caught by %s%s"):format(
    plant.mutant.name,
    plant.caught[1] and table.concat(plant.caught, " ") or "no row",
    #plant.missed < 10 and missed or ""
  ))
  io.stdout:flush()
end

--- Each row is a process of its own, since it may hang or crash.
local function job_of(plant, row, shows)
  return {
    name = plant.mutant.name,
    start = function(tree)
      tree:put(plant.mutant)
      return tree:start { "spec/proof/faults/report.lua", tostring(row) }
    end,
    ended = function(code, out)
      if code ~= 0 and shows then
        print_wrong(row, out)
      end
      table.insert(code ~= 0 and plant.caught or plant.missed, row)
      if #plant.caught + #plant.missed == #plant.rows then
        print_plant(plant)
      end
    end,
  }
end

local function play(plants, shows)
  local jobs = {}
  for _, plant in ipairs(plants) do
    plant.caught, plant.missed = {}, {}
    for _, row in ipairs(plant.rows) do
      jobs[#jobs + 1] = job_of(plant, row, shows)
    end
  end
  runner.play(jobs)
end

--- -> how many rows caught something, and whether each mutant's own did
local function count_caught(plants)
  local known, count, all = {}, 0, true
  for _, plant in ipairs(plants) do
    local own = {}
    for _, row in ipairs(plant.caught) do
      count = count + (known[row] and 0 or 1)
      known[row], own[row] = true, true
    end
    for _, row in ipairs(plant.mutant.rows or {}) do
      all = all and own[row] == true
    end
  end
  return count, all
end

local plants = choose(arg[1])
local is_all = arg[1] == "all"
play(plants, not is_all)
local caught, all = count_caught(plants)
local total = #all_rows()
print(("rows caught %d/%d"):format(caught, total))
require("spec.support.servers.tls").remove()
os.exit(all and (not is_all or caught == total) and 0 or 1)
