--- A group of calls: how they are sent again, and what their owner wants to know. The calls of a
--- bulk run are one group; the single calls of a client are another.

local M = {}

--- How a call is repeated, and what its owner wants to know. Calls of one kind share one.
---@class elevenlabs.workspace.Policy
---@field max_attempts integer
---@field counts_unsent boolean do attempts that reached nobody count?
---@field parks boolean waits out an outage; otherwise it gives up where the budget is empty
---@field confirms boolean asks once more where the key was refused
---@field started integer how many calls it has
---@field finished integer how many of them are done
---@field resting integer how many rest before they are sent again
---@field ended nil|table { first, last }: those that are done, until their owner takes them; a
--- chain by their `next_ended`, as a call's end must need no memory
---@field retries integer attempts of its calls that were followed by another
---@field stopped table|false { reason, message }: repeat nothing any more
---@field on_verdict nil|fun(verdict: table) told of each attempt's end

---@param fields table of elevenlabs.workspace.Policy
---@return elevenlabs.workspace.Policy
function M.new(fields)
  fields.started, fields.finished, fields.resting, fields.retries = 0, 0, 0, 0
  fields.stopped = false
  return fields
end

--- Calls that rest are counted by their policy.
function M.put_to_rest(call)
  call.state, call.policy.resting = "resting", call.policy.resting + 1
end

function M.get_up(call)
  call.policy.resting = call.policy.resting - 1
end

function M.put_ended(ended, call)
  if ended.last then
    ended.last.next_ended = call
  else
    ended.first = call
  end
  ended.last = call
end

return M
