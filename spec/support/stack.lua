--- Runs functions near the end of the stack, so that a call in them raises.

local unpack = table.unpack or unpack -- luacheck: ignore

local M = {}

local MAX_DEPTH = 100000 -- no Lua has room for so many wide calls
local WIDTH = 200 -- places of a wide call: with fewer, the end is very many calls away
local LEFT = 300 -- wide calls that are left for the last narrow ones
local LAST = 40 -- narrow calls before the end: with fewer left, even a small function raises

local function descend(depth, f, ...)
  if depth == 0 then
    f()
    return 0
  end
  return 1 + descend(depth - 1, f, ...) -- no tail call
end

--- The least depth at which a function that does nothing is not reached.
local function find_end(most, ...)
  local good, bad = 0, most
  while bad - good > 1 do
    local middle, is_reached = math.floor((good + bad) / 2), false
    pcall(descend, middle, function()
      is_reached = true
    end, ...)
    if is_reached then
      good = middle
    else
      bad = middle
    end
  end
  return bad
end

--- Run cases near the end of the stack, a little nearer each time. Some Luas count calls, and others
--- the places that calls take.
---@param cases table[] { prepare = fun(), run = fun(), check = fun(is_done: boolean) }: `run` may not
--- get to its end
---@return table<boolean, true> seen whether one got to its end, and whether one did not
function M.near_the_end(cases)
  local seen, wide = {}, { unpack({}, 1, WIDTH) }
  local function try(case, depth, places)
    local is_done = false
    case.prepare()
    pcall(descend, depth, function()
      case.run()
      is_done = true
    end, unpack(wide, 1, places))
    case.check(is_done)
    seen[is_done] = true
  end
  local function try_all()
    local last = find_end(MAX_DEPTH)
    for depth = last - LAST, last do
      for places = 0, 4, 2 do
        for _, case in ipairs(cases) do
          try(case, depth, places)
        end
      end
    end
  end
  descend(find_end(MAX_DEPTH, unpack(wide, 1, WIDTH)) - LEFT, try_all, unpack(wide, 1, WIDTH))
  return seen
end

return M
