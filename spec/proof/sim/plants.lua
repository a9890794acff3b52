--- Of the bugs that are put into the product on purpose, those that the simulator must find.

local mutants = require "spec.proof.mutants.list"

---@class spec.proof.sim.Plant
---@field name string
---@field module string
---@field from string
---@field to string

---@type spec.proof.sim.Plant[]
local plants = {}

for _, mutant in ipairs(mutants) do
  if mutant.in_sim then
    plants[#plants + 1] = {
      name = mutant.name,
      module = mutant.file:match "workspace/(.+)%.lua$":gsub("/", "."),
      from = mutant.from,
      to = mutant.to,
    }
  end
end

return plants
