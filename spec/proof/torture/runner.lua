--- Runs an operation again and again, each time with memory running out one allocation
--- later, until it needs no more.

local torture = require "spec.proof.torture.allocator"
local operations = require "spec.proof.torture.operations"

local M = {}

M.operations = operations
M.SIDES = { "lua", "c" }

local LONGEST_S = 60 -- a bound for what hangs
local DENSE = 12 -- points at the beginning that are never left out

local function pack(...)
  return { n = select("#", ...), ... }
end

--- LuaJIT (2.1.0-beta3) itself is lost where memory ends in a compiled trace: it crashes or
--- spins inside its own code. So its compiler is off while the Lua side fails.
local function set_compiler(side)
  local jit = rawget(_G, "jit")
  if jit then
    jit[side == "lua" and "off" or "on"]()
    jit.flush()
  end
end

--- -> how many allocations failed, whether it was able to raise, what it returned
local function run_armed(operation, world, side, n, once)
  local results = pack(torture.run(side, n, once, function()
    return operation.run(world)
  end))
  return results[1], results[2], results[3], results[4]
end

--- Once, with the n-th allocation failing, or all from there on. -> failed, complaint or nil
local function try(operation, options, side, n, once)
  torture.forget()
  local world = operation.prepare(options)
  local failed, ok, first, second = run_armed(operation, world, side, n, once)
  local fine, why = pcall(function()
    if not ok then
      operations.check_raised(first)
      first = nil
    end
    operation.check(world, first, second)
  end)
  if operation.clean then
    operation.clean(world)
  end
  return failed, not fine and tostring(why) or nil
end

local function settle()
  collectgarbage()
  collectgarbage()
  torture.settle()
end

--- As `try`, and what it left behind.
local function measure(operation, options, side, n, once)
  settle()
  local blocks, descriptors = torture.blocks(), torture.descriptors()
  local failed, complaint = try(operation, options, side, n, once)
  settle()
  local leaked = torture.blocks() - blocks
  local left = torture.descriptors() - descriptors
  local leak = (leaked ~= 0 or left ~= 0)
    and ("left %d blocks and %d descriptors"):format(leaked, left)
  return failed, complaint, leak or nil
end

---@param operation table of spec/proof/torture/operations.lua
---@param options table of the client: { io = nil }
---@param side "lua"|"c"
---@param every integer|nil only each so many-th point, after the first; default all
---@return table { points, poisoned, leaks, complaints }
function M.torture(operation, options, side, every)
  local result = { points = 0, poisoned = 0, leaks = 0, complaints = {} }
  local function note(point, what)
    result.complaints[#result.complaints + 1] = point .. ": " .. what
  end
  set_compiler(side)
  measure(operation, options, side, 0) -- what is made once, is
  for _, once in ipairs { false, true } do
    local n = 0
    repeat
      n = n + (n < DENSE and 1 or every or 1)
      local kind = once and "the %dth fails" or "all from the %dth on fail"
      local point = ("%s %s, %s"):format(side, operation.name, kind:format(n))
      torture.limit(LONGEST_S, point)
      local failed, complaint, leak = measure(operation, options, side, n, once)
      result.points = result.points + 1
      if complaint then
        result.poisoned = result.poisoned + 1
        note(point, complaint)
      end
      if leak then
        result.leaks = result.leaks + 1
        note(point, leak)
      end
    until failed == 0
  end
  torture.limit(0, "")
  return result
end

return M
