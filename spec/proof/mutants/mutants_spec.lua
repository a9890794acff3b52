-- `make mutants` puts all of them in.

local faults = require "spec.proof.faults.table"
local mutants = require "spec.proof.mutants.list"
local runner = require "spec.proof.mutants.runner"
local source = require "spec.proof.mutants.source"

local SLOW = os.getenv "SPEC_SLOW_MACHINE"
-- One in C, one that the table of faults finds, one in Lua.
local SOME = {
  "the second of two lengths is believed",
  "a connection that breaks is a refusal",
  "Retry-After may have any number of digits",
}

local function named(names)
  local found = {}
  for _, mutant in ipairs(mutants) do
    for _, name in ipairs(names) do
      found[#found + 1] = mutant.name == name and mutant or nil
    end
  end
  return found
end

describe("mutants", function()
  it("each have a name of their own, and change what stands once in its file", function()
    local names = {}
    for _, mutant in ipairs(mutants) do
      assert.is_nil(names[mutant.name], mutant.name)
      names[mutant.name] = true
      local text = source.read(mutant.file)
      assert.are_not.equal(text, source.with_bug(text, mutant), mutant.name)
    end
  end)

  it("turn each row of the table of faults red", function()
    local rows = {}
    for _, mutant in ipairs(mutants) do
      for _, row in ipairs(mutant.rows or {}) do
        rows[row] = true
      end
    end
    for _, fault in ipairs(faults.list) do
      assert.is_true(rows[fault.number], fault.number .. " " .. fault.name)
    end
  end)

  it("that change what is not there, or there twice, are errors", function()
    local mutant = { name = "of a spec", from = "a", to = "b" }
    assert.are.equal("xbx", source.with_bug("xax", mutant))
    assert.has_error(function()
      source.with_bug("x", mutant)
    end, "of a spec: the source does not hold: a")
    assert.has_error(function()
      source.with_bug("axa", mutant)
    end, "of a spec: the source holds twice: a")
  end)

  if not SLOW then
    it("are killed, and one that changes nothing survives", function()
      local some, ends = named(SOME), {}
      some[#some + 1] = {
        name = "harmless",
        file = "lua/elevenlabs/workspace/throttle/budget.lua",
        from = "local M = {}",
        to = "local M  = {}",
        by = "spec/unit/lua/throttle/budget_spec.lua",
      }
      runner.run(some, function(fate)
        ends[fate.mutant.name] = fate.how
      end, "spec")
      assert.are.equal("green", ends.harmless)
      for _, name in ipairs(SOME) do
        assert.are.equal("red", ends[name], name)
      end
    end)
  end
end)
