--- Random numbers that are the same for a seed on every Lua (L'Ecuyer's combined generator).

local M = {}

local Random = {}
Random.__index = Random

local A, B = 2147483563, 2147483399

---@param seed integer
function M.new(seed)
  local self = setmetatable({
    a = (seed * 7919 + 12345) % (A - 1) + 1,
    b = (seed * 104729 + 54321) % (B - 1) + 1,
  }, Random)
  for _ = 1, 8 do
    self:next() -- neighbouring seeds part
  end
  return self
end

---@return number in [0, 1)
function Random:next()
  self.a = self.a * 40014 % A
  self.b = self.b * 40692 % B
  return (self.a - self.b) % (A - 1) / (A - 1)
end

function Random:chance(probability)
  return self:next() < probability
end

---@return integer from `low` to `high`
function Random:int(low, high)
  return low + math.floor(self:next() * (high - low + 1))
end

--- A time or length, by orders of magnitude: as often near `low` as near `high`.
function Random:spread(low, high)
  return low * (high / low) ^ self:next()
end

function Random:pick(list)
  return list[self:int(1, #list)]
end

--- Bring a list into another order.
function Random:shuffle(list)
  for i = #list, 2, -1 do
    local j = self:int(1, i)
    list[i], list[j] = list[j], list[i]
  end
end

return M
