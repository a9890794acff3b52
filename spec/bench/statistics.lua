--- Medians, and whether goals hold. Pure.

local M = {}

--- The middle of a list, of two the mean; nil where it is empty.
---@param list number[]
---@return number|nil
function M.median(list)
  local sorted = { (unpack or table.unpack)(list) }
  table.sort(sorted)
  local low, high = sorted[math.floor((#sorted + 1) / 2)], sorted[math.ceil((#sorted + 1) / 2)]
  return low and (low + high) / 2
end

--- What is derived from one measurement.
local function derive(sample)
  return {
    rate = sample.requests / sample.seconds,
    cpu_us = sample.cpu_seconds / sample.requests * 1e6,
    peak_kib = sample.peak_kib,
  }
end

--- A row's samples as one: medians of what is derived from each, and how far the rates
--- were apart.
---@param samples table[]
---@return table|nil { rate, cpu_us, peak_kib, slowest, fastest, rounds = what is derived from each };
--- nil without samples
function M.summarise(samples)
  if #samples == 0 then
    return nil
  end
  local lists, rounds = { rate = {}, cpu_us = {}, peak_kib = {} }, {}
  for i, sample in ipairs(samples) do
    rounds[i] = derive(sample)
    for name, value in pairs(rounds[i]) do
      lists[name][i] = value
    end
  end
  local summary = {}
  for name, list in pairs(lists) do
    summary[name] = M.median(list)
  end
  table.sort(lists.rate)
  summary.slowest, summary.fastest = lists.rate[1], lists.rate[#samples]
  summary.rounds = rounds
  return summary
end

--- A goal's value; nil if a part of it was not measured. Of two rows that were measured in the same
--- rounds, the median of all rounds: the machine drifts less within a round than between two.
---@param goal bench.Goal
---@param summaries table<string, table> by row
---@param figures table<string, number>
---@return number|nil
function M.value(goal, summaries, figures)
  if not goal.figure then
    return figures[goal.of]
  end
  local of, other = summaries[goal.of], summaries[goal.over or goal.less]
  if not of or not other then
    return nil
  end
  local values = {}
  for i = 1, math.min(#of.rounds, #other.rounds) do
    local a, b = of.rounds[i][goal.figure], other.rounds[i][goal.figure]
    values[i] = goal.over and a / b or a - b
  end
  return M.median(values)
end

---@param goal bench.Goal
---@param value number|nil
---@return "holds"|"missed"|"not measured"
function M.verdict(goal, value)
  if not value then
    return "not measured"
  end
  local low = goal.at_least and value < goal.at_least
  local high = goal.at_most and value > goal.at_most
  return (low or high) and "missed" or "holds"
end

return M
