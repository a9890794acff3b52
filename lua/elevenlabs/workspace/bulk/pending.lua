--- The pending calls of a bulk run: those that have not ended.

local M = {}

--- Add a call. The list has no order, so a call that leaves costs no move of all others.
---@param calls elevenlabs.workspace.Call[]
---@param call elevenlabs.workspace.Call
function M.add(calls, call)
  local place = #calls + 1
  calls[place], call.place = call, place
end

--- The last call takes the place of the removed one.
local function remove(calls, call)
  local count = #calls
  local last = calls[count]
  calls[call.place], last.place = last, call.place
  calls[count] = nil
end

--- Remove the calls that have ended. Empty `ended` first: a callback for one of these calls may end
--- more calls, which then form a new list.
---@param calls elevenlabs.workspace.Call[]
---@param ended table the call group's { first, last }
---@return elevenlabs.workspace.Call|false first the others follow by `next_ended`
function M.take_ended(calls, ended)
  local first = ended.first
  ended.first, ended.last = false, false
  local call = first
  while call do
    remove(calls, call)
    call = call.next_ended
  end
  return first
end

--- Cancel the calls that are queued or backing off.
function M.cancel_waiting(calls)
  for _, call in ipairs(calls) do
    if call.state ~= "in_flight" then
      call:cancel()
    end
  end
end

function M.cancel_all(calls)
  for _, call in ipairs(calls) do
    call:cancel()
  end
end

--- True if at least one call was attempted.
---@return boolean
function M.was_attempted(calls)
  for _, call in ipairs(calls) do
    if call.attempts > 0 then
      return true
    end
  end
  return false
end

return M
