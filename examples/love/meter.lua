-- What the job took of each frame, in microseconds.

local M = {
  times = {}, -- while it removed
  idle_times = {}, -- while nothing was in flight
  first_connection = 0, -- the longest of the frames until there was a connection
}

--- Note a frame that began in this phase of the job.
function M.note(phase, us)
  if phase == "removing" then
    M.times[#M.times + 1] = us
  elseif phase == "idle" then
    M.idle_times[#M.idle_times + 1] = us
  else
    M.first_connection = math.max(M.first_connection, us)
  end
end

--- p50, p99 and the most.
local function percentiles(list)
  local sorted = {}
  for i, value in ipairs(list) do
    sorted[i] = value
  end
  table.sort(sorted)
  local function at(share)
    return sorted[math.ceil(#sorted * share)] or 0
  end
  return at(0.5), at(0.99), at(1)
end

function M.figures()
  local p50, p99, most = percentiles(M.times)
  local text = "frames %d p50 %.0f p99 %.0f max %.0f us, first connection %.0f us"
  return text:format(#M.times, p50, p99, most, M.first_connection)
end

function M.idle_figures()
  return ("idle %d p50 %.0f p99 %.0f us"):format(#M.idle_times, percentiles(M.idle_times))
end

return M
