--- The pending calls of a bulk run: those that have not ended.

local M = {}

--- Add a call. What is held is in no order: the last takes the place of one that leaves.
function M.add(held, call)
  local place = #held + 1
  held[place], call.place = call, place
end

local function release(held, call)
  local count = #held
  local last = held[count]
  held[call.place], last.place = last, call.place
  held[count] = nil
end

--- The first of the calls that have ended, and by its chain the others: what is told of one may
--- let more end, which are not of this chain.
function M.take_ended(held, ended)
  local call = ended.first
  ended.first, ended.last = false, false
  local one = call
  while one do
    release(held, one)
    one = one.next_ended
  end
  return call
end

function M.cancel_waiting(held)
  for _, call in ipairs(held) do
    if call.state ~= "flying" then
      call:cancel()
    end
  end
end

function M.cancel_all(held)
  for _, call in ipairs(held) do
    call:cancel()
  end
end

---@return boolean
function M.was_attempted(held)
  for _, call in ipairs(held) do
    if call.attempts > 0 then
      return true
    end
  end
  return false
end

return M
